// The ticket form: its fields are the template's, as the site tells them. What a field holds comes from the agent's draft,
// else from the ticket, else from the call, the classifier's suggestion or the note, and it is said which. A draft outlives
// a reload in this tab's own memory, and goes when it is saved or somebody signs out.

import { html, useState } from "../vendor/htm-preact.mjs";
import { t, word } from "../core/i18n.js";

const KEPT = "callflow.form.";
const SECRET = "confidential"; // beside the template's fields: the ticket shall be so from its first moment
const MATTER = "help"; // what most callers want; it decides the limit at level 3

// ---- drafts: by call, only what the agent has changed himself

export function readDraft(callId) {
  try { return JSON.parse(sessionStorage.getItem(KEPT + callId)) ?? {}; } catch { return {}; }
}

export function keepDraft(callId, draft) {
  try {
    if (draft) sessionStorage.setItem(KEPT + callId, JSON.stringify(draft));
    else sessionStorage.removeItem(KEPT + callId);
  } catch { /* a browser that forbids it keeps nothing over a reload */ }
}

export function forgetDrafts() {
  try {
    for (const name of Object.keys(sessionStorage)) if (name.startsWith(KEPT)) sessionStorage.removeItem(name);
  } catch { /* nothing was kept */ }
}

// ---- what stands in a field, and where that is from

export function prefilled({ call, ticket, suggestion, note, categories }) {
  const from = (value, origin) => (value ? { value: String(value), origin } : null);
  const level = call.danger ? from(1, "call") : from(ticket?.level, "") ?? from(suggestion?.level, "suggestion");
  return {
    category: from(ticket?.category, "") ?? from(categories.find((one) => one === suggestion?.category), "suggestion"),
    matter: from(ticket?.matter, "") ?? from(MATTER, ""),
    level: level ?? from(3, ""),
    region: from(ticket?.region, ""),
    location: from(ticket?.location, ""),
    summary: from(ticket?.summary, "") ?? from(note, "note"),
  };
}

// ---- what is wrong with a field: a code of words.js, or ""

export function wrong(field, value, category) {
  const text = (value ?? "").trim();
  if (!text) return field.needed || field.needed_for.includes(category) ? "missing" : "";
  if (field.most !== null && [...text].length > field.most) return "long";
  if (field.pattern && !new RegExp(field.pattern, "u").test(text)) return "form";
  return "";
}

// which field a refusal of the site is about
const REFUSED = { "level-not-lowered": "level", "category-unknown": "category", "region-unknown": "region" };

export function refusedFields(problem) {
  if (REFUSED[problem?.code]) return { [REFUSED[problem.code]]: problem.code };
  return Object.fromEntries((problem?.errors ?? []).map((one) => [one.field.split(".")[0], "form"]));
}

export function Form({ fields, before, call, ticket, categories, onSave }) {
  const [draft, setDraft] = useState(() => readDraft(call.call_id));
  const [errors, setErrors] = useState({});
  const [busy, setBusy] = useState(false);
  const valueOf = (name) => draft[name] ?? before[name]?.value ?? "";
  const category = valueOf("category");
  const isSecret = Boolean(draft[SECRET]);
  // a ticket that is there is sealed by M; but what was ticked before it came, by danger or a handover, still holds
  const asksSecret = !ticket || (isSecret && !ticket.confidential);
  const tick = (isTicked) => {
    const { [SECRET]: _, ...rest } = draft;
    const next = isTicked ? { ...rest, [SECRET]: true } : rest;
    setDraft(next);
    keepDraft(call.call_id, Object.keys(next).length > 0 ? next : null);
  };

  const write = (field, value) => {
    const next = { ...draft, [field.name]: value };
    setDraft(next);
    keepDraft(call.call_id, next);
    if (errors[field.name]) setErrors({ ...errors, [field.name]: wrong(field, value, field.name === "category" ? value : category) });
  };
  const point = (found) => {
    setErrors(found);
    const first = fields.find((field) => found[field.name]);
    if (first) document.getElementById(`form-${first.name}`)?.focus();
    return Boolean(first);
  };
  const save = async (event) => {
    event.preventDefault();
    if (busy || point(Object.fromEntries(fields.map((field) => [field.name, wrong(field, valueOf(field.name), category)])))) return;
    setBusy(true);
    const said = await onSave(Object.fromEntries(fields.map(({ name }) => [name, valueOf(name).trim()])), asksSecret && isSecret);
    setBusy(false);
    if (!said.ok) return void point(refusedFields(said.body));
    keepDraft(call.call_id, null);
    setDraft({});
  };
  const keys = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) event.currentTarget.requestSubmit();
  };
  return html`<form class="ticket-form" onSubmit=${save} onKeyDown=${keys} noValidate>
    ${fields.map((field) => html`<${Field} key=${field.name} field=${field} value=${valueOf(field.name)} error=${errors[field.name]}
      isNeeded=${field.needed || field.needed_for.includes(category)} onWrite=${(value) => write(field, value)}
      origin=${draft[field.name] === undefined ? before[field.name]?.origin : "draft"}
      choices=${field.name === "category" ? ["", ...categories] : field.choices} />`)}
    ${asksSecret && html`<label class="switch"><input type="checkbox" id="form-confidential" checked=${isSecret} onChange=${(event) => tick(event.currentTarget.checked)} />${t("form.confidential")}</label>`}
    <div class="row end"><span class="dim" data-form-state=${Object.keys(draft).length > 0 ? "draft" : ""}>${Object.keys(draft).length > 0 ? t("form.draft") : ""}</span>
      <button class="primary" disabled=${busy}>${t(ticket ? "ticket.save" : "ticket.new")} <kbd aria-hidden="true">Ctrl ↵</kbd></button></div>
  </form>`;
}

const shown = (field, choice) => (choice ? word(`choice.${field.name}`, choice) : "—");

function Field({ field, value, error, origin, isNeeded, choices, onWrite }) {
  const id = `form-${field.name}`;
  const given = {
    id, name: field.name, value, "aria-required": isNeeded ? "true" : null,
    "aria-invalid": error ? "true" : null, "aria-describedby": error ? `${id}-error` : null,
  };
  const typed = (event) => { if (!event.isComposing) onWrite(event.currentTarget.value); };
  const writes = { onInput: typed, onCompositionEnd: (event) => onWrite(event.currentTarget.value) };
  const control = choices.length > 0
    ? html`<select ...${given} onChange=${(event) => onWrite(event.currentTarget.value)}>${choices.map((one) => html`<option key=${one} value=${one}>${shown(field, one)}</option>`)}</select>`
    : field.most > 400 ? html`<textarea ...${given} rows="3" ...${writes}></textarea>`
      : html`<input ...${given} inputmode=${field.name === "region" ? "numeric" : null} autocomplete="off" ...${writes} />`;
  return html`<div class="field ${field.name}"><label for=${id}>${t(`form.${field.name}`)}${isNeeded && html` <span class="needed" title=${t("form.needed")} aria-hidden="true">*</span>`}
      ${origin && origin !== "draft" && html`<span class="mark info" data-from=${origin}>${t(`form.from.${origin}`)}</span>`}</label>
    ${control}
    ${error && html`<p class="problem" id=${`${id}-error`} data-error=${field.name}>${t(`form.wrong.${error}`, { most: field.most })}</p>`}</div>`;
}
