// What the keys and buttons do. Every wish goes to the server as one request; what it says is shown, never guessed.

import { ask } from "../core/api.js";
import { nameOf, t } from "../core/i18n.js";
import { told } from "../core/shell.js";
import { can, isOffered } from "./can.js";
import { makeSeal } from "./secret.js";
import { arm, currentCall, inTalk, keepDone, targetNamed } from "./state.js";

export function makeActions(store, phone) {
  const now = () => Date.now();
  const say = (said) => store.change({ said });
  const current = () => currentCall(store.state);

  async function post(path, body) {
    const said = await ask("POST", path, body);
    if (said.ok) store.change({ problem: null });
    else store.change({ problem: said.body, offers: said.body?.offers ?? [], said: told(said.body) });
    return said;
  }
  const onCall = (path, body) => post(`/calls/${current().call_id}/${path}`, body);

  // ---- a handover: menu, target, consent, then the request; pressed too early it waits for the answer

  function pick(digit) {
    const target = store.state.targets[digit === "0" ? 9 : Number(digit) - 1];
    if (target) choose(store.state.menu, target.code);
  }

  function choose(kind, target, contact = 0) {
    const call = current();
    store.change({ menu: null, problem: null, notice: null });
    if (!can(store.state, kind, call)) return say(t("not.now"));
    const wish = { kind, target, contact, isPrivate: store.state.isPrivate };
    const consent = call.danger ? "not_possible_danger" : store.state.consents[call.call_id];
    if (consent === "agreed" || consent === "not_possible_danger") bring(call, wish, consent);
    else store.change({ asking: wish, said: t("consent.ask", { target: nameOf(targetNamed(store.state, target)) }) });
  }

  function consent(answer) {
    const { asking } = store.state;
    const call = current();
    store.change((state) => ({ asking: null, consents: { ...state.consents, [call.call_id]: answer } }));
    if (!asking) return;
    if (answer === "declined") return say(t("consent.no"));
    bring(call, asking, answer);
  }

  function bring(call, wish, consentGiven) {
    const target = nameOf(targetNamed(store.state, wish.target));
    if (isOffered(store.state, call)) {
      const key = wish.kind === "one_key" ? "T" : "C";
      return store.change({ armed: arm(call, { ...wish, consent: consentGiven }, now()), said: t("armed", { key, target }) });
    }
    store.change({ armed: null, isPrivate: false, said: t("asked", { target }) });
    return post(`/calls/${call.call_id}/handover`, {
      target: wish.target, kind: wish.kind, contact: wish.contact, private: wish.isPrivate, consent: consentGiven,
      note: store.state.drafts[call.call_id] ?? "",
    });
  }

  // called after every event: a key that came before the answer is carried out with it
  function fireArmed() {
    const { armed } = store.state;
    const call = armed && store.state.calls[armed.call_id];
    if (!armed) return;
    if (now() > armed.until) store.change({ armed: null });
    else if (inTalk(store.state, call)) bring(call, armed, armed.consent);
  }

  function openMenu(menu) {
    if (menu !== "help" && !can(store.state, menu, current())) return say(t("not.now"));
    const before = store.state.menu;
    store.change({ menu: before === menu && menu !== "danger" ? null : menu, asking: null, said: t(MENU_WORDS[menu]) });
  }

  function danger() {
    if (store.state.menu !== "danger") return openMenu("danger");
    store.change({ menu: null });
    return onCall("danger");
  }

  const plain = (action, path, body) => () => (can(store.state, action, current()) ? onCall(path, body) : say(t("not.now")));
  const byPhone = (action, act) => () => {
    if (can(store.state, action)) return act();
    return say(t(store.state.phone.state === "off" ? "by.phone" : "not.now"));
  };

  function done() {
    const call = current();
    const finished = [...store.state.done, call.call_id];
    keepDone(finished);
    store.change({ done: finished, chosen: null, problem: null, notice: null, said: t("idle") });
  }

  function close() {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    store.change({ menu: null, asking: null, armed: null, problem: null, notice: null });
  }

  async function takeOffer(offer, attempt) {
    const call = current();
    const target = offer.target ?? attempt?.target;
    if (offer.do === "ticket") return document.getElementById("dispatch-text")?.focus();
    const kind = offer.do === "three_party" ? "three_party" : attempt?.kind ?? "one_key";
    if (call.danger || attempt?.consent === "agreed") {
      store.change((state) => ({ consents: { ...state.consents, [call.call_id]: state.consents[call.call_id] ?? "agreed" } }));
    }
    return choose(kind, target, offer.contact ?? 0);
  }

  return {
    pick, choose, consent, fireArmed, openMenu, danger, done, close, takeOffer, post, onCall, say, ...makeSeal(store, { post, say }),
    answer: byPhone("answer", () => phone.answer()),
    hold: byPhone("hold", () => phone.hold()),
    hangUp: byPhone("hang_up", () => phone.hangUp()),
    cancel: plain("cancel", "handover/cancel", {}),
    join: plain("join", "handover/join", {}),
    stay: plain("stay", "handover/stay", {}),
    leave: plain("leave", "leave", {}),
    accept: plain("accept", "owner", { decision: "accept" }),
    refuse: plain("refuse", "owner", { decision: "refuse" }),
    nuisance: plain("nuisance", "nuisance", {}),
    drop: (target) => onCall("drop", { target }),
    answered: plain("answered", "disposition", { disposition: "answered" }),
    speaks: (language) => onCall("language", { language }),
    dispose: (disposition) => disposition && onCall("disposition", { disposition }),
    note: () => document.getElementById("note")?.focus(),
    ticket: () => document.getElementById("form-category")?.focus(),
    toggleConsent: () => {
      const call = current();
      if (!call) return;
      const given = store.state.consents[call.call_id] === "agreed";
      const consents = { ...store.state.consents, [call.call_id]: given ? undefined : "agreed" };
      store.change({ consents, said: given ? "" : t("consent.kept") });
    },
    lateConsent: (answer) => onCall("consent", { consent: answer }),
    reveal: async (callId, reason) => {
      const said = reason && await post(`/calls/${callId}/reveal`, { reason });
      if (said?.ok) store.change((state) => ({ revealed: { ...state.revealed, [callId]: said.body.number ?? t("withheld") } }));
    },
    callBack: (callId) => post(`/callbacks/${callId}/call`, {}),
  };
}

const MENU_WORDS = { one_key: "menu.one_key", three_party: "menu.three_party", danger: "danger.ask", help: "help" };
