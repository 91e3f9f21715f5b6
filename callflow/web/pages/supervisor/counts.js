// What the tiles, the alerts and the plots count, from the answers of the API alone.

const IN_QUEUE = new Set(["queued", "recalling"]);
export const LONG_QUEUE_S = 20;
export const LONG_WAIT_S = 10;
export const LONG_MISSING_S = 300;
export const OLD_MESSAGE_S = 60;

export const calls = (told) => told.calls?.calls ?? [];
export const queued = (told) => calls(told).filter((call) => IN_QUEUE.has(call.phase));
export const talking = (told) => calls(told).filter((call) => !IN_QUEUE.has(call.phase));
export const pressing = (told) => told.deadlines?.tickets ?? [];
export const late = (told, at) => pressing(told).filter((one) => one.due_at < at);
export const missing = (told) => (told.health?.neighbours ?? []).filter((one) => !one.ok);
export const inDispute = (told) => (told.disputes?.disputes ?? []).flatMap((one) => one.waiting);
export const shortId = (id) => `…${id.slice(-6)}`;

// Who answers callers, and what each does now: his call decides, then his desk.
export function agents(told) {
  return (told.roster?.agents ?? []).filter((one) => one.role === "agent").map((one) => {
    const call = calls(told).find((found) => found.agent_id === one.agent_id);
    const state = call ? (IN_QUEUE.has(call.phase) ? "ringing" : "busy") : one.at_desk ? "free" : "away";
    return { ...one, call, state };
  });
}
