// What a key opens over the page: the targets to pick from, the question of consent, danger, the keys.

import { html } from "../vendor/htm-preact.mjs";
import { both, nameOf, t } from "../core/i18n.js";
import { told } from "../core/shell.js";
import { currentCall, targetNamed } from "./state.js";
import { KEYS, ONE_KEY } from "./keymap.js";
import { Sealing, Unsealing } from "./secret.js";
import { targetState } from "./can.js";

const digitOf = (index) => (index === 9 ? "0" : String(index + 1));

function Targets({ store, actions }) {
  const { state } = store;
  const call = currentCall(state);
  return html`<div class="sheet" role="dialog" aria-label=${t(`menu.${state.menu}`)}>
    <h2>${t(`menu.${state.menu}`)}</h2>
    <ol class="picks">${state.targets.slice(0, 10).map((target, index) => html`<li key=${target.code}>
      <button class="pick" disabled=${target.reachable === false || targetState(call, target.code)} onClick=${() => actions.choose(state.menu, target.code)}>
        <kbd aria-hidden="true">${digitOf(index)}</kbd><span>${nameOf(target)}</span><span class="dim">${target.code}</span></button></li>`)}</ol>
    <label class="switch"><input type="checkbox" checked=${state.isPrivate} onChange=${(e) => store.change({ isPrivate: e.currentTarget.checked })} />${t("do.private")}</label>
    <button class="quiet" onClick=${actions.close}>${t("menu.close")} <kbd aria-hidden="true">Esc</kbd></button>
  </div>`;
}

function Consent({ store, actions }) {
  const { state } = store;
  const target = nameOf(targetNamed(state, state.asking.target));
  return html`<div class="sheet" role="dialog" aria-label=${t("consent.ask", { target })}>
    <h2>${t("consent.ask", { target })}</h2>
    <div class="row">
      <button class="act go" onClick=${() => actions.consent("agreed")}>${t("consent.agreed")} <kbd aria-hidden="true">Y</kbd></button>
      <button class="act" onClick=${() => actions.consent("declined")}>${t("consent.declined")} <kbd aria-hidden="true">N</kbd></button>
      <button class="act" onClick=${() => actions.consent("not_possible_danger")}>${t("consent.not_possible_danger")}</button>
      <button class="quiet" onClick=${actions.close}>${t("menu.close")} <kbd aria-hidden="true">Esc</kbd></button>
    </div>
  </div>`;
}

const Danger = ({ actions }) => html`<div class="sheet alarm" role="alertdialog" aria-label=${t("danger.ask")}>
  <h2>${t("danger.ask")}</h2>
  <div class="row"><button class="act alarm" onClick=${actions.danger}>${t("danger.yes")} <kbd aria-hidden="true">D</kbd></button>
  <button class="quiet" onClick=${actions.close}>${t("menu.close")} <kbd aria-hidden="true">Esc</kbd></button></div>
</div>`;

function Help({ store, actions }) {
  const platform = store.state.targets.find((target) => target.sort === "platform");
  return html`<div class="sheet" role="dialog" aria-label=${t("help")}>
    <h2>${t("help")}</h2>
    <ul class="keys">${Object.entries(KEYS).map(([action, key]) => html`<li key=${key}><kbd>${key}</kbd> ${t(`do.${action}`)}</li>`)}
      <li><kbd>Y</kbd> ${t("consent.kept")}</li>
      ${platform && html`<li><kbd>${ONE_KEY}</kbd> ${t("help.one", { target: nameOf(platform) })}</li>`}</ul>
    <p>${t("help.more")}</p>
    <button class="quiet" onClick=${actions.close}>${t("menu.close")} <kbd aria-hidden="true">Esc</kbd></button>
  </div>`;
}

// What was refused or went wrong: the cause, what to do, and the next steps as buttons.
export function Trouble({ store, actions }) {
  const { state } = store;
  const text = state.problem ? told(state.problem) : state.notice ? both(state.notice.zh, state.notice.en) : "";
  if (!text) return null;
  const call = currentCall(state);
  const failed = [...(call?.attempts ?? [])].reverse().find((one) => one.outcome && one.outcome !== "joined");
  return html`<div class="trouble" data-code=${state.problem?.code ?? state.notice?.code}>
    <p><strong>${text}</strong></p>
    <div class="row">${state.offers.filter((offer) => offer.do !== "ticket" || call).slice(0, 6).map((offer, n) => html`<button key=${n} class="act" onClick=${() => actions.takeOffer(offer, failed)}>${offerText(offer)}</button>`)}
      <button class="quiet" onClick=${actions.close}>${t("menu.close")} <kbd aria-hidden="true">Esc</kbd></button></div>
  </div>`;
}

export const offerText = (offer) => both(offer.zh, offer.en)
  || [t(OFFER_WORDS[offer.do] ?? "step.next"), nameOf(offer)].filter(Boolean).join(" ");
const OFFER_WORDS = { ticket: "offer.ticket", next_contact: "offer.next_contact", handover: "offer.handover" };

const SHEETS = { one_key: Targets, three_party: Targets, danger: Danger, help: Help, seal: Sealing, unseal: Unsealing };

export function Menus({ store, actions }) {
  const { state } = store;
  const given = { store, actions };
  if (state.asking) return html`<${Consent} ...${given} />`;
  return state.menu ? html`<${SHEETS[state.menu]} ...${given} />` : null;
}
