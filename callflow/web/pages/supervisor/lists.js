// Limits, call-backs, disputes, parts: lists to work through, worst first.

import { html } from "../vendor/htm-preact.mjs";
import { day, lasting, t, word } from "../core/i18n.js";
import { Table } from "../core/page.js";

const DAY_S = 86400;
const long = (seconds) => (seconds < DAY_S ? lasting(seconds)
  : t("limits.days", { count: Math.floor(seconds / DAY_S), rest: lasting(seconds % DAY_S) }));

// A card with a table, or one sentence when there is nothing.
function Listed({ name, heads, rows, children }) {
  return html`<section class="card" aria-labelledby=${`${name}-title`}><h2>${t(name)} <span class="dim">${rows || ""}</span></h2>
    ${rows === 0 ? html`<p class="dim" id=${`${name}-title`}>${t(`${name}.none`)}</p>`
      : html`<${Table} id=${`${name}-title`} caption=${t(name)} heads=${heads.map((one) => t(`${name}.${one}`))}>${children}</${Table}>`}</section>`;
}

export function Limits({ pressing, at }) {
  const tickets = pressing?.tickets ?? [];
  return html`<${Listed} name="limits" heads=${["ticket", "stage", "due", "left", "where"]} rows=${tickets.length}>${tickets.map((one) => html`
    <tr key=${one.ticket_id} class=${one.danger ? "alarm" : ""}><th scope="row"><a href=${`/trace#${one.incident_id}`}>${one.ticket_id}</a>
        <span class="mark">${word("state", one.state)}</span> <span class="mark">${t("suggest.level", { level: one.level })}</span></th>
      <td>${word("stage", one.stage)}</td><td class="nowrap">${day(one.due_at)}${one.assumed && html` <abbr title=${t("limits.assumed")}>*</abbr>`}</td>
      <td class=${one.due_at < at ? "late" : "near"}>${one.due_at < at ? t("limits.over", { time: long(at - one.due_at) }) : long(one.due_at - at)}</td>
      <td>${one.unit || one.peer || "—"}</td></tr>`)}</${Listed}>`;
}

export function Callbacks({ waiting, at }) {
  const found = waiting?.callbacks ?? [];
  return html`<${Listed} name="back" heads=${["number", "reason", "since", "by"]} rows=${found.length}>${found.map((one) => html`
    <tr key=${one.call_id} class=${one.danger ? "alarm" : ""}><th scope="row" class="nowrap">${one.number ?? t("unavailable")}</th>
      <td>${word("back.reason", one.reason)}</td><td>${long(at - one.queued_at)}</td><td>${one.claimed_by ?? "—"}</td></tr>`)}</${Listed}>`;
}

export function Disputes({ disputes }) {
  const found = disputes?.disputes ?? [];
  return html`<${Listed} name="disputes" heads=${["category", "region", "count", "waiting", "precedent"]} rows=${found.length}>${found.map((one) => html`
    <tr key=${`${one.category} ${one.region}`}><th scope="row">${one.category || "—"}</th><td>${one.region}</td><td>${one.disputes}</td>
      <td>${one.waiting.join(" ") || "—"}</td><td>${one.precedent ?? "—"}</td></tr>`)}</${Listed}>`;
}

export function Parts({ health }) {
  const found = health?.neighbours ?? [];
  return html`<${Listed} name="health" heads=${["name", "ok", "cause"]} rows=${found.length}>${found.map((one) => html`
    <tr key=${one.name} data-part=${one.name}><th scope="row">${one.name}</th>
      <td><span class="lamp ${one.ok ? "up" : "down"}">${t(one.ok ? "health.ok" : "health.missing")}</span></td><td>${one.cause ?? ""}</td></tr>`)}</${Listed}>`;
}
