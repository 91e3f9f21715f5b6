// The plan of duties: the week that it makes, who of it is here now, its rows, and a form for one more.

import { html, useState } from "../vendor/htm-preact.mjs";
import { ask } from "../core/api.js";
import { Duty, hour } from "../core/duty.js";
import { languageNow, t } from "../core/i18n.js";
import { Table } from "../core/page.js";
import { told as problemOf } from "../core/shell.js";

const HOUR_MIN = 60;
const WEEK = [0, 1, 2, 3, 4, 5, 6];
const MAY = new Set(["agent", "supervisor"]);

const two = (n) => String(n).padStart(2, "0");
const time = (minutes) => `${two(Math.floor(minutes / HOUR_MIN))}:${two(minutes % HOUR_MIN)}`;
const minutes = (text) => text.split(":").reduce((sum, part) => sum * HOUR_MIN + Number(part), 0);
const atNoon = (day) => new Date(`${day}T12:00:00+08:00`);
const weekday = (day) => new Intl.DateTimeFormat(languageNow(), { weekday: "short", month: "numeric", day: "numeric", timeZone: "Asia/Shanghai" }).format(atNoon(day));

function Week({ days }) {
  const agents = [...new Set(days.flatMap((one) => [...one.duties.map((duty) => duty.agent_id), ...one.on_leave]))].sort();
  if (agents.length === 0) return html`<p class="dim">${t("shifts.none")}</p>`;
  return html`<${Table} id="week-title" caption=${t("shifts.week")} heads=${[t("shifts.agent"), ...days.map((one) => weekday(one.day))]}>${agents.map((agent) => html`
    <tr key=${agent} data-week=${agent}><th scope="row">${agent}</th>${days.map((one) => html`<td key=${one.day}>
      ${one.duties.filter((duty) => duty.agent_id === agent).map((duty) => html`<div key=${duty.begins_at} class="nowrap">${hour(duty.begins_at)}–${hour(duty.ends_at)} <span class="dim">${duty.serves}</span></div>`)}
      ${one.on_leave.includes(agent) && html`<span class="mark info">${t("shifts.sort.leave")}</span>`}</td>`)}</tr>`)}</${Table}>`;
}

const period = (one) => (one.first_day === one.last_day ? one.first_day : `${one.first_day} – ${one.last_day ?? t("shifts.open")}`);
const hours = (one) => (one.sort === "leave" ? t("shifts.whole") : `${time(one.begins_min)}–${time(one.ends_min)}`);

function Rows({ rows, onRemove }) {
  const heads = ["agent", "sort", "serves", "days", "hours", "period", ...(onRemove ? ["change"] : [])].map((one) => t(`shifts.${one}`));
  return html`<details><summary>${t("shifts.rows", { count: rows.length })}</summary>
    <${Table} id="rows-title" caption=${t("shifts.rows", { count: rows.length })} heads=${heads}>${rows.map((one) => html`
      <tr key=${one.shift_id} data-shift=${one.shift_id}><th scope="row">${one.agent_id}</th><td>${t(`shifts.sort.${one.sort}`)}</td><td>${one.serves}</td>
        <td>${one.weekdays.length === WEEK.length ? t("shifts.daily") : one.weekdays.map((day) => t(`weekday.${day}`)).join(" ")}</td>
        <td class="nowrap">${hours(one)}</td><td>${period(one)}</td>
        ${onRemove && html`<td><button class="small" aria-label=${t("shifts.remove.of", { agent: one.agent_id, hours: hours(one) })} onClick=${() => onRemove(one.shift_id)}>${t("shifts.remove")}</button></td>`}</tr>`)}</${Table}></details>`;
}

function Add({ accounts, today, onAdd }) {
  const [sort, setSort] = useState("duty");
  const submit = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const said = new FormData(form);
    const row = {
      agent_id: said.get("agent"), sort, serves: sort === "duty" ? said.get("serves").trim() : "", weekdays: said.getAll("weekday").map(Number),
      first_day: said.get("first"), last_day: said.get("last") || null,
      ...(sort === "duty" ? { begins_min: minutes(said.get("begins")), ends_min: minutes(said.get("ends")) } : {}),
    };
    if (!(await onAdd(row))) return;
    form.reset();
    setSort("duty");
  };
  return html`<form class="fields" data-add-shift aria-label=${t("shifts.add")} onSubmit=${submit}>
    <label>${t("shifts.agent")}<select name="agent">${accounts.filter((one) => MAY.has(one.role)).map((one) => html`<option key=${one.id} value=${one.id}>${one.id} ${one.name_zh}</option>`)}</select></label>
    <label>${t("shifts.sort")}<select name="sort" onChange=${(event) => setSort(event.currentTarget.value)}>${["duty", "leave"].map((one) => html`<option key=${one} value=${one}>${t(`shifts.sort.${one}`)}</option>`)}</select></label>
    ${sort === "duty" && html`<label>${t("shifts.serves")}<input name="serves" maxlength="32" /></label>
      <label>${t("shifts.begins")}<input name="begins" type="time" required defaultValue="08:00" /></label>
      <label>${t("shifts.ends")}<input name="ends" type="time" required defaultValue="16:00" /></label>`}
    <label>${t("shifts.first")}<input name="first" type="date" required defaultValue=${today} /></label>
    <label>${t("shifts.last")}<input name="last" type="date" min=${today} /></label>
    <fieldset class="row tight"><legend>${t("shifts.days")}</legend>${WEEK.map((day) => html`<label key=${day} class="switch"><input type="checkbox" name="weekday" value=${day} defaultChecked />${t(`weekday.${day}`)}</label>`)}</fieldset>
    <button class="primary">${t("shifts.add")}</button></form>`;
}

export function Shifts({ shifts, duty, accounts, mayChange, onChange }) {
  const [problem, setProblem] = useState(null);
  const change = async (method, path, body) => {
    const said = await ask(method, path, body);
    setProblem(said.ok ? null : said.body);
    onChange();
    return said.ok;
  };
  if (!shifts) return null;
  const now = (duty?.agents ?? []).filter((one) => one.standing !== "present");
  return html`<section class="card" aria-labelledby="shifts-title"><h2 id="shifts-title">${t("shifts")}</h2>
    <p class="dim">${t("shifts.what")}</p>
    ${duty?.planned && html`<ul class="row" data-duty>${now.length === 0 && html`<li class="dim">${t("shifts.all.here")}</li>`}
      ${now.map((one) => html`<li key=${one.agent_id}><strong>${one.agent_id}</strong> <${Duty} one=${one} /></li>`)}</ul>`}
    <${Week} days=${shifts.days} />
    ${shifts.shifts.length > 0 && html`<${Rows} rows=${shifts.shifts} onRemove=${mayChange && ((id) => change("DELETE", `/shifts/${id}`, {}))} />`}
    <p role="alert" class="problem ${problem ? "" : "unseen"}">${problem ? [problemOf(problem), ...(problem.errors ?? []).map((one) => one.field)].join(" ") : ""}</p>
    ${mayChange && html`<${Add} accounts=${accounts} today=${shifts.days[0].day} onAdd=${(row) => change("POST", "/shifts", row)} />`}</section>`;
}
