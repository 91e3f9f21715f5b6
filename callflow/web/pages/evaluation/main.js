// What an evaluator from outside reads: the figures of a period, and how its matters went. There is no person in any of
// it: the API sends none. The one thing done here is to mark a call of his own.

import { html } from "../vendor/htm-preact.mjs";
import { ask } from "../core/api.js";
import { t } from "../core/i18n.js";
import { openPage } from "../core/page.js";
import { told } from "../core/shell.js";
import "./words.js";
import { Groups, Handovers, Lines, Stages, Tiles } from "./figures.js";
import { Matters, Mystery } from "./matters.js";
import { lastDays, Period, secondsOf, wrongWith } from "./period.js";

const AT_ONCE = 100; // rows; the feed's own pages are longer

const { store, mayLook } = openPage({
  name: "evaluation",
  looks: [],
  first: { period: lastDays(30), by: "all", wrong: "", matters: [], next: null, shown: AT_ONCE, sure: "", said: "", wrongTicket: "" },
  View,
});

let turn = 0;

async function read(period = store.state.period, by = store.state.by) {
  const wrong = wrongWith(period);
  store.change({ period, by, wrong });
  if (wrong || !mayLook()) return;
  turn += 1;
  const mine = turn;
  const { from, to } = secondsOf(period);
  const opened = { opened_from: from, opened_to: to };
  const asked = {
    all: ask("POST", "/figures", opened), lines: ask("POST", "/figures/lines", { arrived_from: from, arrived_to: to }),
    feed: ask("POST", "/evaluation", opened), ...(by === "all" ? {} : { groups: ask("POST", "/figures", { ...opened, by }) }),
  };
  const names = Object.keys(asked);
  const said = await Promise.all(Object.values(asked));
  if (mine !== turn) return; // another period was asked for meanwhile
  const fresh = Object.fromEntries(names.map((name, n) => [name, said[n].ok ? said[n].body : null]));
  store.change({
    told: fresh, problems: Object.fromEntries(names.map((name, n) => [name, said[n].ok ? null : said[n].body ?? {}])),
    matters: fresh.feed?.tickets ?? [], next: fresh.feed?.next ?? null, shown: AT_ONCE, said: "",
    offset: fresh.feed ? fresh.feed.at - Date.now() / 1000 : store.state.offset,
  });
}

async function more() {
  const { matters, shown, next, period } = store.state;
  if (shown < matters.length || !next) return store.change({ shown: shown + AT_ONCE });
  const mine = turn;
  const { from, to } = secondsOf(period);
  const said = await ask("POST", "/evaluation", { opened_from: from, opened_to: to, after: next });
  if (mine !== turn) return undefined;
  if (!said.ok) return store.change({ problems: { feed: said.body } });
  return store.change({ matters: [...matters, ...said.body.tickets], next: said.body.next, shown: shown + AT_ONCE });
}

async function mark(ticket) {
  const said = await ask("POST", `/evaluation/${ticket}/mystery`, {});
  store.change((now) => ({
    sure: "", said: said.ok ? t("mystery.done", { ticket }) : "", wrongTicket: said.ok ? "" : told(said.body),
    matters: now.matters.map((one) => (said.ok && one.ticket_id === ticket ? { ...one, mystery: true } : one)),
  }));
}

let signedIn = null;
store.watch((state) => {
  if (state.session === signedIn) return;
  signedIn = state.session;
  if (signedIn) read();
});

function View() {
  const { told: { all, groups, lines }, period, by, wrong, matters, shown, next, sure, said, wrongTicket, now, offset } = store.state;
  const whole = all?.groups[0];
  return html`<${Period} period=${period} by=${by} wrong=${wrong} onRead=${read} />
    ${!all && html`<p class="dim">${t("page.loading")}</p>`}
    ${all && !whole && html`<p class="card dim" data-none>${t("none")}</p>`}
    ${whole && html`<${Tiles} group=${whole} />`}
    <div class="grid">
      ${groups && html`<${Groups} groups=${groups.groups} />`}
      ${whole && html`<div class="most"><${Stages} stages=${whole.stages} /></div>`}
      ${lines && html`<div class="third"><${Handovers} transfers=${lines.transfers} /></div>`}
      ${lines && html`<${Lines} lines=${lines.lines} />`}
      <${Mystery} sure=${sure} said=${said} wrong=${wrongTicket} onMark=${mark} onNot=${() => store.change({ sure: "" })}
        onAsk=${(ticket) => store.change({ sure: ticket ?? "", said: "", wrongTicket: ticket ? "" : t("mystery.form") })} />
      ${all && html`<${Matters} matters=${matters.slice(0, shown)} goesOn=${shown < matters.length || next !== null} now=${now + offset} onMore=${more} />`}
    </div>`;
}
