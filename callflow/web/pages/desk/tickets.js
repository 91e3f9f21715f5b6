// The caller's tickets, and the one of this call: its form, its limits, sending it across.

import { html, useEffect } from "../vendor/htm-preact.mjs";
import { ask } from "../core/api.js";
import { day, t, word } from "../core/i18n.js";
import { Secret } from "../core/secret.js";
import { Act } from "./bar.js";
import { can } from "./can.js";
import { currentCall, ticketOf } from "./state.js";
import { Form, prefilled } from "./ticketform.js";

export async function fetchTicket(store, incidentId) {
  const said = await ask("POST", "/tickets/search", { incident_id: incidentId, limit: 1 });
  if (!said.ok) return;
  const [listed] = said.body.tickets;
  const known = store.state.tickets[incidentId];
  if (!listed || (listed.confidential && isSame(listed, known))) return;
  const ticket = listed.confidential ? await inWords(listed) : listed;
  if (ticket) store.change((now) => ({ tickets: { ...now.tickets, [incidentId]: ticket } }));
}

// What the ticket of a call on this page has become; a step of the other platform's is said, too.
export async function ticketMoved(store, incidentId) {
  if (!Object.values(store.state.calls).some((call) => call.incident_id === incidentId)) return;
  const before = store.state.tickets[incidentId];
  await fetchTicket(store, incidentId);
  const { peer, peer_state: state } = store.state.tickets[incidentId] ?? {};
  if (before && state && state !== before.peer_state) store.change({ said: t("say.peer.state", { peer, state: word("state", state) }) });
}

const isSame = (one, known) => known && ["ticket_id", "version", "changed_at", "confidential"].every((name) => one[name] === known[name]);

// In a list a confidential ticket has no words, and a form that was kept from there would wipe them out. Each reading is
// in the audit, so it is read again only when it has changed.
async function inWords(listed) {
  const said = await ask("GET", `/tickets/${listed.ticket_id}`);
  return said.ok ? said.body : null;
}

export function Earlier({ store }) {
  const { state } = store;
  const call = currentCall(state);
  const pop = call && state.pops[call.call_id];
  const own = call && state.tickets[call.incident_id];
  // the pop was right when it came; the ticket of this call has gone on since
  const tickets = (pop?.tickets ?? []).map((one) => (one.ticket_id === own?.ticket_id ? { ...own, note: own.note || one.note } : one));
  if (own && !tickets.some((one) => one.ticket_id === own.ticket_id)) tickets.unshift(own);
  const notes = (pop?.notes ?? []).filter((note) => note && note !== call.note);
  return html`<section class="card" aria-labelledby="earlier-title"><h2 id="earlier-title">${t("earlier")}</h2>
    ${notes.length > 0 && html`<div class="peer-note"><span class="label">${t("note.peer")}</span>${notes.map((note) => html`<p class="prose" data-peer-note>${note}</p>`)}</div>`}
    ${tickets.length === 0 && html`<p class="dim">${t("earlier.none")}</p>`}
    <ul class="tickets">${tickets.map((one) => html`<li key=${one.ticket_id} class=${one.danger ? "danger" : ""}>
      <p><strong>${one.ticket_id}</strong> ${call && one.incident_id === call.incident_id && html`<span class="mark info">${t("earlier.this")}</span>`}
        ${one.confidential && html`<${Secret} />`}
        <span class="mark">${word("state", one.state)}</span> <span class="dim">${day(one.opened_at)}</span></p>
      ${one.peer_ticket_id && html`<p class="dim">${t("ticket.linked", { ticket: one.peer_ticket_id })}</p>`}
      ${one.note && html`<p class="prose">${one.note}</p>`}</li>`)}</ul>
  </section>`;
}

function Across({ store, actions, call, ticket }) {
  const peer = store.state.targets.find((one) => one.sort === "platform");
  if (!peer) return null;
  const send = async (event) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get("text");
    const said = await actions.post(`/tickets/${ticket.ticket_id}/dispatch`, { platform: peer.code, text });
    if (said.ok) actions.say(t("ticket.sent"));
    await fetchTicket(store, call.incident_id);
  };
  return html`<form class="row across" onSubmit=${send}>
    <input id="dispatch-text" name="text" maxlength="4000" aria-label=${t("ticket.reason")} placeholder=${t("ticket.reason")} />
    <button>${t("ticket.dispatch", { peer: peer.code })}</button></form>`;
}

// A new ticket belongs to the call; one that is there takes the agent's judgement and words in one step. `isSecret`: it
// shall be confidential; one that came meanwhile is sealed first, so that its words are nobody else's for a moment either.
async function save({ store, actions, call, ticket }, fields, isSecret) {
  if (ticket && isSecret) {
    const sealed = await actions.post(`/tickets/${ticket.ticket_id}/seal`, {});
    if (!sealed.ok) return sealed;
    return save({ store, actions, call, ticket: { ...ticket, version: sealed.body.version } }, fields, false);
  }
  const filled = { ...fields, level: Number(fields.level), region: fields.region || undefined };
  const said = ticket
    ? await actions.post(`/tickets/${ticket.ticket_id}/relevel`, { ...filled, version: ticket.version })
    : await actions.post("/tickets", { ...filled, channel: "phone", danger: call.danger, call_id: call.call_id, confidential: isSecret });
  if (said.ok) actions.say(t("ticket.saved"));
  await fetchTicket(store, call.incident_id);
  return said;
}

function Sealer({ state, call, actions }) {
  const ticket = ticketOf(state, call);
  if (!ticket) return null;
  const unseals = can(state, "unseal", call);
  if (ticket.confidential && !unseals) return null;
  return html`<${Act} state=${state} action=${unseals ? "unseal" : "seal"} call=${call} onAct=${actions.seal} kind="small" />`;
}

export function Ticket({ store, actions }) {
  const { state } = store;
  const call = currentCall(state);
  const incident = call?.incident_id;
  useEffect(() => { if (incident && !state.tickets[incident]) fetchTicket(store, incident); }, [incident]);
  if (!call) return null;
  const ticket = state.tickets[incident];
  return html`<section class="card" aria-labelledby="ticket-title">
    <h2 id="ticket-title">${t("ticket.form")} <kbd aria-hidden="true">G</kbd> ${ticket && html`<span class="dim" data-ticket>${ticket.ticket_id}</span>`}
      ${ticket?.peer_ticket_id && html` <span class="mark info" data-linked>${t("ticket.linked", { ticket: ticket.peer_ticket_id })}</span>`}
      ${ticket?.peer_state && html` <span class="mark" data-peer-state=${ticket.peer_state}>${t("ticket.peer.state", { state: word("state", ticket.peer_state) })}</span>`}
      ${ticket?.confidential && html`<${Secret} />`}
      <${Sealer} state=${state} call=${call} actions=${actions} /></h2>
    ${ticket && html`<p class="row tight">${ticket.deadlines.map((one) => html`<span class="dim" key=${one.stage}>${t("ticket.due")} ${word("stage", one.stage)} ${day(one.due_at)}</span>`)}</p>`}
    ${!ticket && html`<p class="dim">${t("ticket.none")}</p>`}
    ${state.forms && html`<${Form} key=${call.call_id} fields=${state.forms.fields} categories=${state.forms.categories} call=${call} ticket=${ticket}
      before=${prefilled({ call, ticket, suggestion: state.suggestions[call.call_id]?.suggestion, note: state.drafts[call.call_id], categories: state.forms.categories })}
      onSave=${(fields, isSecret) => save({ store, actions, call, ticket }, fields, isSecret)} />`}
    ${ticket && html`<${Across} store=${store} actions=${actions} call=${call} ticket=${ticket} />`}
  </section>`;
}
