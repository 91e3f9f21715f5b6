// What can be done now: a row an action. The server has the last word (domain/refusals.py); this keeps the buttons honest.

import { mayUnseal } from "../core/secret.js";
import { hasIt, IN_TALK, inTalk, me, OVER, ticketOf } from "./state.js";

const live = (call) => call.attempts.filter((one) => one.ended_at === null);
export const joined = (call) => live(call).filter((one) => one.joined_at !== null);
const ringing = (call) => live(call).filter((one) => one.joined_at === null);
const privately = (call) => ringing(call).filter((one) => one.consulting_at !== null);
const releasing = (call) => live(call).some((one) => one.kind === "one_key") && !call.stay;
export const isOffered = (state, call) => hasIt(state, call) && !IN_TALK.has(call.phase);
const phoneIs = (state, ...words) => words.includes(state.phone.state);

function withPeer(state, call) {
  const platforms = new Set(state.targets.filter((one) => one.sort === "platform").map((one) => one.code));
  return call.caller.from_site !== null || call.danger || call.attempts.some((one) => platforms.has(one.target));
}

const canBring = (state, call) => (isOffered(state, call) || inTalk(state, call)) && call.phase !== "agents_only"
  && privately(call).length === 0;

const ROWS = {
  answer: (state) => phoneIs(state, "ringing"),
  hold: (state) => phoneIs(state, "talking", "held"),
  hang_up: (state) => phoneIs(state, "ringing", "talking", "held"),
  one_key: (state, call) => canBring(state, call) && !releasing(call),
  three_party: canBring,
  cancel: (state, call) => inTalk(state, call) && live(call).some((one) => !one.danger && one.returned_at === null),
  join: (state, call) => inTalk(state, call) && privately(call).length > 0,
  stay: (state, call) => inTalk(state, call) && releasing(call),
  leave: (state, call) => inTalk(state, call) && joined(call).length > 0,
  accept: (state, call) => withPeer(state, call) && (call.ownership.settled === null || mayReturn(state, call)),
  refuse: (state, call) => withPeer(state, call) && call.ownership.settled === null,
  danger: (state, call) => !call.danger && !OVER.has(call.phase),
  note: () => true,
  answered: (state, call) => !isOffered(state, call),
  seal: (state, call) => ticketOf(state, call)?.confidential === false,
  unseal: (state, call) => ticketOf(state, call)?.confidential === true && mayUnseal(state.session.agent.role),
  nuisance: (state, call) => !call.nuisance && !isOffered(state, call),
};

// what was agreed to the other side can be taken back once by the first receiver
const mayReturn = (state, call) => call.ownership.settled === "agreed" && call.ownership.owner !== call.site
  && call.ownership.first_receiver === call.site;

const WITHOUT_CALL = new Set(["answer", "hold", "hang_up"]);

export function can(state, action, call) {
  if (!call && !WITHOUT_CALL.has(action)) return false;
  return Boolean(ROWS[action]?.(state, call));
}

// Who is in the talk, as words of the directory: the caller first.
export function whoIsIn(state, call) {
  if (!call || OVER.has(call.phase)) return [];
  const people = call.phase === "agents_only" ? [] : ["caller"];
  if (inTalk(state, call)) people.push("me");
  if (!inTalk(state, call) && call.agent_id && call.agent_id !== me(state)) people.push(call.agent_id);
  return [...people, ...joined(call).map((one) => one.target)];
}

export const targetState = (call, code) => {
  const one = call && live(call).find((attempt) => attempt.target === code);
  if (!one) return null;
  return one.joined_at !== null ? "in" : one.consulting_at !== null ? "private" : "rings";
};
