// The desk: session, events, keys, one drawing.

import { html, render } from "../vendor/htm-preact.mjs";
import { ask } from "../core/api.js";
import { speak, t } from "../core/i18n.js";
import { bindKeys } from "../core/keys.js";
import { Head, homeOf, paint, session, SignIn, signOut, switchesOf, themeNow } from "../core/shell.js";
import { makeStore, taste } from "../core/store.js";
import { listen } from "../core/stream.js";
import "./words.js";
import { makeActions } from "./actions.js";
import { CallBar } from "./bar.js";
import { Steps, TargetList } from "./handover.js";
import { Callbacks, MyCalls } from "./idle.js";
import { makeKeyMap } from "./keymap.js";
import { Menus, Trouble } from "./menus.js";
import { makeNoteKeeper, Note, Suggestion } from "./note.js";
import { makePhone } from "./phone.js";
import { currentCall, EVENTS, first } from "./state.js";
import { makeNotice, sayOf } from "./tell.js";
import { forgetDrafts } from "./ticketform.js";
import { Earlier, Ticket, ticketMoved } from "./tickets.js";

const HOUSE_EVERY_MS = 5000;
const TICKET_EVERY_MS = 30000; // its steps come as events; what was missed is found by then
const AT_A_DESK = new Set(["agent", "supervisor"]);

const store = makeStore({ ...first(), theme: themeNow() });
const phone = makePhone(store);
const actions = makeActions(store, phone);
const keeper = makeNoteKeeper(store);
const notice = makeNotice();
let stop = () => {};
let house = 0;
let asksTicket = 0;

function onEvent(name, told) {
  const before = store.state;
  store.change((state) => EVENTS[name]?.(state, told) ?? {});
  const said = told.call_id ? sayOf(before, store.state, name, told) : null;
  if (said) store.change({ said });
  if (name === "ticket") ticketMoved(store, told.incident_id);
  if (name === "snapshot") lookAtTicket(); // of what was missed meanwhile only calls are in it
  if (name === "attempt" && told.outcome === "joined") store.change({ problem: null, notice: null });
  actions.fireArmed();
  notice(store.state, currentCall(store.state));
  if (said && name === "call" && store.state.phone.state === "ringing") document.querySelector('[data-act="answer"]')?.focus();
}

async function lookRound() {
  const [directory, callbacks] = await Promise.all([ask("GET", "/directory"), ask("GET", "/callbacks")]);
  if (directory.ok) store.change({ targets: directory.body.targets });
  if (callbacks.ok) store.change({ callbacks: callbacks.body.callbacks });
  actions.fireArmed();
}

async function lookAtTicket() {
  const call = currentCall(store.state);
  if (call) await ticketMoved(store, call.incident_id);
}

async function open(signedIn) {
  taste.keep("in", "yes");
  store.change({ session: signedIn, said: "" });
  if (!AT_A_DESK.has(signedIn.agent.role)) return location.replace(homeOf(signedIn.agent.role)); // has no calls and so no events
  await lookRound();
  ask("GET", "/ticket-forms").then((forms) => { if (forms.ok) store.change({ forms: forms.body }); });
  house = setInterval(lookRound, HOUSE_EVERY_MS);
  asksTicket = setInterval(lookAtTicket, TICKET_EVERY_MS);
  stop = listen({
    path: "/events",
    names: Object.keys(EVENTS),
    on: onEvent,
    onState: (stream) => { if (store.state.stream !== stream) store.change({ stream }); },
    onRefused: async () => {
      if (await session()) return true;
      close();
      return false;
    },
  });
  phone.start();
}

function close() {
  stop();
  clearInterval(house);
  clearInterval(asksTicket);
  phone.stop();
  taste.keep("in", "");
  forgetDrafts();
  store.change({ ...first(), theme: store.state.theme, session: null });
}

const switches = {
  onKeys: (on) => {
    taste.keep("keys", on ? "on" : "off");
    store.change({ keysOn: on, said: t(on ? "say.keys.on" : "say.keys.off") });
  },
  ...switchesOf(store, { said: "" }),
};

function Phone({ state }) {
  return html`<span class="lamp phone ${state.phone.state}">${t(`phone.${state.phone.state}`)}</span>`;
}

function Desk({ state }) {
  const given = { store, actions, keeper };
  const head = { theme: state.theme, keysOn: state.keysOn, ...switches };
  if (state.session === undefined) return null;
  if (state.session === null) {
    return html`<${Head} ...${{ ...head, onKeys: null }} /><${SignIn} page="desk" onIn=${open} />`;
  }
  const who = state.session.agent;
  if (!AT_A_DESK.has(who.role)) return null; // on his way to his own page
  const call = currentCall(state);
  return html`<${Head} ...${head} who=${who} site=${state.session.site} stream=${state.stream} extra=${html`<${Phone} state=${state} />`}
      onOut=${async () => { await signOut(); close(); }} />
    <${CallBar} ...${given} />
    <main class="columns ${call ? "" : "idle"}">
      <h1 class="unseen">${t("title")}</h1>
      <div class="column"><${Trouble} ...${given} />${call && html`<${Earlier} ...${given} />`}<${Callbacks} ...${given} /><${MyCalls} ...${given} /></div>
      ${call && html`<div class="column"><${Note} ...${given} /><${Suggestion} ...${given} /><${Ticket} ...${given} /></div>`}
      <div class="column">${call && html`<${Steps} ...${given} />`}<${TargetList} ...${given} /></div>
    </main>
    <${Menus} ...${given} />`;
}

speak(taste.read("language", "zh-CN"));
paint(store.state.theme);
const root = document.getElementById("page");
store.watch((state) => {
  render(html`<${Desk} state=${state} />`, root);
  document.title = document.title || t("title");
});
bindKeys({ isOn: () => store.state.keysOn && Boolean(store.state.session), act: makeKeyMap(store, actions), leaveField: (field) => field.blur() });
// who has not signed in here is not asked for: the refusal would stand in the browser's log as an error
(taste.read("in", "") ? session() : Promise.resolve(null)).then((found) => (found ? open(found) : store.change({ session: null })));
