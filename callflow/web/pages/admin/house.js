// The house itself: what to look at, its parts, whom it can reach, who works in it, who is kept out.

import { html } from "../vendor/htm-preact.mjs";
import { both, day, nameOf, t, word } from "../core/i18n.js";
import { Table } from "../core/page.js";
import { KEYS, ONE_KEY } from "../desk/keymap.js";

export function Listed({ name, heads, children }) {
  return html`<section class="card" aria-labelledby=${`${name}-title`}><h2>${t(name)}</h2>
    <${Table} id=${`${name}-title`} caption=${t(name)} heads=${heads.map((one) => t(`${name}.${one}`))}>${children}</${Table}></section>`;
}

export const yesNo = (is) => t(is ? "yes" : "no");

export function Warnings({ warnings }) {
  return html`<section class="card" aria-labelledby="warnings-title"><h2 id="warnings-title">${t("warnings")} <span class="dim">${warnings.length || ""}</span></h2>
    ${warnings.length === 0 && html`<p class="dim">${t("warnings.none")}</p>`}
    <ul class="alerts">${warnings.map((one) => html`<li key=${one.about + one.en} class=${one.grave ? "" : "warn"}><strong>${one.about}</strong> ${both(one.zh, one.en)}</li>`)}</ul></section>`;
}

export function Parts({ health }) {
  return html`<${Listed} name="health" heads=${["name", "state", "cause"]}>${(health?.neighbours ?? []).map((one) => html`
    <tr key=${one.name} data-part=${one.name}><th scope="row">${one.name}</th>
      <td><span class="lamp ${one.ok ? "up" : "down"}">${t(one.ok ? "health.ok" : "health.missing")}</span></td><td>${one.cause ?? ""}</td></tr>`)}</${Listed}>`;
}

const DIGITS = 10;
const digitOf = (nth) => (nth >= DIGITS ? "—" : String((nth + 1) % DIGITS));
const lampOf = (is) => (is === null || is === undefined ? "unknown" : is ? "up" : "down");

export function Directory({ site }) {
  return html`<${Listed} name="directory" heads=${["key", "name", "sort", "via", "dial", "human", "contacts", "state"]}>${site.directory.map((one, nth) => html`
    <tr key=${one.code} data-target=${one.code}><td>${digitOf(nth)}</td><th scope="row">${nameOf(one)} <span class="dim">${one.code}</span></th>
      <td>${word("sort", one.sort)}</td><td>${one.via}</td><td>${one.dial}</td><td>${yesNo(personAnswers(site, one))}</td>
      <td>${one.contacts.length === 0 ? "—" : html`<ul>${one.contacts.map((contact) => html`<li key=${contact.dial}>${nameOf(contact)} <span class="dim">${contact.dial}, ${contact.via}</span></li>`)}</ul>`}</td>
      <td><span class="lamp ${lampOf(site.reachable[one.code])}">${t(`target.${lampOf(site.reachable[one.code])}`)}</span></td></tr>`)}</${Listed}>`;
}

// a platform's answer is its row's in the trust table
const personAnswers = (site, target) => site.peers.find((peer) => peer.id === target.via)?.answer_is_human ?? target.answer_is_human;

export function KeyMap() {
  const keys = [...Object.entries(KEYS).map(([act, key]) => [key, t(`do.${act}`)]), [ONE_KEY, t("help.one", { target: t("sort.platform") })]];
  return html`<section class="card" aria-labelledby="keymap-title"><h2 id="keymap-title">${t("keymap")}</h2>
    <ul class="row">${keys.map(([key, what]) => html`<li key=${key}><kbd>${key}</kbd> ${what}</li>`)}</ul>
    <p class="dim">${t("help.more")}</p><p class="dim">${t("keymap.phone")}</p></section>`;
}

export function Accounts({ accounts, roster, site }) {
  const now = (id) => {
    const one = roster?.agents.find((agent) => agent.agent_id === id);
    return one?.on_call ? "call" : one?.at_desk ? "desk" : "away";
  };
  return html`<${Listed} name="accounts" heads=${["id", "name", "role", "now"]}>${accounts.map((one) => html`
    <tr key=${one.id}><th scope="row">${one.id}</th><td>${one.name_zh}</td><td>${t(`role.${one.role}`)}${one.organisation && one.organisation !== site && html` <span class="mark info">${t("head.sent", { site: one.organisation })}</span>`}</td>
      <td><span class="lamp ${{ call: "talking", desk: "up", away: "unknown" }[now(one.id)]}">${t(`now.${now(one.id)}`)}</span></td></tr>`)}</${Listed}>`;
}

export function Bans({ bans }) {
  const found = bans?.bans ?? [];
  if (found.length === 0) return html`<section class="card" aria-labelledby="bans-title"><h2 id="bans-title">${t("bans")}</h2><p class="dim">${t("bans.none")}</p></section>`;
  return html`<${Listed} name="bans" heads=${["address", "reason", "until", "times"]}>${found.map((one) => html`
    <tr key=${one.address}><th scope="row" class="mono">${one.address}</th><td>${word("reason", one.reason)}</td><td>${day(one.until)}</td><td>${one.times}</td></tr>`)}</${Listed}>`;
}
