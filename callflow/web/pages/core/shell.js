// What every page has: signing in, the head with its switches, the one live line.

import { html, useState } from "../vendor/htm-preact.mjs";
import { ask, setCsrf } from "./api.js";
import { addWords, both, isChinese, speak, t } from "./i18n.js";
import { taste } from "./store.js";

addWords({
  "sign.title": ["{page} · 登录", "{page}: sign in"],
  "sign.title.desk": ["坐席登录", "Agent sign-in"],
  "sign.user": ["账号", "Account"],
  "sign.password": ["密码", "Password"],
  "sign.in": ["登录", "Sign in"],
  "sign.out": ["退出登录", "Sign out"],
  "sign.code": ["一次性验证码或恢复码", "One-time code or recovery code"],
  "sign.code.hint": ["请输入验证器显示的六位数字。", "Type the six digits of your authenticator."],
  "sign.busy": ["正在登录…", "Signing in…"],
  "head.keys": ["单键操作", "Single keys"],
  "head.keys.hint": ["关闭后字母键不再触发操作", "When off, letter keys do nothing"],
  "head.language": ["English", "中文"],
  "head.theme.light": ["深色", "Dark"],
  "head.theme.dark": ["浅色", "Light"],
  "head.stream.live": ["已连接", "Connected"],
  "head.stream.lost": ["连接中断,正在恢复", "Line to the site lost, coming back"],
  "head.sent": ["{site} 派驻", "sent by {site}"],
  "page.desk": ["工作台", "Desk"],
  "page.supervisor": ["现场监看", "Watch"],
  "page.trace": ["事件轨迹", "Trace"],
  "page.admin": ["系统管理", "Administration"],
  "page.evaluation": ["服务评估", "Evaluation"],
  "page.others": ["页面", "Pages"],
  "role.agent": ["坐席", "Agent"],
  "role.supervisor": ["班长", "Supervisor"],
  "role.auditor": ["审计员", "Auditor"],
  "role.administrator": ["管理员", "Administrator"],
  "role.evaluator": ["评估员", "Evaluator"],
});

export const SITE_NAMES = { 12345: ["12345政务服务便民热线", "12345 Government services"], 110: ["110报警服务台", "110 Police"] };

// Every page: where it is and whose it is. The API has the last word on what somebody may see.
export const PAGES = {
  desk: { path: "/", roles: ["agent", "supervisor"] },
  supervisor: { path: "/supervisor", roles: ["supervisor", "auditor"] },
  trace: { path: "/trace", roles: ["agent", "supervisor", "auditor"] },
  admin: { path: "/admin", roles: ["administrator", "auditor"] },
  evaluation: { path: "/evaluation", roles: ["evaluator"] },
};

// Where somebody goes who has signed in at a page that is not his.
export const homeOf = (role) => Object.values(PAGES).find((page) => page.roles.includes(role))?.path;

// The way to a role's other pages. An agent has none: he must not leave his phone by a slip of the hand.
function Ways({ role, here }) {
  const mine = Object.entries(PAGES).filter(([, page]) => page.roles.includes(role));
  if (role === "agent" || mine.length < 2) return null;
  return html`<nav aria-label=${t("page.others")}>${mine.map(([name, page]) => html`
    <a key=${name} href=${page.path} aria-current=${page.path === here ? "page" : null}>${t(`page.${name}`)}</a>`)}</nav>`;
}

// The sentence of a refusal: what is so, and what to do now.
export const told = (problem) => [
  both(problem?.detail_zh, problem?.detail), both(problem?.cure_zh, problem?.cure),
].filter(Boolean).join(" ");

export function themeNow() {
  const kept = taste.read("theme", "");
  return kept || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

export function paint(theme) {
  document.documentElement.dataset.theme = theme;
}

// The switches of the head for a page with this store; both are remembered. `unsaid`: what another language wipes away.
export const switchesOf = (store, unsaid = {}) => ({
  onLanguage: () => {
    const language = isChinese() ? "en" : "zh-CN";
    taste.keep("language", language);
    speak(language);
    store.change(unsaid);
  },
  onTheme: () => {
    const theme = store.state.theme === "dark" ? "light" : "dark";
    taste.keep("theme", theme);
    paint(theme);
    store.change({ theme });
  },
});

// The session of this cookie, or null; its token is used for every write from now on.
export async function session() {
  const said = await ask("GET", "/session");
  if (said.ok) setCsrf(said.body.csrf);
  return said.ok ? said.body : null;
}

export async function signOut() {
  await ask("DELETE", "/session", {});
  setCsrf("");
}

export function SignIn({ page, onIn }) {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const [needsCode, setNeedsCode] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    const said = await ask("POST", "/session", { user: form.get("user").trim(), password: form.get("password"), code: (form.get("code") ?? "").trim() });
    setBusy(false);
    if (!said.ok) {
      if (said.body.code === "second-factor-needed") setNeedsCode(true);
      return setProblem(said.body.code === "second-factor-needed" ? null : said.body);
    }
    setCsrf(said.body.csrf);
    onIn(said.body);
  };
  return html`<main class="sign">
    <form onSubmit=${submit} class="card" aria-labelledby="sign-title">
      <h1 id="sign-title">${page === "desk" ? t("sign.title.desk") : t("sign.title", { page: t(`page.${page}`) })}</h1>
      <label>${t("sign.user")}<input name="user" autocomplete="username" required maxlength="32" autofocus /></label>
      <label>${t("sign.password")}<input name="password" type="password" autocomplete="current-password" required maxlength="128" /></label>
      ${needsCode && html`<label>${t("sign.code")}<input name="code" autocomplete="one-time-code" required maxlength="32" ref=${(it) => it?.focus()}
        aria-describedby="sign-code-hint" /></label><p class="dim" id="sign-code-hint">${t("sign.code.hint")}</p>`}
      <p role="alert" class="problem">${problem ? told(problem) : ""}</p>
      <button class="primary" disabled=${busy}>${busy ? t("sign.busy") : t("sign.in")}</button>
    </form>
  </main>`;
}

// Language, theme and the key switch. `name` stands where there is no site; `extra`: what a page adds, such as its phone.
export function Head({ who, site, name, stream, keysOn, theme, onKeys, onLanguage, onTheme, onOut, extra }) {
  const pair = SITE_NAMES[site];
  return html`<header class="head">
    <strong class="site">${name ?? (pair ? pair[isChinese() ? 0 : 1] : "callflow")}</strong>
    ${who && html`<span class="who">${t(`role.${who.role}`)} ${who.agent_id}</span>${who.organisation !== site && html`<span class="mark info" data-organisation>${t("head.sent", { site: who.organisation })}</span>`}<${Ways} role=${who.role} here=${location.pathname} />`}
    ${stream && html`<span class="lamp ${stream}">${t(`head.stream.${stream}`)}</span>`}
    ${extra}
    <span class="gap"></span>
    ${onKeys && html`<label class="switch" title=${t("head.keys.hint")}>
      <input type="checkbox" checked=${keysOn} onChange=${(e) => onKeys(e.currentTarget.checked)} />${t("head.keys")}</label>`}
    <button class="quiet" data-switch="language" lang=${isChinese() ? "en" : "zh-CN"} onClick=${onLanguage}>${t("head.language")}</button>
    <button class="quiet" data-switch="theme" onClick=${onTheme}>${t(`head.theme.${theme}`)}</button>
    ${onOut && html`<button class="quiet" onClick=${onOut}>${t("sign.out")}</button>`}
  </header>`;
}

export const LiveLine = ({ text }) => html`<p class="live" role="status" aria-live="polite" aria-atomic="true">${text}</p>`;
