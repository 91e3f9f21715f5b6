// What the desk knows, and how each event of the stream changes it. Events are whole states: one that comes twice, or
// again in a snapshot, changes nothing.

import { taste } from "../core/store.js";

export const OVER = new Set(["ended", "abandoned", "call_back"]);
export const IN_TALK = new Set(["talking", "inviting", "consulting", "three_way", "agents_only"]);
const KEPT_MS = 12000; // how long a key pressed before the answer waits for it

export const first = () => ({
  session: undefined, // undefined: not asked yet; null: nobody is signed in
  stream: "lost",
  clockOffset: 0, // the site's clock less this machine's, in seconds
  calls: {}, pops: {}, tickets: {}, // by call_id, call_id, incident_id
  targets: [], forms: null, callbacks: [],
  chosen: null, // the call that somebody clicked on, before the one that is live
  menu: null, // "one_key" | "three_party" | "danger" | "help" | "seal" | "unseal"
  sealing: "", // the ticket that the question of "seal" or "unseal" is about
  consents: {}, // call_id -> what the caller said before a handover
  asking: null, // { kind, target, contact } that waits for the caller's consent
  armed: null, // { call_id, kind, target, contact, until } pressed before the answer
  isPrivate: false,
  shown: {}, // call_id -> the number stands unmasked on the screen
  revealed: {}, // call_id -> a masked number that was asked for with a reason
  drafts: {}, suggestions: {}, noteState: {}, // by call_id
  said: "", problem: null, notice: null, offers: [],
  phone: { state: "off" },
  keysOn: taste.read("keys", "on") === "on",
  done: readDone(),
});

function readDone() {
  try { return JSON.parse(sessionStorage.getItem("callflow.done") ?? "[]"); } catch { return []; }
}

export function keepDone(done) {
  try { sessionStorage.setItem("callflow.done", JSON.stringify(done.slice(-50))); } catch { /* forgotten at reload */ }
}

export const me = (state) => state.session?.agent.agent_id;
export const hasIt = (state, call) => Boolean(call) && call.agent_id === me(state) && !OVER.has(call.phase);
export const inTalk = (state, call) => hasIt(state, call) && IN_TALK.has(call.phase);

// The call that the bar is about: the one that is ours now, then the one that was picked, then the newest to write up.
export function currentCall(state) {
  const calls = Object.values(state.calls).sort((a, b) => b.arrived_at - a.arrived_at);
  return calls.find((call) => hasIt(state, call))
    ?? state.calls[state.chosen]
    ?? calls.find((call) => !state.done.includes(call.call_id));
}

// The caller's language: what our own people or the line said, else what came with the matter.
export const spoken = (state, call) => call.language || state.pops[call.call_id]?.language || "";

// Who handed him over: the pop may have heard it sooner than the call.
export const handedOver = (state, { call_id: id, caller }) => ({ ...caller, handed_by: caller.handed_by || state.pops[id]?.by });

export const ticketOf = (state, call) => call && state.tickets[call.incident_id];

// Before the ticket has been fetched, the pop says it: it is there before the answer.
export function isSecret(state, call) {
  const known = ticketOf(state, call) ?? state.pops[call.call_id]?.tickets.find((one) => one.incident_id === call.incident_id);
  return Boolean(known?.confidential);
}

export const inWrapUp = (state, call) => Boolean(call) && !hasIt(state, call);
export const targetNamed = (state, code) => state.targets.find((target) => target.code === code);

export function armed(state, now) {
  return state.armed && now < state.armed.until ? state.armed : null;
}
export const arm = (call, wish, now) => ({ ...wish, call_id: call.call_id, until: now + KEPT_MS });

// ---- one function for each event

function withCall(state, call) {
  const before = state.calls[call.call_id];
  const { notice, ...plain } = call;
  const drafts = { ...state.drafts };
  // another desk of the same agent has written: taken over unless this desk has words of its own that are not kept yet
  if (!before || (drafts[call.call_id] ?? before.note) === before.note) drafts[call.call_id] = call.note;
  return {
    calls: { ...state.calls, [call.call_id]: plain },
    drafts,
    ...(notice ? { notice, offers: notice.offers ?? [] } : {}),
  };
}

function withAttempt(state, attempt) {
  const call = state.calls[attempt.call_id];
  if (!call) return {};
  const known = call.attempts.some((one) => one.attempt_id === attempt.attempt_id);
  const attempts = known
    ? call.attempts.map((one) => (one.attempt_id === attempt.attempt_id ? attempt : one))
    : [...call.attempts, attempt];
  return { calls: { ...state.calls, [call.call_id]: { ...call, attempts } } };
}

export const EVENTS = {
  snapshot: (state, told) => {
    const own = Object.fromEntries(told.calls.map((call) => [call.call_id, call]));
    // a call that ended and is settled is no longer in a snapshot; it stays on the screen until it is written up
    const kept = Object.entries(state.calls).filter(([id, call]) => OVER.has(call.phase) && !own[id]);
    const calls = { ...Object.fromEntries(kept), ...own };
    const drafts = Object.fromEntries(Object.values(calls).map((call) => {
      const draft = state.drafts[call.call_id];
      const before = state.calls[call.call_id]?.note;
      return [call.call_id, draft !== undefined && draft !== before ? draft : call.note];
    }));
    return {
      calls, drafts, clockOffset: told.at - Date.now() / 1000,
      pops: { ...state.pops, ...Object.fromEntries(told.pops.map((pop) => [pop.call_id, pop])) },
    };
  },
  call: withCall,
  attempt: withAttempt,
  pop: (state, pop) => ({
    pops: { ...state.pops, [pop.call_id]: pop },
    suggestions: pop.suggestion && !state.suggestions[pop.call_id]
      ? { ...state.suggestions, [pop.call_id]: { text: (pop.notes ?? []).at(-1) ?? "", suggestion: pop.suggestion } }
      : state.suggestions,
  }),
  ticket: (state, ticket) => {
    const call = state.calls[ticket.call_id];
    if (!call) return {};
    const ownership = { ...call.ownership, owner: ticket.owner, settled: ticket.settled };
    return { calls: { ...state.calls, [call.call_id]: { ...call, ownership, peer_tickets: ticket.peer_tickets } } };
  },
  danger: (state, told) => {
    const call = state.calls[told.call_id];
    return call ? { calls: { ...state.calls, [call.call_id]: { ...call, danger: true } } } : {};
  },
};
