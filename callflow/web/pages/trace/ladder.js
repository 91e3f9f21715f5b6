// The ladder: a lane for whoever took part, time downwards, an arrow for whatever went from one to another.

import { html } from "../vendor/htm-preact.mjs";
import { t } from "../core/i18n.js";
import { eventsOf, lanesOf } from "./events.js";
import { targetName } from "./facts.js";

const KINDS = ["voice", "ticket", "message"];

export function Ladder({ trace, directory, shown, onToggle }) {
  const all = eventsOf(trace);
  const events = all.filter((one) => shown[one.kind]);
  const lanes = lanesOf(all, trace.site);
  const named = (lane) => (lane === "caller" ? t("lane.caller") : lane === trace.site ? trace.site : targetName(directory, lane));
  return html`<section class="card" aria-labelledby="ladder-title">
    <h2 id="ladder-title">${t("ladder")} <span class="dim">${t("ladder.hint")}</span></h2>
    <div class="row" role="group" aria-label=${t("ladder")}>${KINDS.map((kind) => html`<label class="switch" key=${kind}>
      <input type="checkbox" checked=${shown[kind]} onChange=${() => onToggle(kind)} /><span class="swatch ${kind}" aria-hidden="true"></span>${t(`show.${kind}`)}</label>`)}</div>
    ${events.length === 0 && html`<p class="dim">${t("ladder.none")}</p>`}
    <div class="scroll" tabindex="0" role="group" aria-labelledby="ladder-title"><div class="ladder" style=${{ "--lanes": lanes.length }}>
      <div class="rung heads" aria-hidden="true"><span>${t("ladder.time")}</span>
        <div class="track">${lanes.map((lane, n) => html`<span key=${lane} class="lane-name" style=${{ gridColumn: `${2 * n + 1} / span 2` }}>${named(lane)}</span>`)}</div>
        <span>${t("ladder.what")}</span></div>
      <ol>${events.map((one, n) => html`<${Rung} key=${one.n} one=${one} before=${events[n - 1]} lanes=${lanes} named=${named} />`)}</ol>
    </div></div></section>`;
}

// to the millisecond: it is the order that matters here, and much happens within one second
const exactly = (at) => {
  const when = new Date(at * 1000);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}.${String(when.getMilliseconds()).padStart(3, "0")}`;
};
const dayOf = (at) => new Date(at * 1000).toLocaleDateString(document.documentElement.lang);

function Rung({ one, before, lanes, named }) {
  const [from, to] = [lanes.indexOf(one.from), lanes.indexOf(one.to)];
  const newDay = !before || dayOf(before.at) !== dayOf(one.at);
  return html`<li class="rung ${one.kind} ${one.bad ? "bad" : ""} ${one.good ? "good" : ""} ${one.soft ? "soft" : ""}" data-event=${one.kind}>
    <time datetime=${new Date(one.at * 1000).toISOString()}>${newDay && html`<span class="dim">${dayOf(one.at)}</span> `}${exactly(one.at)}</time>
    <div class="track" aria-hidden="true">${lanes.map((lane, n) => html`<i key=${lane} class="lane" style=${{ gridColumn: 2 * n + 2 }}></i>`)}
      ${from === to ? html`<b class="dot" style=${{ gridColumn: `${2 * from + 1} / span 2` }}></b>`
        : html`<b class="arrow ${from < to ? "right" : "left"}" style=${{ gridColumn: `${2 * Math.min(from, to) + 2} / ${2 * Math.max(from, to) + 2}` }}></b>`}</div>
    <p>${from !== to && html`<span class="unseen">${t("to", { from: named(one.from), to: named(one.to) })}: </span>`}<strong>${one.what}</strong>${one.who && html` <span class="said who">${t("who", { who: one.who })}</span>`}
      ${(one.more ?? []).map((word, n) => html` <span key=${n} class="said">${word}</span>`)}</p></li>`;
}
