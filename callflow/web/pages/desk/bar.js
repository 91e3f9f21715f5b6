// The call bar: always there, always of one height; the state, the caller, who is in, the keys.

import { html, useEffect, useState } from "../vendor/htm-preact.mjs";
import { lasting, nameOf, t, word } from "../core/i18n.js";
import { originOf } from "../core/origin.js";
import { Secret } from "../core/secret.js";
import { LiveLine } from "../core/shell.js";
import { can, whoIsIn } from "./can.js";
import { currentCall, handedOver, inWrapUp, isSecret, OVER, spoken, targetNamed } from "./state.js";
import { KEYS } from "./keymap.js";

export function Timer({ since, offset }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return html`<time class="timer">${lasting(Date.now() / 1000 + offset - since)}</time>`;
}

// One button of one action: its key stands on it, and it is dead while the action cannot be taken.
export function Act({ state, action, call, onAct, label, kind = "" }) {
  const key = KEYS[action === "unseal" ? "seal" : action];
  return html`<button class="act ${kind}" data-act=${action} disabled=${!can(state, action, call)} onClick=${onAct}
    aria-keyshortcuts=${state.keysOn ? key : null}>${label ?? t(`do.${action}`)}${key && html` <kbd aria-hidden="true">${key}</kbd>`}</button>`;
}

export const mask = (number) => (number.length > 7 ? `${number.slice(0, 3)}****${number.slice(-4)}` : `****${number.slice(-2)}`);

const REASONS = ["call-back", "write-up", "complaint", "evidence"];

function Caller({ state, store, actions, call }) {
  const { caller } = call;
  const shown = Boolean(state.shown[call.call_id]);
  const whole = caller.number && !caller.number.includes("*");
  const number = !caller.number ? t("unavailable") : whole && !shown ? mask(caller.number) : caller.number;
  const masked = caller.number?.includes("*"); // by the server: who wants it whole says why, and it is audited
  const reveal = (event) => { actions.reveal(call.call_id, event.currentTarget.value); event.currentTarget.value = ""; };
  const toggle = () => store.change((now) => ({ shown: { ...now.shown, [call.call_id]: !shown } }));
  return html`<div class="caller">
    <span class="number" data-number>${caller.presentation === "withheld" && !caller.number ? t("withheld") : number}</span>
    ${whole && html`<button class="quiet small" onClick=${toggle} aria-pressed=${shown}>${t(shown ? "hide" : "show")}</button>`}
    ${masked && (state.revealed[call.call_id] ? html`<strong data-revealed>${state.revealed[call.call_id]}</strong>`
      : html`<select class="reveal" aria-label=${t("reveal")} value="" onChange=${reveal}><option value="">${t("reveal")}</option>
        ${REASONS.map((one) => html`<option value=${one}>${t(`reveal.${one}`)}</option>`)}</select>`)}
    ${spoken(state, call) && html`<span class="mark info" data-spoken=${spoken(state, call)}>${word("language", spoken(state, call))}</span>`}
    ${caller.presentation === "withheld" && caller.number && html`<span class="mark warn">${t("withheld")}</span>`}
    ${caller.number && html`<span class="mark ${caller.verified === "network" ? "good" : "warn"}">${t(`verified.${caller.verified}`)}</span>`}
    ${isSecret(state, call) && html`<${Secret} />`}
    <span class="from" data-from>${originOf(handedOver(state, call))}</span>
  </div>`;
}

function WhoIsIn({ state, call }) {
  const names = { caller: t("caller"), me: t("me") };
  const people = whoIsIn(state, call);
  return html`<p class="people"><span class="label">${t("in.talk")}</span>
    ${people.length ? people.map((one) => html`<span class="chip ${one}" key=${one}>${names[one] ?? (nameOf(targetNamed(state, one)) || one)}</span>`)
      : html`<span class="dim">${t("nobody")}</span>`}</p>`;
}

function Standing({ state, call }) {
  const wrapUp = inWrapUp(state, call);
  const phase = call ? word("phase", call.phase) : t("idle");
  const since = call ? call.ended_at ?? call.phase_since : null;
  return html`<div class="standing ${call ? call.phase : "idle"}">
    <strong class="phase" data-phase=${call?.phase ?? "idle"}>${wrapUp ? `${t("wrapup")} · ${phase}` : phase}</strong>
    ${since && html`<${Timer} since=${since} offset=${state.clockOffset} />`}
  </div>`;
}

const ACTIONS = ["answer", "hold", "one_key", "three_party", "join", "cancel", "stay", "leave", "danger", "hang_up"];
const KIND = { answer: "go", danger: "alarm", hang_up: "stop", one_key: "primary" };

export function CallBar({ store, actions }) {
  const { state } = store;
  const call = currentCall(state);
  const acts = {
    answer: actions.answer, hold: actions.hold, join: actions.join, cancel: actions.cancel, stay: actions.stay,
    leave: actions.leave, danger: actions.danger, hang_up: actions.hangUp,
    one_key: () => actions.openMenu("one_key"), three_party: () => actions.openMenu("three_party"),
  };
  const labels = state.phone.state === "held" ? { hold: t("do.unhold") } : {};
  const hasPhone = state.phone.state !== "off";
  const shown = ACTIONS.filter((one) => hasPhone || !["answer", "hold", "hang_up"].includes(one));
  return html`<section class="bar ${call?.danger ? "danger" : ""}" aria-label=${t("title")}>
    <div class="facts">
      <${Standing} state=${state} call=${call} />
      ${call ? html`<${Caller} state=${state} store=${store} actions=${actions} call=${call} />` : html`<div class="caller"></div>`}
      <${WhoIsIn} state=${state} call=${call} />
    </div>
    <div class="acts" role="group" aria-label=${t("help")}>
      ${shown.map((one) => html`<${Act} key=${one} state=${state} action=${one} call=${call} onAct=${acts[one]} label=${labels[one]} kind=${KIND[one]} />`)}
      ${call && inWrapUp(state, call) && html`<button class="act primary" data-act="done" onClick=${actions.done}>${t("do.done")} <kbd aria-hidden="true">↵</kbd></button>`}
    </div>
    <div class="line">
      ${call?.danger && html`<strong class="banner" data-danger>${t(OVER.has(call.phase) ? "say.danger" : "danger.banner")}</strong>`}
      ${call?.listened && html`<span class="mark warn" data-listened>${t("listened")}</span>`}
      <${LiveLine} text=${state.said} />
    </div>
  </section>`;
}

