// A site as its administrator sees it: to read, with what deserves a second look first.

import { html } from "../vendor/htm-preact.mjs";
import { t } from "../core/i18n.js";
import { openPage } from "../core/page.js";
import "./words.js";
import { Accounts, Bans, Directory, KeyMap, Parts, Warnings } from "./house.js";
import { Carriers, Keys, Peers, Plans } from "./trust.js";

const { store } = openPage({
  name: "admin",
  looks: [
    { everyMs: 5000, what: { health: "/health/ready", roster: "/roster" } },
    { everyMs: 30000, what: { site: "/site" } },
    { everyMs: 30000, what: { bans: "/bans" }, roles: ["administrator"] },
  ],
  View,
});

function View() {
  const { told, session } = store.state;
  const { site } = told;
  if (!site) return html`<p class="dim">${t("page.loading")}</p>`;
  return html`<p class="dim">${t("read.only")}</p>
    <div class="grid">
      <div class="half"><${Warnings} warnings=${site.warnings} /></div>
      <div class="half"><${Parts} health=${told.health} /></div>
      <${Directory} site=${site} />
      <${Peers} site=${site} />
      <div class="half"><${Carriers} site=${site} /></div>
      <div class="half"><${Keys} site=${site} /></div>
      <div class="half"><${Accounts} accounts=${site.accounts} roster=${told.roster} /></div>
      <div class="half"><${KeyMap} /></div>
      ${session.agent.role === "administrator" && html`<div class="half"><${Bans} bans=${told.bans} /></div>`}
      <div class="half"><${Plans} site=${site} /></div>
    </div>`;
}
