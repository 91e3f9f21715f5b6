// Counts and shares of the period: of tickets, of calls, of handovers.

import { html } from "../vendor/htm-preact.mjs";
import { t } from "../core/i18n.js";
import { Table } from "../core/page.js";

const SHARES = ["signed", "answered_in_time", "done_in_time", "returned", "called_back", "satisfied"];

export const percent = ({ share }) => (share === null ? "—" : `${(100 * share).toFixed(1)}%`);
const outOf = ({ counted, of }) => (of ? t("of", { counted, of }) : "");

// How long, in the two units that matter.
export function long(seconds) {
  if (seconds === null) return "—";
  const [whole, minutes, hours] = [Math.round(seconds), Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  if (seconds < 60) return t("long.seconds", { seconds: seconds < 10 ? Math.round(seconds * 10) / 10 : whole });
  if (hours < 1) return t("long.minutes", { minutes, seconds: whole - minutes * 60 });
  if (hours < 48) return t("long.hours", { hours, minutes: minutes - hours * 60 });
  return t("long.days", { days: Math.floor(hours / 24), hours: hours % 24 });
}

const Tile = ({ name, value, more }) => html`<li class="card tile" data-tile=${name}><span>${t(`figure.${name}`)}</span><strong>${value}</strong><span class="dim">${more}</span></li>`;

export function Tiles({ group }) {
  return html`<ul class="tiles"><${Tile} name="opened" value=${group.opened} />
    ${SHARES.map((name) => html`<${Tile} key=${name} name=${name} value=${percent(group[name])} more=${outOf(group[name])} />`)}
    <${Tile} name="supervised" value=${group.supervised} /></ul>`;
}

// A card with a table, or one sentence when there is nothing.
export function Listed({ name, heads, rows, none = "none", children }) {
  return html`<section class="card" aria-labelledby=${`${name}-title`}><h2 id=${`${name}-title`}>${t(name)}</h2>
    ${rows === 0 ? html`<p class="dim">${t(none)}</p>`
      : html`<${Table} id=${`${name}-table`} caption=${t(name)} heads=${heads}>${children}</${Table}>`}</section>`;
}

export function Groups({ groups }) {
  const heads = ["group", "opened", ...SHARES, "supervised"].map((one) => t(`figure.${one}`));
  return html`<${Listed} name="figure" heads=${heads} rows=${groups.length}>${groups.map((one) => html`
    <tr key=${one.group} data-group=${one.group}><th scope="row">${one.group || t("figure.nowhere")}</th><td>${one.opened}</td>
      ${SHARES.map((name) => html`<td key=${name}>${percent(one[name])} <span class="dim">${outOf(one[name])}</span></td>`)}<td>${one.supervised}</td></tr>`)}</${Listed}>`;
}

export function Stages({ stages }) {
  const rows = Object.entries(stages).filter(([, took]) => took.count > 0);
  const heads = ["stage", "count", "p50", "p95", "most"].map((one) => t(`stages.${one}`));
  return html`<${Listed} name="stages" heads=${heads} rows=${rows.length}>${rows.map(([name, took]) => html`
    <tr key=${name} data-stage=${name}><th scope="row">${t(`stage.${name}`)}</th><td>${took.count}</td><td>${long(took.p50_s)}</td><td>${long(took.p95_s)}</td><td>${long(took.most_s)}</td></tr>`)}</${Listed}>`;
}

export function Lines({ lines }) {
  const limits = lines[0]?.soon.map((one) => one.within_s) ?? [];
  const heads = [t("lines.number"), t("lines.answered"), ...limits.map((seconds) => t("lines.soon", { seconds })), t("lines.directly"), t("lines.covered"), t("lines.merge")];
  return html`<${Listed} name="lines" heads=${heads} rows=${lines.length} none="lines.none">${lines.map((one) => html`
    <tr key=${one.number} data-line=${one.number}><th scope="row">${one.number}</th><td>${percent(one.answered)} <span class="dim">${outOf(one.answered)}</span></td>
      ${one.soon.map((soon) => html`<td key=${soon.within_s}>${percent(soon.of_offered)}</td>`)}<td>${percent(one.answered_directly)}</td><td>${one.covered_hours}</td>
      <td>${one.to_merge ? html`<span class="mark warn">${t("lines.merge.yes")}</span>` : t("lines.merge.no")}</td></tr>`)}</${Listed}>`;
}

export function Handovers({ transfers }) {
  const facts = [
    ["begun", transfers.begun], ["joined", `${percent(transfers.joined)} ${outOf(transfers.joined)}`],
    ["kept_number", `${percent(transfers.kept_number)} ${outOf(transfers.kept_number)}`], ["lost", transfers.lost_after_answer],
    ["ring", long(transfers.ring.p95_s)], ["talk", long(transfers.talk.p95_s)],
  ];
  return html`<section class="card" aria-labelledby="handovers-title"><h2 id="handovers-title">${t("handovers")}</h2>
    <dl class="facts-list">${facts.map(([name, value]) => html`<dt>${t(`handovers.${name}`)}</dt><dd data-handovers=${name}>${value}</dd>`)}</dl></section>`;
}
