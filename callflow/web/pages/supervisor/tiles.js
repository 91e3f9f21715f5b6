// The figures at the top, and what somebody should look at now.

import { html } from "../vendor/htm-preact.mjs";
import { lasting, t, word } from "../core/i18n.js";
import { agents, calls, inDispute, late, LONG_MISSING_S, LONG_QUEUE_S, LONG_WAIT_S, missing, OLD_MESSAGE_S, pressing, queued, shortId } from "./counts.js";

const longest = (waiting, at) => Math.max(0, ...waiting.map((call) => at - call.phase_since));

function tiles(told, at) {
  const waiting = queued(told);
  const all = told.handovers?.targets.find((one) => one.target === "");
  const seated = agents(told).filter((one) => one.state !== "away");
  const over = late(told, at);
  return [
    ["live", calls(told).length, ""],
    ["queue", waiting.length, waiting.length ? t("tile.longest", { time: lasting(longest(waiting, at)) }) : "", longest(waiting, at) > LONG_QUEUE_S],
    ["agents", seated.filter((one) => one.state === "free").length, t("tile.of", { count: seated.length })],
    ["handovers", all?.tried ?? 0, all?.tried ? t("tile.joined", { percent: Math.round((100 * all.joined) / all.tried) }) : ""],
    ["late", over.length, t("tile.near", { count: pressing(told).length - over.length }), over.length > 0],
    ["callbacks", told.callbacks?.callbacks.length ?? 0, "", told.callbacks?.callbacks.some((one) => one.danger)],
    ["disputes", inDispute(told).length, ""],
    ["health", missing(told).length, "", missing(told).length > 0],
  ];
}

export function Tiles({ told, at }) {
  return html`<ul class="tiles">${tiles(told, at).map(([name, count, more, bad]) => html`
    <li key=${name} class="card tile ${bad ? "bad" : ""}" data-tile=${name}><span>${t(`tile.${name}`)}</span><strong>${count}</strong><span class="dim">${more}</span></li>`)}</ul>`;
}

// One rule a row: what it looks at, when it speaks, and how loud.
const RULES = [
  (told) => calls(told).filter((call) => call.danger)
    .map((call) => [call.call_id, t("alert.danger", { call: shortId(call.call_id), agent: call.agent_id ?? "-" })]),
  (told, at) => queued(told).filter((call) => at - call.phase_since > LONG_QUEUE_S)
    .map((call) => [call.call_id, t("alert.queue", { time: lasting(at - call.phase_since), call: shortId(call.call_id) })]),
  (told, at) => calls(told).filter((call) => call.phase === "waiting" && at - call.phase_since > LONG_WAIT_S)
    .map((call) => [call.call_id, t("alert.waiting", { time: lasting(at - call.phase_since), call: shortId(call.call_id) })]),
  (told) => missing(told).map((one) => [one.name, t("alert.part", { name: one.name, cause: one.cause ?? "" })]),
  (told) => (told.callbacks?.callbacks ?? []).filter((one) => one.danger)
    .map((one) => [one.call_id, t("alert.callback", { number: one.number ?? t("unavailable") })]),
  ({ duty }, at) => (duty?.agents ?? []).filter((one) => one.standing === "missing" && at - one.begins_at > LONG_MISSING_S)
    .map((one) => [one.agent_id, t("alert.missing", { agent: one.agent_id, time: lasting(at - one.begins_at), serves: one.serves }), "warn"]),
  ({ duty }) => (duty?.planned && duty.agents.every((one) => one.standing === "unplanned") ? [["nobody", t("alert.nobody"), "warn"]] : []),
  (told, at) => {
    const lag = told.figures?.exchange;
    return lag?.oldest_stored_at && at - lag.oldest_stored_at > OLD_MESSAGE_S
      ? [["exchange", t("alert.exchange", { count: lag.waiting, time: lasting(at - lag.oldest_stored_at) }), "warn"]] : [];
  },
  (told, at) => late(told, at).slice(0, 5)
    .map((one) => [one.ticket_id, t("alert.late", { ticket: one.ticket_id, stage: word("stage", one.stage), time: lasting(at - one.due_at) }), "warn"]),
];

export function Alerts({ told, at }) {
  const found = RULES.flatMap((rule) => rule(told, at));
  return html`<section class="card" aria-labelledby="alerts-title"><h2 id="alerts-title">${t("alerts")}</h2>
    ${found.length === 0 && html`<p class="dim">${t("alerts.none")}</p>`}
    <ul class="alerts">${found.map(([key, text, loud]) => html`<li key=${`${key}${loud}`} class=${loud ?? ""}>${text}</li>`)}</ul></section>`;
}
