// Between calls: whom to call back, and the calls of ours whose owner is still open.

import { html } from "../vendor/htm-preact.mjs";
import { day, t, word } from "../core/i18n.js";
import { me } from "./state.js";

export function Callbacks({ store, actions }) {
  const { callbacks } = store.state;
  return html`<section class="card" aria-labelledby="callbacks-title"><h2 id="callbacks-title">${t("callbacks")}</h2>
    ${callbacks.length === 0 && html`<p class="dim">${t("callbacks.none")}</p>`}
    <ul class="tickets">${callbacks.map((one) => html`<li key=${one.call_id} class=${one.danger ? "danger" : ""}>
      <p><strong>${one.number ?? t("unavailable")}</strong> <span class="dim">${day(one.queued_at)}</span>
      ${one.claimed_by && one.claimed_by !== me(store.state) ? html`<span class="dim">${t("callbacks.taken", { agent: one.claimed_by })}</span>`
        : html`<button class="small" disabled=${!one.number} onClick=${() => actions.callBack(one.call_id)}>${t("callbacks.call")}</button>`}</p></li>`)}</ul>
  </section>`;
}

export function MyCalls({ store }) {
  const { state } = store;
  const calls = Object.values(state.calls).sort((a, b) => b.arrived_at - a.arrived_at).slice(0, 12);
  if (calls.length < 2) return null;
  return html`<section class="card" aria-labelledby="recent-title"><h2 id="recent-title">${t("recent")}</h2>
    <ul class="tickets">${calls.map((call) => html`<li key=${call.call_id}>
      <button class="quiet wide" aria-current=${state.chosen === call.call_id} onClick=${() => store.change({ chosen: call.call_id })}>
        <span class="nowrap">${day(call.arrived_at)}</span> <span>${call.caller.number ? call.caller.number.replace(/(.{3}).*(.{4})/, "$1****$2") : t("withheld")}</span>
        <span class="mark">${word("phase", call.phase)}</span></button></li>`)}</ul>
  </section>`;
}
