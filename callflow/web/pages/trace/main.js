// One incident, whole: who rang whom, what crossed between the platforms, what became of the tickets, who did it when.
// The incident stands behind the # of the address: so it can be linked to, and is never sent in an address.

import { html } from "../vendor/htm-preact.mjs";
import { ask } from "../core/api.js";
import { t } from "../core/i18n.js";
import { openPage } from "../core/page.js";
import { told } from "../core/shell.js";
import "./words.js";
import { Calls, Tickets } from "./facts.js";
import { Find, Newest } from "./find.js";
import { Ladder } from "./ladder.js";
import { Recordings } from "./recordings.js";

const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

const { store, mayLook } = openPage({
  name: "trace",
  looks: [{ everyMs: 30000, what: { directory: "/directory" } }],
  first: { wanted: "", trace: null, refusal: null, newest: null, recordings: [], shown: { voice: true, ticket: true, message: true } },
  View,
});

export const incidentNow = () => decodeURIComponent(location.hash.slice(1)).trim().toUpperCase();

async function read() {
  const wanted = incidentNow();
  if (!mayLook()) return;
  store.change({ wanted, refusal: null });
  if (!wanted) return newest();
  const incident = ULID.test(wanted) ? wanted : await incidentOf(wanted);
  const said = incident ? await ask("GET", `/incidents/${incident}/trace`) : null;
  if (incidentNow() !== wanted) return; // somebody has gone on meanwhile
  if (!said?.ok) return store.change({ trace: null, refusal: said?.body ?? {} });
  store.change({ trace: said.body, recordings: [] });
  const lists = await Promise.all(said.body.calls.map((call) => ask("GET", `/calls/${call.call_id}/recordings`)));
  if (incidentNow() === wanted) store.change({ recordings: lists.flatMap((one) => (one.ok ? one.body.recordings : [])) });
}

async function incidentOf(number) {
  if (!/^[A-Z]{2}[0-9A-Z-]{4,38}$/.test(number)) return null;
  const said = await ask("GET", `/tickets/${number}`);
  return said.ok ? said.body.incident_id : null;
}

async function newest() {
  const said = await ask("POST", "/tickets/search", { limit: 30 });
  store.change({ trace: null, newest: said.ok ? said.body.tickets : [] });
}

async function unseal(ticket, text) {
  const said = await ask("POST", `/tickets/${ticket.ticket_id}/unseal`, { text });
  if (said.ok) return read();
  return store.change({ refusal: said.body });
}

addEventListener("hashchange", read);
let signedIn = null;
store.watch((state) => {
  if (state.session === signedIn) return;
  signedIn = state.session;
  if (signedIn) read();
});

const go = (wanted) => {
  if (incidentNow() === wanted.toUpperCase()) return read();
  location.hash = encodeURIComponent(wanted);
  return undefined;
};

function View() {
  const { trace, refusal, wanted } = store.state;
  return html`<${Find} wanted=${wanted} onGo=${go} onAgain=${read} />
    ${refusal && html`<p class="card problem" role="alert">${told(refusal) || t("find.none")}</p>`}
    ${!wanted && html`<${Newest} tickets=${store.state.newest} />`}
    ${trace && html`<${Incident} trace=${trace} />`}`;
}

function Incident({ trace }) {
  const { told: { directory }, recordings, shown } = store.state;
  const { role } = store.state.session.agent;
  const toggle = (kind) => store.change((now) => ({ shown: { ...now.shown, [kind]: !now.shown[kind] } }));
  return html`<p class="row"><span class="label">${t("incident")}</span><strong class="mono" data-incident>${trace.incident_id}</strong></p>
    <div class="grid">
      <div class="half"><${Calls} trace=${trace} directory=${directory} /></div>
      <div class="half column"><${Tickets} trace=${trace} directory=${directory} role=${role} onUnseal=${unseal} /><${Recordings} recordings=${recordings} role=${role} /></div>
      <${Ladder} trace=${trace} directory=${directory} shown=${shown} onToggle=${toggle} />
    </div>`;
}
