// What the one live line says of a change, and what a hidden tab does to be noticed.

import { nameOf, t } from "../core/i18n.js";
import { mask } from "./bar.js";
import { hasIt, OVER, targetNamed } from "./state.js";

export function sayOf(before, after, name, told) {
  const was = before.calls[told.call_id];
  const is = after.calls[told.call_id];
  if (!is) return null;
  if (name === "danger" && !was?.danger) return t("say.danger");
  if (name === "attempt") return ofAttempt(was, after, told);
  if (name === "ticket" && told.settled && told.settled !== was?.ownership.settled) return t("say.owner", { owner: told.owner });
  if (name !== "call" || was?.phase === is.phase) return null;
  if (OVER.has(is.phase)) return t("say.ended");
  if (is.phase === "handed_over") return t("say.handed_over");
  if (is.phase === "talking" && (!was || was.phase === "queued" || was.phase === "recalling")) return t("say.talking");
  if (!was && hasIt(after, is)) return t("say.ringing", { number: is.caller.number ? mask(is.caller.number) : t("withheld") });
  return null;
}

function ofAttempt(was, after, told) {
  const one = was?.attempts.find((attempt) => attempt.attempt_id === told.attempt_id);
  const target = nameOf(targetNamed(after, told.target)) || told.target;
  if (told.joined_at !== null && told.ended_at === null && !one?.joined_at) return t("say.joined", { target });
  if (told.ended_at !== null && one?.ended_at === null && told.outcome === "joined") return t("say.left", { target });
  if (told.outcome && told.outcome !== "joined" && !one?.outcome) return `${target}: ${t(`outcome.${told.outcome}`)} ${t("call.safe")}`;
  return null;
}

// A hidden tab: the title says it, and the system, if it was allowed to. No number in either.
export function makeNotice() {
  let shown = null;
  return (state, call) => {
    const rings = call && hasIt(state, call) && ["queued", "recalling"].includes(call.phase);
    document.title = rings ? `☎ ${t("phase.queued")} · ${t("title")}` : t("title");
    if (!rings || !document.hidden || shown === call.call_id || !("Notification" in window)) return;
    if (Notification.permission !== "granted") return;
    shown = call.call_id;
    const notice = new Notification(t("phase.queued"), { tag: call.call_id, requireInteraction: true });
    notice.onclick = () => window.focus();
  };
}
