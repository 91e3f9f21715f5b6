// Sealing the ticket of the call that is on the screen: one key, and once more to confirm, because only a supervisor
// takes the mark off again.

import { html } from "../vendor/htm-preact.mjs";
import { t } from "../core/i18n.js";
import { Unseal } from "../core/secret.js";
import { can } from "./can.js";
import { currentCall, ticketOf } from "./state.js";
import { fetchTicket } from "./tickets.js";

export function makeSeal(store, { post, say }) {
  const ticketNow = () => ticketOf(store.state, currentCall(store.state));
  const open = (menu, ticket) => store.change({ menu, asking: null, sealing: ticket.ticket_id, said: t(`${menu}.ask`, { ticket: ticket.ticket_id }) });

  async function step(word, body) {
    const { ticket_id: id, incident_id: incident } = ticketNow();
    store.change({ menu: null });
    const said = await post(`/tickets/${id}/${word}`, body);
    if (said.ok) say(t(said.status === 202 ? "seal.later" : `${word}.done`, { ticket: id }));
    await fetchTicket(store, incident);
  }

  function seal() {
    const { state } = store;
    const ticket = ticketNow();
    if (!ticket) return say(t(currentCall(state) ? "seal.no_ticket" : "not.now"));
    if (can(state, "unseal", currentCall(state))) return open("unseal", ticket);
    if (ticket.confidential) return say(t("seal.is"));
    // the question was about this ticket, or it is asked anew: a call may have come between
    if (state.menu !== "seal" || state.sealing !== ticket.ticket_id) return open("seal", ticket);
    return step("seal", {});
  }

  function unseal(text) {
    if (ticketNow()?.ticket_id === store.state.sealing) return step("unseal", { text });
    return store.change({ menu: null, said: t("not.now") });
  }

  return { seal, unseal };
}

const Close = ({ actions }) => html`<button class="quiet" onClick=${actions.close}>${t("menu.close")} <kbd aria-hidden="true">Esc</kbd></button>`;

export function Sealing({ store, actions }) {
  const asked = t("seal.ask", { ticket: store.state.sealing });
  return html`<div class="sheet" role="alertdialog" aria-label=${asked}>
    <h2>${asked}</h2>
    <div class="row"><button class="act primary" data-act="seal-yes" onClick=${actions.seal}>${t("seal.yes")} <kbd aria-hidden="true">M</kbd></button>
      <${Close} actions=${actions} /></div></div>`;
}

export function Unsealing({ store, actions }) {
  const asked = t("unseal.ask", { ticket: store.state.sealing });
  return html`<div class="sheet" role="dialog" aria-label=${asked}>
    <h2>${asked}</h2>
    <${Unseal} ticket=${{ ticket_id: store.state.sealing }} onUnseal=${actions.unseal} isAsked />
    <${Close} actions=${actions} /></div>`;
}
