// A confidential ticket (保密): its mark, and the form by which a supervisor takes the mark off. Why stays in the audit.

import { html, useLayoutEffect, useRef } from "../vendor/htm-preact.mjs";
import { addWords, t } from "./i18n.js";

addWords({
  "secret": ["保密", "Confidential"],
  "secret.hint": ["仅知情人、承办单位、班长和审计员可见", "Only for those who know it, its units, supervisors and auditors"],
  "unseal": ["解除保密", "Unseal"],
  "unseal.reason": ["解除理由(必填,记入审计)", "Why (needed; the audit keeps it)"],
});

export const Secret = () => html`<span class="mark secret" data-confidential title=${t("secret.hint")}>${t("secret")}</span>`;

// The API has the last word.
export const mayUnseal = (role) => role === "supervisor";

export function Unseal({ ticket, onUnseal, isAsked = false }) {
  const field = useRef(null);
  useLayoutEffect(() => { if (isAsked) field.current.focus(); }, []);
  const submit = (event) => {
    event.preventDefault();
    onUnseal(new FormData(event.currentTarget).get("text").trim());
  };
  return html`<form class="row unseal" data-unseal=${ticket.ticket_id} onSubmit=${submit}>
    <input name="text" required pattern=".*\\S.*" maxlength="500" autocomplete="off" aria-label=${`${t("unseal.reason")} ${ticket.ticket_id}`}
      placeholder=${t("unseal.reason")} ref=${field} />
    <button>${t("unseal")}</button></form>`;
}
