// How each matter went, and the mark of a mystery call. The mark is not taken back, so it is asked once more.

import { html } from "../vendor/htm-preact.mjs";
import { day, t, word } from "../core/i18n.js";
import { Listed, long } from "./figures.js";

const NUMBER = /^[A-Z]{2}[0-9A-Za-z-]{4,38}$/;

export function Mystery({ sure, said, wrong, onAsk, onMark, onNot }) {
  const submit = (event) => {
    event.preventDefault();
    const ticket = new FormData(event.currentTarget).get("ticket").trim().toUpperCase();
    onAsk(NUMBER.test(ticket) ? ticket : null);
  };
  return html`<section class="card" aria-labelledby="mystery-title"><h2 id="mystery-title">${t("mystery")}</h2>
    <p class="dim">${t("mystery.hint")}</p>
    <form class="row" onSubmit=${submit}><label class="row tight">${t("mystery.ticket")}
      <input class="mono ticket-number" name="ticket" maxlength="40" autocomplete="off" spellcheck=${false} required
        aria-invalid=${wrong ? "true" : null} aria-describedby=${wrong ? "mystery-wrong" : null} /></label>
      <button>${t("mystery.do")}</button></form>
    ${wrong && html`<p class="problem" id="mystery-wrong" role="alert">${wrong}</p>`}
    ${sure && html`<p class="row"><button class="primary" data-sure=${sure} onClick=${() => onMark(sure)}>${t("mystery.sure", { ticket: sure })}</button>
      <button class="quiet" onClick=${onNot}>${t("mystery.not")}</button></p>`}
    <p role="status" class="live dim">${said}</p></section>`;
}

// What a step took; red when it came after its limit, or has not come and the limit is over.
function Took({ from, at, due, now }) {
  if (at === null) return html`<td class=${due !== null && due < now ? "late" : ""}>${due !== null && due < now ? t("late.not") : "—"}</td>`;
  const isLate = due !== null && at > due;
  return html`<td class=${isLate ? "late" : ""}>${isLate ? t("late.yes", { time: long(at - from) }) : long(at - from)}</td>`;
}

const answerOf = (one) => (one.called_back ? `said.${one.satisfied}` : "said.not");
const HEADS = ["ticket", "opened", "channel", "category", "level", "where", "signed", "response", "result", "went", "satisfied"];

export function Matters({ matters, goesOn, now, onMore }) {
  return html`<div class="matters"><${Listed} name="matters" heads=${HEADS.map((one) => t(`matters.${one}`))} rows=${matters.length}>${matters.map((one) => html`
    <tr key=${one.ticket_id} data-matter=${one.ticket_id}><th scope="row">${one.ticket_id} ${one.mystery && html`<span class="mark info" data-mystery>${t("mystery.is")}</span>`}</th>
      <td>${day(one.opened_at)}</td><td>${word("channel", one.channel)}</td><td class="category">${one.category || "—"}</td><td>${one.level || "—"}</td>
      <td>${[one.region, one.unit].filter(Boolean).join(" / ") || "—"}</td>
      <${Took} from=${one.opened_at} at=${one.signed_at} due=${null} now=${now} />
      <${Took} from=${one.opened_at} at=${one.responded_at} due=${one.responded_at === null && one.fed_back_at !== null ? null : one.response_due_at} now=${now} />
      <${Took} from=${one.opened_at} at=${one.fed_back_at} due=${one.result_due_at} now=${now} />
      <td>${[one.returned && t("yes.returned"), one.supervised > 0 && t("count.supervised", { count: one.supervised })].filter(Boolean).join(" · ") || "—"}</td>
      <td>${t(answerOf(one))}</td></tr>`)}</${Listed}>
    ${matters.length > 0 && html`<p class="row"><span class="dim">${t("matters.shown", { shown: matters.length })}</span>
      ${goesOn && html`<button data-more onClick=${onMore}>${t("matters.more")}</button>`}</p>`}</div>`;
}
