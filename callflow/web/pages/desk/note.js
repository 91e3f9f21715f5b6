// The note, kept at every pause, and what the classifier makes of it: advice with its evidence, never a decision.

import { html } from "../vendor/htm-preact.mjs";
import { ask } from "../core/api.js";
import { both, t, word } from "../core/i18n.js";
import { Act } from "./bar.js";
import { can } from "./can.js";
import { currentCall, spoken } from "./state.js";

const SUGGEST_MS = 250; // a pause in the typing: the classifier is asked, nothing is kept
const KEEP_MS = 900; // a longer one: the note is kept, and goes to every platform that has to do with the matter
const AGAIN_MS = 1500; // a classifier that was too slow is asked again
const ASKED_MOST = 4;

export function makeNoteKeeper(store) {
  const timers = { keep: new Map(), ask: new Map() };
  const denied = new Set(); // calls of which the agent has said that there is no danger
  const mark = (callId, value) => store.change((now) => ({ noteState: { ...now.noteState, [callId]: value } }));
  const draft = (callId) => store.state.drafts[callId] ?? "";

  function later(which, callId, act, ms) {
    clearTimeout(timers[which].get(callId));
    timers[which].set(callId, setTimeout(act, ms));
  }

  async function keep(callId) {
    clearTimeout(timers.keep.get(callId));
    const text = draft(callId);
    mark(callId, "saving");
    const said = await ask("POST", `/calls/${callId}/note`, { text });
    if (!said.ok) return store.change((now) => ({ problem: said.body, noteState: { ...now.noteState, [callId]: "unsaved" } }));
    mark(callId, draft(callId) === text ? "kept" : "unsaved");
    if (said.body.suggestion) show(callId, text, said.body.suggestion);
    else if (text) suggest(callId);
  }

  async function suggest(callId, asked = 1) {
    const text = draft(callId);
    if (!text.trim()) return;
    const said = await ask("POST", `/calls/${callId}/suggest`, { text, denied: denied.has(callId) });
    if (draft(callId) !== text) return; // he has typed on: that is asked about next
    if (said.ok && said.body.suggestion) show(callId, text, said.body.suggestion, said.body.reasons);
    else if (said.ok && asked < ASKED_MOST) later("ask", callId, () => suggest(callId, asked + 1), AGAIN_MS);
  }

  function show(callId, text, suggestion, reasons) {
    store.change((now) => {
      const before = now.suggestions[callId];
      const kept = reasons ?? (before?.text === text ? before.reasons : []);
      return { suggestions: { ...now.suggestions, [callId]: { text, suggestion, reasons: kept } } };
    });
  }

  return {
    write(callId, text) {
      store.change((now) => ({ drafts: { ...now.drafts, [callId]: text } }));
      mark(callId, "unsaved");
      later("ask", callId, () => suggest(callId), SUGGEST_MS);
      later("keep", callId, () => keep(callId), KEEP_MS);
    },
    leave(callId) { if (store.state.noteState[callId] === "unsaved") keep(callId); },
    deny(callId) {
      denied.add(callId);
      suggest(callId);
    },
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
    <div class="row"><${Became} state=${state} call=${call} actions=${actions} /><${Speaks} state=${state} call=${call} actions=${actions} /></div>
    <${Owner} call=${call} />
  </section>`;
}

const LANGUAGES = ["", "zh", "bo", "ug", "ii", "mn", "kk", "ko", "en"];

// What he speaks, for whoever takes him over; any other tag that the line or the other platform said stands there as it is.
function Speaks({ state, call, actions }) {
  const now = spoken(state, call);
  return html`<label class="row tight became"><span class="label">${t("language")}</span>
    <select data-language=${now} disabled=${!can(state, "answered", call)} value=${now} onChange=${(event) => actions.speaks(event.currentTarget.value)}>
      ${[...new Set([...LANGUAGES, now])].map((one) => html`<option key=${one} value=${one}>${word("language", one)}</option>`)}</select></label>`;
}

const BECAME = ["answered", "ticket", "handed_over", "nothing"];

function Became({ state, call, actions }) {
  return html`<label class="row tight became"><span class="label">${t("became")}</span>
    <select data-became=${call.disposition ?? ""} disabled=${!can(state, "answered", call)} value=${call.disposition ?? ""} onChange=${(event) => actions.dispose(event.currentTarget.value)}>
      <option value="" disabled=${Boolean(call.disposition)}>${t("became.open")}</option>
      ${BECAME.map((one) => html`<option key=${one} value=${one}>${t(`became.${one}`)}${one === "answered" ? " (Q)" : ""}</option>`)}</select></label>`;
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

export function Suggestion({ store, keeper }) {
  const { state } = store;
  const call = currentCall(state);
  const told = call && state.suggestions[call.call_id];
  return html`<section class="card suggestion" aria-labelledby="suggest-title"><h2 id="suggest-title">${t("suggest")}</h2>
    ${told ? html`<${Told} told=${told} call=${call} keeper=${keeper} />` : html`<p class="dim">${t("suggest.none")}</p>`}</section>`;
}

function Told({ told, call, keeper }) {
  const { suggestion, text, reasons = [] } = told;
  const percent = Math.round(suggestion.confidence * 100);
  return html`<div data-suggestion=${suggestion.action}>
    ${suggestion.danger && !call.danger && html`<div class="mark alarm" role="alert">${t("danger.hint")}
      <button class="small" onClick=${() => keeper.deny(call.call_id)}>${t("danger.deny")}</button></div>`}
    <p class="row tight"><strong class="advice">${word("action", suggestion.action)}</strong>
      <span class="mark info">${word("platform", suggestion.platform)}</span>
      ${suggestion.hotlines.map((line) => html`<span class="mark info">${line}</span>`)}
      <span class="mark ${suggestion.level === 1 ? "warn" : ""}">${t("suggest.level", { level: suggestion.level })}</span>
      <span class="sure"><meter min="0" max="100" value=${percent} aria-label=${t("suggest.sure", { percent })}></meter> ${t("suggest.sure", { percent })}</span></p>
    ${suggestion.question && html`<p class="question"><strong>${t("suggest.ask")}:</strong> ${suggestion.question}</p>`}
    ${suggestion.category && html`<p class="dim">${[suggestion.category, suggestion.department].filter(Boolean).join(" · ")}</p>`}
    ${reasons.length > 0 && html`<ul class="reasons">${reasons.slice(0, 4).map((one) => html`<li key=${one.rule + one.zh}>${both(one.zh, one.en)}</li>`)}</ul>`}
    ${suggestion.evidence.length > 0 && html`<p class="evidence"><span class="label">${t("suggest.evidence")}</span>
      ${pieces(text, suggestion.evidence).map((one) => (one.rule ? html`<mark title=${one.rule}>${one.text}</mark>` : one.text))}</p>`}
  </div>`;
}
