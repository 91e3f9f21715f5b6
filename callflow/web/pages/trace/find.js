// How an incident is found: by its id, by a ticket's number, or among the newest.

import { html } from "../vendor/htm-preact.mjs";
import { day, t, word } from "../core/i18n.js";
import { Table } from "../core/page.js";
import { Secret } from "../core/secret.js";

export function Find({ wanted, onGo, onAgain }) {
  const submit = (event) => {
    event.preventDefault();
    onGo(new FormData(event.currentTarget).get("wanted").trim());
  };
  return html`<form class="row find" role="search" onSubmit=${submit}>
    <label for="wanted">${t("find.what")}</label>
    <input id="wanted" name="wanted" class="mono" value=${wanted} maxlength="40" autocomplete="off" spellcheck=${false} required />
    <button class="primary">${t("find")}</button>
    ${wanted && html`<button type="button" onClick=${onAgain}>${t("again")}</button> <a href="#">${t("back")}</a>`}
  </form>`;
}

export function Newest({ tickets }) {
  if (!tickets) return null;
  const heads = [t("ticket.form"), t("incident"), t("call.when"), t("form.category"), t("owner")];
  return html`<section class="card" aria-labelledby="newest-title"><h2>${t("find.newest")}</h2>
    ${tickets.length === 0 ? html`<p id="newest-title" class="dim">${t("find.empty")}</p>` : html`
    <${Table} id="newest-title" caption=${t("find.newest")} heads=${heads}>${tickets.map((one) => html`
      <tr key=${one.ticket_id} class=${one.danger ? "alarm" : ""}><th scope="row">${one.ticket_id} <span class="mark">${word("state", one.state)}</span>${one.confidential && html` <${Secret} />`}</th>
        <td><a class="mono" href=${`#${one.incident_id}`}>${one.incident_id}</a></td><td class="nowrap">${day(one.opened_at)}</td>
        <td>${one.category || "—"}</td><td>${one.owner}</td></tr>`)}</${Table}>`}</section>`;
}
