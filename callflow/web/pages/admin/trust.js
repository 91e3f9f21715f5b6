// Whom the site believes and what it tells them, its keys by their digests, and its times.

import { html } from "../vendor/htm-preact.mjs";
import { t, word } from "../core/i18n.js";
import { Listed, yesNo } from "./house.js";

const dated = (at) => new Date(at * 1000).toLocaleDateString(document.documentElement.lang);
// in groups of four, to be read out
const digest = (hex) => (hex ?? "").slice(0, 32).replace(/(.{4})(?=.)/g, "$1 ");

export function Peers({ site }) {
  return html`<${Listed} name="peers" heads=${["id", "address", "believe", "send", "human", "codes", "hops", "key"]}>${site.peers.map((one) => html`
    <tr key=${one.id} data-peer=${one.id}><th scope="row">${one.id}</th><td class="mono">${one.address} ${one.exchange}</td><td>${yesNo(one.believe_identity)}</td>
      <td>${word("send", one.send_identity)}</td><td>${yesNo(one.answer_is_human)}</td><td>${one.number_refused_codes.join(" ")}</td><td>${one.max_hops}</td>
      <td class="mono">${digest(site.keys.peer_keys[one.id])}</td></tr>`)}</${Listed}>`;
}

export function Carriers({ site }) {
  return html`<${Listed} name="carriers" heads=${["id", "address", "trusted", "send"]}>${site.carriers.map((one) => html`
    <tr key=${one.id}><th scope="row">${one.id}</th><td class="mono">${one.address}</td><td>${yesNo(one.trusted)}</td><td>${word("send", one.send_identity)}</td></tr>`)}</${Listed}>`;
}

export function Keys({ site }) {
  const { keys } = site;
  return html`<section class="card" aria-labelledby="keys-title"><h2 id="keys-title">${t("keys")}</h2><dl class="facts-list">
    <dt>${t("keys.certificate")}</dt><dd>${dated(keys.certificate_ends_at)}</dd><dt>${t("keys.authority")}</dt><dd>${dated(keys.authority_ends_at)}</dd>
    <dt>${t("keys.own")}</dt><dd class="mono">${digest(keys.exchange_key)}</dd></dl><p class="dim">${t("keys.how")}</p></section>`;
}

const shown = (value) => (typeof value === "boolean" ? yesNo(value) : String(value) || "—");

export function Plans({ site }) {
  const rows = ["timing", "recording", "retention"].flatMap((part) => Object.entries(site[part]));
  return html`<section class="card" aria-labelledby="plans-title"><h2 id="plans-title">${t("plans")}</h2>
    <dl class="facts-list">${rows.map(([name, value]) => html`<dt>${word("plan", name)}</dt><dd>${shown(value)}</dd>`)}</dl></section>`;
}
