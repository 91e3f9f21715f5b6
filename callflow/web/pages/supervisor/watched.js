// What an event of the platform's stream changes of what the page was told. Each is a whole state: twice is once.

import { calls } from "./counts.js";

const OVER = new Set(["ended", "abandoned", "call_back"]);

export const WATCHED = {
  snapshot: (told, now) => ({ calls: { calls: now.calls }, roster: { agents: now.agents } }),
  call: (told, call) => {
    const others = calls(told).filter((one) => one.call_id !== call.call_id);
    return { calls: { calls: OVER.has(call.phase) ? others : [...others, call] } };
  },
  desk: (told, desk) => ({
    roster: { agents: (told.roster?.agents ?? []).map((one) => (one.agent_id === desk.agent_id ? { ...one, at_desk: desk.at_desk } : one)) },
  }),
};
