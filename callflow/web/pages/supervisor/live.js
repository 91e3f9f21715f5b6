// The calls that live now and the agents who answer them.

import { html, useState } from "../vendor/htm-preact.mjs";
import { ask } from "../core/api.js";
import { clock, lasting, nameOf, t, word } from "../core/i18n.js";
import { Duty, dutyOf } from "../core/duty.js";
import { Table } from "../core/page.js";
import { SITE_NAMES, told as problemOf } from "../core/shell.js";
import { agents, calls } from "./counts.js";

const numberOf = (call) => call.caller.number ?? t(call.caller.presentation === "withheld" ? "withheld" : "unavailable");
const targetName = (told, code) => nameOf(told.directory?.targets.find((one) => one.code === code)) || code;

function How({ told, call }) {
  const live = call.attempts.filter((one) => one.ended_at === null);
  return live.map((one) => html`<div key=${one.attempt_id}>${word("kind", one.kind)} → ${targetName(told, one.target)} <span class="mark ${one.joined_at !== null ? "good" : "warn"}">${t(one.joined_at !== null ? "target.in" : one.consulting_at !== null ? "target.private" : "target.rings")}</span></div>`);
}

const REASONS = ["quality", "training", "complaint", "safety"];
const MAY_BE_HEARD = (call) => !["queued", "agents_only"].includes(call.phase);

// The one thing that a supervisor does here: his own phone rings, and he hears this call, unheard. The reason is audited.
function Listen({ call }) {
  const [state, setState] = useState("");
  if (!MAY_BE_HEARD(call)) return null;
  const listen = async (event) => {
    const reason = event.currentTarget.value;
    event.currentTarget.value = "";
    if (!reason) return;
    const said = await ask("POST", `/calls/${call.call_id}/listen`, { reason });
    setState(said.ok ? t("listen.rings") : problemOf(said.body));
  };
  return html`<select class="listen" aria-label=${t("listen.why")} onChange=${listen}><option value="">${t("listen")}</option>
      ${REASONS.map((one) => html`<option key=${one} value=${one}>${t(`listen.${one}`)}</option>`)}</select>
    <span role="status" class="dim">${call.listened ? t("listen.now") : state}</span>`;
}

export function LiveTable({ told, at, role }) {
  const found = [...calls(told)].sort((a, b) => Number(b.danger) - Number(a.danger) || a.arrived_at - b.arrived_at);
  const heads = ["phase", "for", "total", "caller", "from", "agent", "with", "owner", "trace", ...(role === "supervisor" ? ["listen"] : [])].map((one) => t(`live.${one}`));
  return html`<section class="card" aria-labelledby="live-title"><h2>${t("live")} <span class="dim">${found.length}</span></h2>
    ${found.length === 0 && html`<p class="dim" id="live-title">${t("live.none")}</p>`}
    ${found.length > 0 && html`<${Table} id="live-title" caption=${t("live")} heads=${heads}>${found.map((call) => html`
      <tr key=${call.call_id} class=${call.danger ? "alarm" : ""} data-call=${call.call_id}>
        <td><span class="mark ${call.phase === "queued" || call.phase === "waiting" ? "warn" : "info"}">${word("phase", call.phase)}</span>
          ${call.danger && html` <strong class="late">${t("live.danger")}</strong>`}</td>
        <td>${lasting(at - call.phase_since)}</td><td title=${clock(call.arrived_at)}>${lasting(at - call.arrived_at)}</td>
        <td class="nowrap">${numberOf(call)}</td><td>${call.caller.from_site ? siteName(call.caller.from_site) : t("from.direct")}</td>
        <td>${call.agent_id ?? "—"}</td><td><${How} told=${told} call=${call} /></td>
        <td>${call.ownership.settled ? siteName(call.ownership.owner) : t("owner.undecided")}</td>
        <td><a href=${`/trace#${call.incident_id}`} aria-label=${t("live.trace.of", { number: numberOf(call) })}>${t("live.trace")}</a></td>
        ${role === "supervisor" && html`<td><${Listen} call=${call} /></td>`}
      </tr>`)}</${Table}>`}</section>`;
}

const siteName = (id) => (SITE_NAMES[id] ? id : String(id));
const LAMPS = { away: "unknown", free: "up", ringing: "ringing", busy: "talking" };

export function AgentsTable({ told, at, site }) {
  const heads = ["name", "state", "since", "duty"].map((one) => t(`agents.${one}`));
  return html`<section class="card" aria-labelledby="agents-title"><h2>${t("agents")}</h2>
    <${Table} id="agents-title" caption=${t("agents")} heads=${heads}>${agents(told).map((one) => html`
      <tr key=${one.agent_id} data-agent=${one.agent_id}><th scope="row">${one.agent_id} <span class="dim">${one.name_zh === `坐席${one.agent_id}` ? "" : one.name_zh}</span>${one.organisation !== site && html` <span class="mark info">${t("head.sent", { site: one.organisation })}</span>`}</th>
        <td><span class="lamp ${LAMPS[one.state]}">${t(`agent.${one.state}`)}</span></td>
        <td class="nowrap">${one.call ? lasting(at - one.call.phase_since) : ""}</td><td><${Duty} one=${dutyOf(told.duty, one.agent_id)} /></td></tr>`)}</${Table}></section>`;
}
