// A page to look at: signing in, who may see it, its head, and looks round as often as each is worth. A look that
// fails leaves what was there and says so. The desk, which acts, has its own.

import { html, render } from "../vendor/htm-preact.mjs";
import { ask } from "./api.js";
import { addWords, speak, t } from "./i18n.js";
import { Head, PAGES, paint, session, SignIn, signOut, switchesOf, themeNow, told } from "./shell.js";
import { makeStore, taste } from "./store.js";
import { listen } from "./stream.js";

addWords({
  "page.not.yours": ["该账号({role})无权查看此页面。", "This page is not for the role of this account ({role})."],
  "page.goto": ["请前往:", "Yours are:"],
  "page.at": ["更新于 {time}", "As of {time}"],
  "page.loading": ["正在读取…", "Loading…"],
});

const SECOND_MS = 1000;

// looks: [{ everyMs, what: { name: path }, roles }], `roles` when it is not for all of the page's; stream: { path, names, on }, if the page has one;
// View gets { store }. Returns the store, whether this role may see the page, and a look at one group out of its turn.
export function openPage({ name, looks, stream, View, first = {} }) {
  const store = makeStore({ session: undefined, theme: themeNow(), told: {}, problems: {}, offset: 0, now: Date.now() / 1000, ...first });
  const timers = new Map();
  let stop = () => {};
  const mayLook = () => PAGES[name].roles.includes(store.state.session?.agent.role); // without a session: no

  async function lookRound(group) {
    const names = Object.keys(group.what);
    const said = await Promise.all(names.map((one) => ask("GET", group.what[one])));
    if (!store.state.session) return;
    if (said.some((one) => one.status === 401)) return close();
    const fresh = {};
    const problems = {};
    said.forEach((one, n) => {
      // a site that is not ready says so with 503, and its answer is what we want to see
      if (one.ok || one.body?.neighbours) fresh[names[n]] = one.body;
      problems[names[n]] = one.ok || one.body?.neighbours ? null : one.body ?? {};
    });
    const at = Object.values(fresh).find((one) => one.at)?.at;
    store.change((now) => ({
      told: { ...now.told, ...fresh }, problems: { ...now.problems, ...problems },
      offset: at ? at - Date.now() / 1000 : now.offset,
    }));
  }

  async function goOn(group) {
    const role = store.state.session?.agent.role;
    if (!document.hidden && mayLook() && (group.roles?.includes(role) ?? true)) await lookRound(group);
    if (store.state.session) timers.set(group, setTimeout(goOn, group.everyMs, group));
  }

  function open(signedIn) {
    taste.keep("in", "yes");
    store.change({ session: signedIn });
    for (const group of looks) goOn(group);
    if (stream && mayLook()) stop = listen({ ...stream, onState, onRefused });
  }

  const onState = (line) => { if (store.state.line !== line) store.change({ line }); };

  async function onRefused() {
    if (await session()) return true;
    close();
    return false;
  }

  function close() {
    stop();
    for (const timer of timers.values()) clearTimeout(timer);
    taste.keep("in", "");
    store.change({ session: null, told: {}, problems: {}, line: undefined, ...first });
  }

  const switches = switchesOf(store);

  function Page({ state }) {
    if (state.session === undefined) return null;
    if (state.session === null) return html`<${Head} theme=${state.theme} ...${switches} /><${SignIn} page=${name} onIn=${open} />`;
    const who = state.session.agent;
    const problem = Object.values(state.problems).find(Boolean);
    return html`<${Head} who=${who} site=${state.session.site} stream=${state.line} theme=${state.theme} ...${switches}
        onOut=${async () => { await signOut(); close(); }} />
      <main class="page" aria-labelledby="page-title"><h1 id="page-title">${t(`page.${name}`)}</h1>
        <p role="alert" class="problem ${problem ? "" : "unseen"}">${problem ? told(problem) : ""}</p>
        ${mayLook() ? html`<${View} store=${store} />` : html`<${NotYours} role=${who.role} />`}</main>`;
  }

  speak(taste.read("language", "zh-CN"));
  paint(store.state.theme);
  const root = document.getElementById("page");
  store.watch((state) => {
    render(html`<${Page} state=${state} />`, root);
    document.title = t(`page.${name}`);
  });
  setInterval(() => { if (store.state.session && !document.hidden) store.change({ now: Date.now() / 1000 }); }, SECOND_MS);
  (taste.read("in", "") ? session() : Promise.resolve(null)).then((found) => (found ? open(found) : store.change({ session: null })));
  return { store, mayLook, lookRound };
}

function NotYours({ role }) {
  const mine = Object.entries(PAGES).filter(([, page]) => page.roles.includes(role));
  return html`<section class="card"><p>${t("page.not.yours", { role: t(`role.${role}`) })}</p>
    <p class="row">${t("page.goto")} ${mine.map(([name, page]) => html`<a key=${name} href=${page.path}>${t(`page.${name}`)}</a>`)}</p></section>`;
}

// A table with its caption; on a narrow window it scrolls by itself, by keyboard too.
export function Table({ caption, heads, children, id }) {
  return html`<div class="scroll" tabindex="0" role="group" aria-labelledby=${id}>
    <table aria-labelledby=${id}><caption id=${id} class="unseen">${caption}</caption>
      <thead><tr>${heads.map((head) => html`<th key=${head} scope="col">${head}</th>`)}</tr></thead>
      <tbody>${children}</tbody></table></div>`;
}
