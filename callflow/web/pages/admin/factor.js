// One's own second factor: shown once, proved by its first code. There is no picture to scan: a secret that is drawn by a
// page of ours would need code of others; the address can be pasted, the secret typed.

import { html, useState } from "../vendor/htm-preact.mjs";
import { ask, setCsrf } from "../core/api.js";
import { t } from "../core/i18n.js";
import { told } from "../core/shell.js";

export function Factor({ standing, onChange }) {
  const [shown, setShown] = useState(null);
  const [problem, setProblem] = useState(null);
  const begin = async () => {
    const said = await ask("POST", "/second-factor", {});
    setProblem(said.ok ? null : said.body);
    if (said.ok) setShown(said.body);
  };
  const confirm = async (event) => {
    event.preventDefault();
    const said = await ask("POST", "/second-factor/confirm", { code: new FormData(event.currentTarget).get("code").trim() });
    setProblem(said.ok ? null : said.body);
    if (!said.ok) return;
    setCsrf(said.body.csrf);
    setShown(null);
    onChange();
  };
  return html`<section class="card" aria-labelledby="factor-title" data-factor=${standing.enrolled ? "on" : "off"}>
    <h2 id="factor-title">${t("factor")} <span class="mark ${standing.enrolled ? "good" : "warn"}">${t(standing.enrolled ? "factor.on" : "factor.off")}</span></h2>
    <p role="alert" class="problem">${problem ? told(problem) : ""}</p>
    ${standing.enrolled ? html`<p class="dim">${t("factor.lost")}</p>`
      : shown ? html`<${Once} shown=${shown} onConfirm=${confirm} />`
        : html`<p>${t(standing.required ? "factor.required" : "factor.why")}</p><button class="primary" onClick=${begin}>${t("factor.begin")}</button>`}</section>`;
}

function Once({ shown, onConfirm }) {
  return html`<p><strong>${t("factor.once")}</strong></p>
    <dl class="facts-list"><dt>${t("factor.secret")}</dt><dd class="mono" data-secret>${shown.secret.replace(/(.{4})(?=.)/g, "$1 ")}</dd>
      <dt>${t("factor.url")}</dt><dd class="mono">${shown.url}</dd>
      <dt>${t("factor.recovery")}</dt><dd><ul class="mono">${shown.recovery.map((one) => html`<li key=${one}>${one}</li>`)}</ul></dd></dl>
    <form class="row" onSubmit=${onConfirm}><label for="factor-code">${t("factor.code")}</label>
      <input id="factor-code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" maxlength="6" required class="short" />
      <button class="primary">${t("factor.confirm")}</button></form>`;
}
