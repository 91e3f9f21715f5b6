// A site as its administrator sees it: to read, with what deserves a second look first. The plan of duties alone is changed here.

import { html } from "../vendor/htm-preact.mjs";
import { t } from "../core/i18n.js";
import { openPage } from "../core/page.js";
import "./words.js";
import { Factor } from "./factor.js";
import { Accounts, Bans, Directory, KeyMap, Parts, Warnings } from "./house.js";
import { Shifts } from "./shifts.js";
import { Carriers, Keys, Peers, Plans } from "./trust.js";

const FACTOR = { everyMs: 30000, what: { factor: "/second-factor" } };
const SITE = { everyMs: 30000, what: { site: "/site" } };
const SHIFTS = { everyMs: 30000, what: { shifts: "/shifts", duty: "/duty" } };
const { store, lookRound } = openPage({
  name: "admin",
  looks: [
    { everyMs: 5000, what: { health: "/health/ready", roster: "/roster" } },
    SITE,
    SHIFTS,
    FACTOR,
    { everyMs: 30000, what: { bans: "/bans" }, roles: ["administrator"] },
  ],
  View,
});

function View() {
  const { told, session } = store.state;
  const { site } = told;
  const factor = told.factor && html`<${Factor} standing=${told.factor} onChange=${() => { lookRound(FACTOR); lookRound(SITE); }} />`;
  if (factor && told.factor.required && !told.factor.enrolled) return factor;
  if (!site) return html`<p class="dim">${t("page.loading")}</p>`;
  return html`<p class="dim">${t("read.only")}</p>
    <div class="grid">
      <div class="half"><${Warnings} warnings=${site.warnings} /></div>
      <div class="half"><${Parts} health=${told.health} /></div>
      <${Shifts} shifts=${told.shifts} duty=${told.duty} accounts=${site.accounts} mayChange=${session.agent.role === "administrator"} onChange=${() => lookRound(SHIFTS)} />
      <${Directory} site=${site} />
      <${Peers} site=${site} />
      <div class="half"><${Carriers} site=${site} /></div>
      <div class="half"><${Keys} site=${site} /></div>
      <div class="half"><${Accounts} accounts=${site.accounts} roster=${told.roster} site=${site.platform.id} /></div>
      <div class="half"><${KeyMap} /></div>
      ${session.agent.role === "administrator" && html`<div class="half"><${Bans} bans=${told.bans} /></div>`}
      <div class="half"><${Plans} site=${site} /></div>
      <div class="half">${factor}</div>
    </div>`;
}
