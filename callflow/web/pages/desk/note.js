// The note, kept at every pause, and what the classifier makes of it: advice with its evidence, never a decision.

import { html } from "../vendor/htm-preact.mjs";
import { ask } from "../core/api.js";
import { t, word } from "../core/i18n.js";
import { Act } from "./bar.js";
import { can } from "./can.js";
import { currentCall } from "./state.js";

const PAUSE_MS = 500;

export function makeNoteKeeper(store) {
  const timers = new Map();
  const mark = (callId, value) => store.change((now) => ({ noteState: { ...now.noteState, [callId]: value } }));

  async function keep(callId) {
    clearTimeout(timers.get(callId));
    timers.delete(callId);
    const text = store.state.drafts[callId] ?? "";
    mark(callId, "saving");
    const said = await ask("POST", `/calls/${callId}/note`, { text });
    if (!said.ok) return store.change((now) => ({ problem: said.body, noteState: { ...now.noteState, [callId]: "unsaved" } }));
    mark(callId, (store.state.drafts[callId] ?? "") === text ? "kept" : "unsaved");
    const { suggestion } = said.body;
    if (suggestion) store.change((now) => ({ suggestions: { ...now.suggestions, [callId]: { text, suggestion } } }));
  }

  return {
    keep,
    write(callId, text) {
      store.change((now) => ({ drafts: { ...now.drafts, [callId]: text } }));
      mark(callId, "unsaved");
      clearTimeout(timers.get(callId));
      timers.set(callId, setTimeout(() => keep(callId), PAUSE_MS));
    },
    leave(callId) { if (timers.has(callId)) keep(callId); },
  };
}

export function Note({ store, actions, keeper }) {
  const { state } = store;
  const call = currentCall(state);
  if (!call) return null;
  const id = call.call_id;
  const standing = { saving: t("note.saving"), unsaved: t("note.unsaved"), kept: t("done.note") }[state.noteState[id]] ?? "";
  return html`<section class="card note" aria-labelledby="note-title">
    <h2 id="note-title"><label for="note">${t("note.label")}</label> <kbd aria-hidden="true">N</kbd> <span class="dim" data-note-state=${state.noteState[id] ?? ""}>${standing}</span></h2>
    <textarea id="note" rows="5" maxlength="4000" placeholder=${t("note.hint")} value=${state.drafts[id] ?? ""}
      onInput=${(e) => { if (!e.isComposing) keeper.write(id, e.currentTarget.value); }}
      onCompositionEnd=${(e) => keeper.write(id, e.currentTarget.value)} onBlur=${() => keeper.leave(id)}></textarea>
    <div class="row tight">
      <${Act} state=${state} action="accept" call=${call} onAct=${actions.accept} />
      <${Act} state=${state} action="refuse" call=${call} onAct=${actions.refuse} />
      ${call.nuisance ? html`<span class="mark warn">${t("nuisance")}</span>`
        : html`<button class="act" disabled=${!can(state, "nuisance", call)} onClick=${actions.nuisance}>${t("do.nuisance")}</button>`}
      <label class="switch"><input type="checkbox" checked=${state.consents[id] === "agreed"} onChange=${actions.toggleConsent} />${t("consent.kept")} <kbd aria-hidden="true">Y</kbd></label>
    </div>
    <${Owner} call=${call} />
  </section>`;
}

function Owner({ call }) {
  const { owner, settled, first_receiver: firstReceiver } = call.ownership;
  if (!settled && call.attempts.length === 0 && !call.caller.from_site) return null;
  return html`<p class="owner" data-owner=${settled ? owner : "open"}><span class="label">${t("owner")}</span>
    ${settled ? html`<strong>${owner}</strong> <span class="dim">${word("settled", settled)}</span>` : t("owner.open", { site: firstReceiver })}</p>`;
}

// ---- the suggestion. Offsets count code points, so the text is cut as such; marks may overlap.

export function pieces(text, evidence) {
  const points = [...text];
  const rule = new Array(points.length).fill("");
  for (const { start, end, rule: name } of evidence) for (let n = start; n < Math.min(end, points.length); n += 1) rule[n] ||= name;
  const found = [];
  points.forEach((point, n) => {
    if (n > 0 && rule[n] === rule[n - 1]) found.at(-1).text += point;
    else found.push({ text: point, rule: rule[n] });
  });
  return found;
}

export function Suggestion({ store }) {
  const { state } = store;
  const call = currentCall(state);
  const told = call && state.suggestions[call.call_id];
  return html`<section class="card suggestion" aria-labelledby="suggest-title"><h2 id="suggest-title">${t("suggest")}</h2>
    ${told ? html`<${Told} told=${told} call=${call} />` : html`<p class="dim">${t("suggest.none")}</p>`}</section>`;
}

function Told({ told, call }) {
  const { suggestion, text } = told;
  const percent = Math.round(suggestion.confidence * 100);
  return html`<div data-suggestion=${suggestion.action}>
    ${suggestion.danger && !call.danger && html`<p class="mark alarm" role="alert">${t("danger.hint")}</p>`}
    <p class="row tight"><strong class="advice">${word("action", suggestion.action)}</strong>
      <span class="mark info">${word("platform", suggestion.platform)}</span>
      ${suggestion.hotlines.map((line) => html`<span class="mark info">${line}</span>`)}
      <span class="mark ${suggestion.level === 1 ? "warn" : ""}">${t("suggest.level", { level: suggestion.level })}</span>
      <span class="sure"><meter min="0" max="100" value=${percent} aria-label=${t("suggest.sure", { percent })}></meter> ${t("suggest.sure", { percent })}</span></p>
    ${suggestion.question && html`<p class="question"><strong>${t("suggest.ask")}:</strong> ${suggestion.question}</p>`}
    ${suggestion.category && html`<p class="dim">${[suggestion.category, suggestion.department].filter(Boolean).join(" · ")}</p>`}
    ${suggestion.evidence.length > 0 && html`<p class="evidence"><span class="label">${t("suggest.evidence")}</span>
      ${pieces(text, suggestion.evidence).map((one) => (one.rule ? html`<mark title=${one.rule}>${one.text}</mark>` : one.text))}</p>`}
  </div>`;
}
