// What is known of the incident besides its course: its calls, and the tickets of both platforms.

import { html } from "../vendor/htm-preact.mjs";
import { clock, day, nameOf, t, word } from "../core/i18n.js";
import { originOf } from "../core/origin.js";
import { mayUnseal, Secret, Unseal } from "../core/secret.js";

export const targetName = (directory, code) => nameOf(directory?.targets.find((one) => one.code === code)) || code;

export function Calls({ trace, directory }) {
  return html`<section class="card" aria-labelledby="calls-title"><h2 id="calls-title">${t("calls")}</h2>
    ${trace.calls.length === 0 && html`<p class="dim">${t("calls.none")}</p>`}
    ${trace.calls.map((call) => html`<article key=${call.call_id} class="fact ${call.danger ? "danger" : ""}" data-call=${call.call_id}>
      <p class="row tight"><strong class="mono">${call.call_id}</strong> <span class="mark info">${word("phase", call.phase)}</span>
        ${call.danger && html`<strong class="late">${t("do.danger")}</strong>`}${call.nuisance && html`<span class="mark warn">${t("nuisance")}</span>`}</p>
      <dl class="facts-list">
        <dt>${t("call.when")}</dt><dd>${day(call.arrived_at)} – ${call.ended_at === null ? "…" : clock(call.ended_at)}</dd>
        <dt>${t("call.from")}</dt><dd><span data-from>${originOf(call.caller)}</span> · ${t("call.dialled")} ${call.caller.dialled}</dd>
        <dt>${t("call.number")}</dt><dd>${call.caller.number ?? t(call.caller.presentation === "withheld" ? "withheld" : "unavailable")} <span class="dim">${word("verified", call.caller.verified)}</span></dd>
        <dt>${t("call.agent")}</dt><dd>${call.agent_id ?? "—"}</dd>
        <dt>${t("call.owner")}</dt><dd>${call.ownership.owner} <span class="dim">${call.ownership.settled ? word("settled", call.ownership.settled) : t("owner.open", { site: call.ownership.first_receiver })}</span></dd>
        ${call.note && html`<dt>${t("note.label")}</dt><dd class="prose" data-note>${call.note}</dd>`}
      </dl></article>`)}</section>`;
}

function Tries({ ticket, directory }) {
  if (ticket.attempts.length === 0) return null;
  return html`<dt>${t("ticket.tries")}</dt><dd><ul>${ticket.attempts.map((one) => html`<li key=${`${one.attempt_id} ${one.outcome}`}>
    ${clock(one.at)} ${one.by} → ${targetName(directory, one.target)}: ${word("outcome", one.outcome)} <span class="dim">${causes(one)}</span></li>`)}</ul></dd>`;
}

export const causes = ({ sip_code: code, cause }) => [
  code ? t("cause.sip", { code }) : "", cause ? t("cause.q850", { cause }) : "",
].filter(Boolean).join(" · ");

export function Tickets({ trace, directory, role, onUnseal }) {
  return html`<section class="card" aria-labelledby="tickets-title"><h2 id="tickets-title">${t("tickets")}</h2>
    ${trace.tickets.length === 0 && html`<p class="dim">${t("tickets.none")}</p>`}
    ${trace.tickets.map((one) => html`<article key=${one.ticket_id} class="fact ${one.danger ? "danger" : ""}" data-ticket=${one.ticket_id}>
      <p class="row tight"><strong>${one.ticket_id}</strong> <span class="mark info">${word("state", one.state)}</span>
        <span class="mark">${t("suggest.level", { level: one.level })}</span> <span class="mark">${word("choice.matter", one.matter)}</span>
        ${one.confidential && html`<${Secret} />`}</p>
      <dl class="facts-list">
        ${one.peer && html`<dt>${t("sort.platform")}</dt><dd data-linked>${t("ticket.peer", { peer: one.peer, ticket: one.peer_ticket_id ?? "…" })}
          ${one.peer_state && html` <span class="mark">${t("ticket.peer.state", { state: word("state", one.peer_state) })}</span>`}</dd>`}
        <dt>${t("form.category")}</dt><dd>${one.category || "—"}</dd>
        <dt>${t("owner")}</dt><dd>${one.owner} <span class="dim">${one.unit}</span></dd>
        ${one.deadlines.length > 0 && html`<dt>${t("ticket.due")}</dt><dd>${one.deadlines.map((due) => `${word("stage", due.stage)} ${day(due.due_at)}`).join(" · ")}</dd>`}
        ${one.summary && html`<dt>${t("ticket.form")}</dt><dd class="prose">${one.summary}</dd>`}
        ${one.peer_note && html`<dt>${t("note.peer")}</dt><dd class="prose" data-peer-note>${one.peer_note}</dd>`}
        <${Tries} ticket=${one} directory=${directory} />
      </dl>
      ${one.confidential && mayUnseal(role) && html`<${Unseal} ticket=${one} onUnseal=${(text) => onUnseal(one, text)} />`}</article>`)}</section>`;
}
