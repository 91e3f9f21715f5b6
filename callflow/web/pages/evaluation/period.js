// Which days: in China's time wherever the browser is, for that is how the platform counts.

import { html } from "../vendor/htm-preact.mjs";
import { t } from "../core/i18n.js";

const DAY_S = 86400;
const OFFSET_S = 8 * 3600; // China has one zone and no summer time
export const MOST_DAYS = 92;
const GROUPS = ["all", "region", "unit"];
const LAST = [7, 30, 90];

const dayOf = (seconds) => new Date((seconds + OFFSET_S) * 1000).toISOString().slice(0, 10);
const startOf = (day) => Date.parse(`${day}T00:00:00Z`) / 1000 - OFFSET_S;

export function lastDays(count, now = Date.now() / 1000) {
  return { from: dayOf(now - (count - 1) * DAY_S), to: dayOf(now) };
}

// epoch seconds, the end excluded
export const secondsOf = (period) => ({ from: startOf(period.from), to: startOf(period.to) + DAY_S });

// a word of "period.wrong", or ""
export function wrongWith(period) {
  const { from, to } = secondsOf(period);
  if (!(from < to)) return "order";
  return to - from > MOST_DAYS * DAY_S ? "long" : "";
}

export function Period({ period, by, wrong, onRead }) {
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    onRead({ from: form.get("from"), to: form.get("to") }, form.get("by"));
  };
  const given = { "aria-invalid": wrong ? "true" : null, "aria-describedby": wrong ? "period-wrong" : null };
  return html`<form class="card period" aria-label=${t("period")} onSubmit=${submit}>
    <label>${t("period.from")}<input type="date" name="from" value=${period.from} required ...${given} /></label>
    <label>${t("period.to")}<input type="date" name="to" value=${period.to} required ...${given} /></label>
    <label>${t("period.by")}<select name="by" value=${by}>${GROUPS.map((one) => html`<option key=${one} value=${one}>${t(`by.${one}`)}</option>`)}</select></label>
    <button class="primary">${t("period.read")}</button>
    ${LAST.map((count) => html`<button key=${count} type="button" class="quiet" data-last=${count} onClick=${() => onRead(lastDays(count), by)}>${t("period.last", { days: count })}</button>`)}
    ${wrong && html`<p class="problem" id="period-wrong" role="alert" data-wrong=${wrong}>${t(`period.wrong.${wrong}`, { most: MOST_DAYS })}</p>`}
    <p class="dim">${t("period.zone")}</p>
  </form>`;
}
