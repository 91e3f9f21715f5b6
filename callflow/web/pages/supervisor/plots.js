// Two plots and the numbers behind them: a picture says nothing to a screen reader, a table does.

import { html, useEffect, useMemo, useRef } from "../vendor/htm-preact.mjs";
import uPlot from "../vendor/uplot.min.mjs";
import { clock, day, nameOf, t, word } from "../core/i18n.js";
import { Table } from "../core/page.js";
import { queued, talking } from "./counts.js";

const HOUR_S = 3600;
const HOURS = 24;
const HEIGHT = 230;
const SAMPLES = 900;
const SAMPLE_S = 2; // half an hour, and every change between
const OUTCOMES = ["joined", "live", "cancelled", "busy", "no_answer", "rejected", "number_refused", "unreachable", "lost_after_answer"];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--plot-${name}`).trim();

function axes(unit) {
  const lines = { stroke: colour("ink"), grid: { stroke: colour("grid"), width: 1 }, ticks: { stroke: colour("grid") }, font: "12px system-ui" };
  return [{ ...lines, space: 60, values: (_plot, at) => at.map((one) => clock(one).slice(0, 5)) }, { ...lines, size: 40, ...unit }];
}

// A uPlot in a box: made anew when `made` changes, fed when only `data` does, as wide as its card.
function Plot({ options, data, made, label }) {
  const box = useRef(null);
  const plot = useRef(null);
  useEffect(() => {
    const width = () => Math.max(200, box.current.clientWidth);
    plot.current = new uPlot({ width: width(), height: HEIGHT, legend: { show: false }, cursor: { show: false }, ...options() }, data, box.current);
    const watch = new ResizeObserver(() => plot.current.setSize({ width: width(), height: HEIGHT }));
    watch.observe(box.current);
    return () => { watch.disconnect(); plot.current.destroy(); };
  }, [made]);
  useEffect(() => plot.current?.setData(data), [data]);
  return html`<div class="plot" ref=${box} role="img" aria-label=${label}></div>`;
}

const Key = ({ name, children }) => html`<li><span class="swatch ${name}" aria-hidden="true"></span>${children}</li>`;

const WHOLE = { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] };
const fromZero = (_plot, _low, high) => [0, Math.max(4, high * 1.1)];

function hoursUntil(end) {
  const last = Math.floor(end / HOUR_S) * HOUR_S;
  return Array.from({ length: HOURS }, (_, n) => last - (HOURS - 1 - n) * HOUR_S);
}

function stacked(hours, kinds, begun) {
  const found = new Map(hours.map((one) => [one.begun, one.outcomes]));
  const below = begun.map(() => 0);
  const series = kinds.map((kind) => begun.map((hour, n) => (below[n] += found.get(hour)?.[kind] ?? 0)));
  return [begun, ...series.reverse()]; // the tallest first, the others painted over it
}

export function HourPlot({ handovers, theme }) {
  const hours = handovers?.hours ?? [];
  const kinds = OUTCOMES.filter((kind) => hours.some((one) => one.outcomes[kind]));
  const data = useMemo(() => stacked(hours, kinds, hoursUntil(handovers?.arrived_to ?? 0)), [handovers]);
  const options = () => ({
    scales: { x: { range: (_plot, low, high) => [low - HOUR_S / 2, high + HOUR_S / 2] }, y: { range: fromZero } }, axes: axes(WHOLE),
    series: [{}, ...[...kinds].reverse().map((kind) => ({ fill: colour(kind), stroke: colour(kind), points: { show: false }, paths: uPlot.paths.bars({ size: [0.7, 40] }) }))],
  });
  return html`<section class="card" aria-labelledby="hours-title"><h2 id="hours-title">${t("hours")} <span class="dim">${t("hours.hint")}</span></h2>
    ${hours.length === 0 ? html`<p class="dim">${t("hours.none")}</p>` : html`
      <${Plot} made=${`${theme}${kinds}${document.documentElement.lang}`} options=${options} data=${data} label=${t("chart.what")} />
      <ul class="key">${kinds.map((kind) => html`<${Key} key=${kind} name=${kind}>${word("outcome", kind)}</${Key}>`)}</ul>
      ${!handovers.complete && html`<p class="dim">${t("hours.partial", { count: 20000 })}</p>`}
      <details><summary>${t("chart.table")}</summary>
        <${Table} id="hours-table" caption=${t("hours")} heads=${[t("hours.hour"), ...kinds.map((kind) => word("outcome", kind)), t("hours.all")]}>
          ${hours.map((one) => html`<tr key=${one.begun}><th scope="row">${day(one.begun)}</th>${kinds.map((kind) => html`<td key=${kind}>${one.outcomes[kind] ?? 0}</td>`)}
            <td>${Object.values(one.outcomes).reduce((sum, count) => sum + count, 0)}</td></tr>`)}</${Table}></details>`}</section>`;
}

let seen = null;

// One sample of each change of the calls, and one every two seconds, kept while the page is open.
export function sampled(store, state) {
  const at = state.now + state.offset;
  const before = state.samples.at(-1)?.at ?? -Infinity;
  if (!state.told.calls || at <= before || (state.told.calls === seen && at < before + SAMPLE_S)) return;
  seen = state.told.calls;
  const one = { at, queue: queued(state.told).length, talk: talking(state.told).length };
  store.change({ samples: [...state.samples.slice(1 - SAMPLES), one] });
}

export function NowPlot({ samples, theme }) {
  const { queue = 0, talk = 0 } = samples.at(-1) ?? {};
  const data = useMemo(() => ["at", "queue", "talk"].map((name) => samples.map((one) => one[name])), [samples]);
  const line = (name) => ({ stroke: colour(name), width: 2, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }) });
  const options = () => ({ scales: { y: { range: fromZero } }, axes: axes(WHOLE), series: [{}, line("queue"), line("talk")] });
  return html`<section class="card" aria-labelledby="now-title"><h2 id="now-title">${t("tile.live")} <span class="dim">${t("now")}</span></h2>
    <${Plot} made=${`${theme}${document.documentElement.lang}`} options=${options} data=${data} label=${t("now.what", { queue, talk })} />
    <ul class="key"><${Key} name="queue">${t("now.queue")}</${Key}><${Key} name="talk">${t("now.talk")}</${Key}></ul></section>`;
}

const seconds = (s) => (s === null ? "—" : t("seconds", { s: s.toFixed(1) }));
const spread = (one) => (one.counted ? `${seconds(one.p50_s)} / ${seconds(one.p95_s)}` : "—");

export function TargetTimes({ handovers, directory }) {
  const targets = handovers?.targets ?? [];
  const named = (code) => (code ? nameOf(directory?.targets.find((one) => one.code === code)) || code : t("targets.all"));
  const heads = ["target", "tried", "joined", "ring", "join"].map((one) => t(`targets.${one}`));
  return html`<section class="card" aria-labelledby="times-title"><h2>${t("targets.times")} <span class="dim">${t("targets.period")}</span></h2>
    <${Table} id="times-title" caption=${t("targets.times")} heads=${heads}>${targets.map((one) => html`
      <tr key=${one.target} data-times=${one.target}><th scope="row">${named(one.target)}</th><td>${one.tried}</td><td>${one.joined}</td>
        <td class="nowrap">${spread(one.ring)}</td><td class="nowrap">${spread(one.join)}</td></tr>`)}</${Table}></section>`;
}
