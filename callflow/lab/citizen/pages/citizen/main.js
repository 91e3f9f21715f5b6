// Be the citizen: choose a number, call 12345 or 110, talk, press keys, hang up. The lab's alone.

import { html, render } from "../vendor/htm-preact.mjs";
import { ask } from "../core/api.js";
import { lasting, speak, t } from "../core/i18n.js";
import { Head, LiveLine, paint, switchesOf, themeNow, told } from "../core/shell.js";
import { makeStore, taste } from "../core/store.js";
import "./words.js";
import { makeLine } from "./line.js";

const PAD = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const SECOND_MS = 1000;
const BUSY = new Set(["calling", "ringing", "talking"]);

const store = makeStore({
  theme: themeNow(), offer: null, problem: null, number: null, now: Date.now(),
  call: { state: "idle" }, hearing: { word: "nothing", level: 0 },
});
let line = null;

const switches = switchesOf(store);

function standing({ call }, withTime = "") {
  return t(`stand.${call.state}`, { number: call.to, time: withTime, why: call.why ? t(`why.${call.why}`) : "" });
}

function timeOf({ call, now }) {
  if (call.state === "talking") return lasting((now - call.began) / SECOND_MS);
  return call.lasted ? lasting(call.lasted) : "";
}

function Telephone({ state }) {
  const { offer, call, hearing } = state;
  const busy = BUSY.has(call.state);
  return html`<section class="card telephone" aria-labelledby="title"><h1 id="title">${t("title")}</h1>
    <label>${t("from")}<select name="number" disabled=${busy} onChange=${(e) => store.change({ number: e.currentTarget.value })}>
      ${offer.lines.map((one) => html`<option key=${one.number} value=${one.number} selected=${one.number === state.number}>
        ${one.withheld ? t("from.withheld", one) : one.number}</option>`)}</select></label>
    <div class="dial">${offer.platforms.map((to) => html`<button key=${to} class="primary" data-dial=${to} autofocus=${to === offer.platforms[0]} disabled=${busy}
      onClick=${() => line.dial(state.number, to)}>${t("dial", { number: to })}</button>`)}</div>
    <p class="standing" data-call=${call.state}>${standing(state, timeOf(state))}</p>
    <div class="unseen"><${LiveLine} text=${standing(state)} /></div>
    <button class="stop end" data-end disabled=${!busy} onClick=${() => line.hangUp()}>${t("end")}</button>
    <div class="hearing"><p>${t("hear")}: <strong data-hears=${hearing.word}>${t(`hear.${hearing.word}`)}</strong></p>
      <meter min="0" max="1" value=${hearing.level} aria-label=${t("level")}></meter></div>
    <div class="pad" role="group" aria-label=${t("pad")}>${PAD.map((key) => html`<button key=${key} data-tone=${key}
      disabled=${call.state !== "talking"} onClick=${() => line.tone(key)}>${key}</button>`)}</div></section>`;
}

function Citizen({ state }) {
  return html`<${Head} name=${t("head")} theme=${state.theme} ...${switches} />
    <main class="citizen">
      ${state.offer && html`<${Telephone} state=${state} />`}
      ${state.problem && html`<p role="alert" class="problem">${told(state.problem)}</p>`}
      <p class="dim">${t("story")} ${t("only.lab")}</p></main>`;
}

speak(taste.read("language", "zh-CN"));
paint(store.state.theme);
const root = document.getElementById("page");
let before = "idle";
store.watch((state) => {
  render(html`<${Citizen} state=${state} />`, root);
  document.title = t("title");
  const [was, is] = [BUSY.has(before), BUSY.has(state.call.state)];
  before = state.call.state;
  // the one thing to do next has the focus: Enter calls, Enter hangs up
  if (was !== is) document.querySelector(is ? "[data-end]" : "[data-dial]")?.focus();
});
setInterval(() => { if (store.state.call.state === "talking") store.change({ now: Date.now() }); }, SECOND_MS);
window.addEventListener("pagehide", () => line?.hangUp());

ask("GET", "/lines").then((said) => {
  if (!said.ok) return store.change({ problem: said.body });
  line = makeLine(store, said.body.host);
  store.change({ offer: said.body, number: said.body.lines[0].number });
});
