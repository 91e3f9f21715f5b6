// The right-hand column: whom the caller can be handed to, and every step of each try, with its cause and what to do next.

import { html } from "../vendor/htm-preact.mjs";
import { clock, nameOf, t, word } from "../core/i18n.js";
import { Timer } from "./bar.js";
import { can, targetState } from "./can.js";
import { currentCall, inTalk, targetNamed } from "./state.js";
import { offerText } from "./menus.js";

const SUGGESTED = { one_key_110: "110", one_key_12345: "12345" };

export function TargetList({ store, actions }) {
  const { state } = store;
  const call = currentCall(state);
  const suggestion = call && state.suggestions[call.call_id]?.suggestion;
  const hinted = suggestion && (suggestion.action === "three_party" ? suggestion.platform : SUGGESTED[suggestion.action]);
  return html`<section class="card" aria-labelledby="targets-title"><h2 id="targets-title">${t("targets")}</h2>
    <ul class="targets">${state.targets.map((target, index) => {
      const standing = targetState(call, target.code);
      const lamp = standing ?? (target.reachable === false ? "down" : target.reachable ? "up" : "unknown");
      const isHinted = hinted === target.code || suggestion?.hotlines?.includes(target.code);
      return html`<li key=${target.code} class="target" data-target=${target.code}>
        ${state.keysOn && index < 10 ? html`<kbd aria-hidden="true">${index === 9 ? 0 : index + 1}</kbd>` : html`<span></span>`}
        <span class="name">${nameOf(target)} <span class="dim">${target.code}</span>${isHinted && html` <span class="mark info">${t("target.suggested")}</span>`}</span>
        <span class="lamp ${lamp}">${t(`target.${lamp}`)}</span>
        ${call && !standing && html`<span class="row tight">
          <button class="small" disabled=${!can(state, "one_key", call) || lamp === "down"} onClick=${() => actions.choose("one_key", target.code)} aria-label=${`${t("do.one_key")} ${nameOf(target)}`}>${t("short.one_key")}</button>
          <button class="small" disabled=${!can(state, "three_party", call) || lamp === "down"} onClick=${() => actions.choose("three_party", target.code)} aria-label=${`${t("do.three_party")} ${nameOf(target)}`}>${t("short.three_party")}</button></span>`}
        ${call && standing === "in" && inTalk(state, call) && html`<button class="small" onClick=${() => actions.drop(target.code)}>${t("do.drop")}</button>`}
      </li>`;
    })}</ul></section>`;
}

const MOMENTS = [["started_at", "asked"], ["ringing_at", "ringing"], ["consulting_at", "private"], ["joined_at", "joined"]];

function stepsOf(attempt) {
  const steps = MOMENTS.filter(([at]) => attempt[at] !== null).map(([at, name]) => ({ at: attempt[at], text: t(`step.${name}`) }));
  if (attempt.ended_at !== null) {
    const went = attempt.joined_at !== null && attempt.outcome === "joined";
    steps.push({ at: attempt.ended_at, text: went ? t("step.left") : word("outcome", attempt.outcome), bad: !went });
  }
  return steps;
}

function Attempt({ state, call, attempt, actions }) {
  const name = nameOf(targetNamed(state, attempt.target)) || attempt.target;
  const live = attempt.ended_at === null;
  const failed = !live && attempt.outcome !== "joined";
  return html`<li class="attempt ${failed ? "failed" : live ? "live" : ""}" data-outcome=${attempt.outcome ?? "ringing"}>
    <p class="what"><strong>${word("kind", attempt.kind)} → ${name}</strong>
      ${live && attempt.joined_at === null && html` <${Timer} since=${attempt.started_at} offset=${state.clockOffset} />`}</p>
    <ol class="steps">${stepsOf(attempt).map((step) => html`<li class=${step.bad ? "bad" : ""}><time>${clock(step.at)}</time> ${step.text}</li>`)}</ol>
    ${live && attempt.kind === "one_key" && inTalk(state, call) && !call.stay && html`<p class="dim">${t("step.released")}</p>`}
    ${failed && inTalk(state, call) && html`<p>${t("call.safe")}${attempt.offers.length ? ` ${t("step.next")}:` : ""}</p>
      <div class="row tight">${attempt.offers.map((offer, n) => html`<button key=${n} class="small" onClick=${() => actions.takeOffer(offer, attempt)}>${offerText(offer)}</button>`)}</div>`}
    ${attempt.consent === "not_recorded" && attempt.way !== "desk" && html`<p>${t("consent.after")}</p>
      <div class="row tight">${["agreed", "declined", "not_possible_danger"].map((said) => html`<button class="small" onClick=${() => actions.lateConsent(said)}>${t(`consent.${said}`)}</button>`)}</div>`}
  </li>`;
}

export function Steps({ store, actions }) {
  const { state } = store;
  const call = currentCall(state);
  const attempts = [...(call?.attempts ?? [])].sort((a, b) => b.started_at - a.started_at);
  return html`<section class="card" aria-labelledby="steps-title"><h2 id="steps-title">${t("steps")}</h2>
    ${attempts.length === 0 && html`<p class="dim">${t("steps.none")}</p>`}
    <ul class="attempts">${attempts.map((one) => html`<${Attempt} key=${one.attempt_id} state=${state} call=${call} attempt=${one} actions=${actions} />`)}</ul>
  </section>`;
}
