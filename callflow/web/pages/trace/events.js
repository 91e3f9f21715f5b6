// The course of an incident as one list: both platforms' timeline, and what else our audit says. Each event goes from
// one lane to another, or stands in one. Pure: no drawing here.

import { t, word } from "../core/i18n.js";
import { originOf } from "../core/origin.js";
import { causes } from "./facts.js";

export function eventsOf(trace) {
  const sources = new Map(trace.calls.map((call) => [call.call_id, call.caller.from_site ?? "caller"]));
  const platforms = new Set(trace.timeline.map((one) => one.platform));
  // the other platform's call of this incident came from us, or else straight from the citizen
  const source = (one) => sources.get(one.call_id) ?? (cameFromUs(trace, one) ? trace.site : "caller");
  const found = [
    ...trace.timeline.map((one) => moment(one, source(one))),
    ...trace.entries.filter((one) => !isTold(one)).map((one) => entry(one, trace.site)),
  ];
  return found.map((one, n) => ({ ...one, n, platforms })).sort((a, b) => a.at - b.at || a.n - b.n);
}

const cameFromUs = (trace, one) => trace.calls.some((call) => call.attempts.some((tried) => tried.target === one.platform));

export function lanesOf(events, us) {
  const seen = new Set(events.flatMap((one) => [one.from, one.to]));
  const rank = (lane) => (lane === "caller" ? 0 : lane === us ? 1 : events[0]?.platforms.has(lane) ? 2 : 3);
  return [...seen.add(us)].sort((a, b) => rank(a) - rank(b));
}

// ---- the timeline: one row a kind of moment

const at = (one, more) => ({ at: one.at, from: one.platform, to: one.platform, who: one.who, what: word("ev", one.what), ...more });
const out = (one, more) => at(one, { kind: "voice", to: one.detail.target, ...more });
const back = (one, more) => at(one, { kind: "voice", from: one.detail.target, ...more });

const MOMENTS = {
  "call.arrived": (one, source) => at(one, { kind: "voice", from: source, more: [] }),
  "call.answered": (one) => at(one, { kind: "voice", good: true }),
  "call.phase": (one) => at(one, { kind: "voice", soft: true, more: [[one.detail.from, one.detail.to].filter(Boolean).map((phase) => word("phase", phase)).join(" → ")] }),
  "call.ended": (one) => at(one, { kind: "voice", more: [word("phase", one.detail.phase), causes({ cause: one.detail.cause })] }),
  "leg.invited": (one) => out(one, { more: [word("kind", one.detail.kind)] }),
  "leg.ringing": (one) => back(one, { soft: true }),
  "leg.consulting": (one) => back(one, { soft: true }),
  "leg.joined": (one) => back(one, { good: true }),
  "leg.ended": (one) => back(one, {
    bad: one.detail.outcome !== "joined",
    more: [one.detail.outcome === "joined" ? t("ev.left") : word("outcome", one.detail.outcome), causes(one.detail)],
  }),
  "recording.begun": (one) => at(one, { kind: "voice", soft: true }),
  "recording.ended": (one) => at(one, { kind: "voice", soft: true }),
  "message.taken": (one) => at(one, { kind: "message", from: one.who, who: "", more: crossing(one) }),
  "message.delivered": (one) => at(one, { kind: "message", to: one.who, who: "", good: true, more: crossing(one) }),
};

const crossing = ({ detail }) => [word("kind.msg", detail.kind), `#${detail.seq}`];

function moment(one, source) {
  const made = MOMENTS[one.what]?.(one, source)
    ?? at(one, { kind: "ticket", what: word("what", one.what), more: [one.ticket_id, word("state", one.detail.state), one.detail.unit, one.detail.text] });
  return { ...made, more: (made.more ?? []).filter(Boolean).map(String) };
}

// ---- what else the audit says: shown as it was kept, as text

const TOLD = new Set(["phase", "attempt", "message", "receipt", "KeepPeerCall"]);
const isTold = (one) => TOLD.has(one.what) || one.what.startsWith("ticket.") || (one.what === "KeepPeerStep" && "said_at" in one.detail);

const SAID = ["consent", "owner", "settled", "mark", "reason", "ticket_id", "peer_ticket_id", "state", "outcome", "role", "seq"];
const GROUPS = { consent: "consent", outcome: "outcome", state: "state", settled: "settled", role: "role" };
const KINDS = [[/^Send|^KeepPeer|^incident$/, "message"], [/ecording/, "voice"], [/./, "ticket"]];

function entry(one, us) {
  const { detail } = one;
  const more = SAID.filter((name) => detail[name] !== undefined && detail[name] !== null && detail[name] !== "")
    .map((name) => (GROUPS[name] ? word(GROUPS[name], detail[name]) : String(detail[name])));
  if (detail.handed_by) more.push(originOf({ from_site: detail.peer, handed_by: detail.handed_by }));
  const [, kind] = KINDS.find(([fits]) => fits.test(one.what));
  return { at: one.at, from: us, to: us, kind, soft: true, what: word("what", one.what), who: detail.by ?? detail.agent_id ?? "", more };
}
