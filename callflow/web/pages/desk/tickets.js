// The caller's tickets, and the one of this call: its form, its limits, sending it across.

import { html, useEffect, useState } from "../vendor/htm-preact.mjs";
import { ask } from "../core/api.js";
import { day, t, word } from "../core/i18n.js";
import { currentCall, OVER } from "./state.js";

export async function fetchTicket(store, incidentId) {
  const said = await ask("POST", "/tickets/search", { incident_id: incidentId, limit: 1 });
  if (!said.ok) return;
  const [ticket] = said.body.tickets;
  if (ticket) store.change((now) => ({ tickets: { ...now.tickets, [incidentId]: ticket } }));
}

export function Earlier({ store }) {
  const { state } = store;
  const call = currentCall(state);
  const pop = call && state.pops[call.call_id];
  const own = call && state.tickets[call.incident_id];
  const tickets = [...(pop?.tickets ?? [])];
  if (own && !tickets.some((one) => one.ticket_id === own.ticket_id)) tickets.unshift(own);
  const notes = (pop?.notes ?? []).filter((note) => note && note !== call.note);
  return html`<section class="card" aria-labelledby="earlier-title"><h2 id="earlier-title">${t("earlier")}</h2>
    ${notes.length > 0 && html`<div class="peer-note"><span class="label">${t("note.peer")}</span>${notes.map((note) => html`<p class="prose" data-peer-note>${note}</p>`)}</div>`}
    ${tickets.length === 0 && html`<p class="dim">${t("earlier.none")}</p>`}
    <ul class="tickets">${tickets.map((one) => html`<li key=${one.ticket_id} class=${one.danger ? "danger" : ""}>
      <p><strong>${one.ticket_id}</strong> ${call && one.incident_id === call.incident_id && html`<span class="mark info">${t("earlier.this")}</span>`}
        <span class="mark">${word("state", one.state)}</span> <span class="dim">${day(one.opened_at)}</span></p>
      ${one.peer_ticket_id && html`<p class="dim">${t("ticket.linked", { ticket: one.peer_ticket_id })}</p>`}
      ${one.note && html`<p class="prose">${one.note}</p>`}</li>`)}</ul>
  </section>`;
}

const MATTERS = ["consult", "help", "suggestion", "complaint", "report"];

function fieldsOf(form) {
  const filled = new FormData(form);
  return { category: filled.get("category"), matter: filled.get("matter"), level: Number(filled.get("level")) };
}

function TicketForm({ store, actions, call, ticket }) {
  const { state } = store;
  const suggested = state.suggestions[call.call_id]?.suggestion;
  const [busy, setBusy] = useState(false);
  const save = async (event) => {
    event.preventDefault();
    const fields = fieldsOf(event.currentTarget);
    setBusy(true);
    const said = ticket
      ? await actions.post(`/tickets/${ticket.ticket_id}/relevel`, { ...fields, version: ticket.version })
      : await actions.post("/tickets", { ...fields, channel: "phone", summary: state.drafts[call.call_id] || t("note.label"), danger: call.danger });
    setBusy(false);
    if (said.ok) actions.say(t("ticket.saved"));
    await fetchTicket(store, said.ok ? said.body.incident_id : call.incident_id);
    if (said.ok && !ticket) store.change((now) => ({ tickets: { ...now.tickets, [call.incident_id]: now.tickets[said.body.incident_id] } }));
  };
  const send = async (event) => {
    event.preventDefault();
    const peer = state.targets.find((one) => one.sort === "platform")?.code;
    const text = new FormData(event.currentTarget).get("text");
    const said = await actions.post(`/tickets/${ticket.ticket_id}/dispatch`, { platform: peer, text });
    if (said.ok) actions.say(t("ticket.sent"));
    await fetchTicket(store, call.incident_id);
  };
  const peer = state.targets.find((one) => one.sort === "platform");
  return html`<div>
    <form class="fields" onSubmit=${save} key=${`${ticket?.ticket_id}.${ticket?.version}`}>
      <label>${t("ticket.category")}<select name="category" value=${ticket?.category || suggested?.category || ""}>
        <option value="">—</option>${(state.forms?.categories ?? []).map((one) => html`<option value=${one}>${one}</option>`)}</select></label>
      <label>${t("ticket.matter")}<select name="matter" value=${ticket?.matter ?? "help"}>${MATTERS.map((one) => html`<option value=${one}>${t(`matter.${one}`)}</option>`)}</select></label>
      <label>${t("ticket.level")}<select name="level" value=${String(ticket?.level ?? suggested?.level ?? 3)}>${[1, 2, 3].map((one) => html`<option value=${one}>${t("suggest.level", { level: one })}</option>`)}</select></label>
      <button disabled=${busy}>${t(ticket ? "ticket.save" : "ticket.new")}</button>
    </form>
    ${ticket && peer && html`<form class="row" onSubmit=${send}>
      <input id="dispatch-text" name="text" maxlength="4000" aria-label=${t("ticket.reason")} placeholder=${t("ticket.reason")} />
      <button>${t("ticket.dispatch", { peer: peer.code })}</button></form>`}
  </div>`;
}

export function Ticket({ store, actions }) {
  const { state } = store;
  const call = currentCall(state);
  const incident = call?.incident_id;
  useEffect(() => { if (incident && !state.tickets[incident]) fetchTicket(store, incident); }, [incident]);
  if (!call) return null;
  const ticket = state.tickets[incident];
  return html`<section class="card" aria-labelledby="ticket-title">
    <h2 id="ticket-title">${t("ticket.form")} ${ticket && html`<span class="dim" data-ticket>${ticket.ticket_id}</span>`}
      ${ticket?.peer_ticket_id && html` <span class="mark info" data-linked>${t("ticket.linked", { ticket: ticket.peer_ticket_id })}</span>`}</h2>
    ${ticket && html`<p class="row tight">${ticket.deadlines.map((one) => html`<span class="dim" key=${one.stage}>${t("ticket.due")} ${word("stage", one.stage)} ${day(one.due_at)}</span>`)}</p>`}
    ${!ticket && !OVER.has(call.phase) ? html`<p class="dim">${t("ticket.none")}</p>`
      : html`<${TicketForm} store=${store} actions=${actions} call=${call} ticket=${ticket} />`}
  </section>`;
}
