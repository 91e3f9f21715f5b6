// The citizen's line: one call at a time out of the browser, to the simulated carrier.

import { LINE, SOUND, wire } from "../core/sound.js";
import { makeEar } from "./ear.js";

const PAD_TONE = { transportType: "RFC2833", duration: 160 }; // as a telephone's own keys (RFC 4733)
const WHY = { Busy: "busy", Rejected: "rejected", Unavailable: "no_answer", "No Answer": "no_answer", Canceled: "cancelled", "User Denied Media Access": "no_microphone", "Connection Error": "away", "Internal Error": "away" };

export function makeLine(store, host) {
  let talk = null;
  const agents = new Map(); // number -> JsSIP's user agent, kept for the next call
  const ear = makeEar((hearing) => store.change({ hearing }));
  const stand = (state, more = {}) => store.change((now) => ({ call: { ...now.call, state, ...more } }));

  async function agentFor(number) {
    const known = agents.get(number);
    if (known?.isConnected()) return known;
    known?.stop();
    const { default: sip } = await import("../vendor/jssip.min.mjs");
    const place = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/sip`;
    const agent = new sip.UA({
      sockets: [new sip.WebSocketInterface(place)], uri: `sip:${number}@${host}`, register: false, session_timers: false,
    });
    agents.set(number, agent);
    const connected = new Promise((yes, no) => { agent.once("connected", yes); agent.once("disconnected", no); });
    agent.start();
    await connected;
    return agent;
  }

  async function dial(number, to) {
    if (talk) return;
    store.change({ call: { state: "calling", to, began: null, lasted: null, why: null } });
    let agent;
    try {
      agent = await agentFor(number);
    } catch {
      agents.get(number)?.stop();
      return stand("failed", { why: "away" });
    }
    if (store.state.call.state !== "calling") return; // hung up meanwhile
    const session = talk = agent.call(`sip:${to}@${host}`, {
      mediaConstraints: SOUND, pcConfig: LINE,
      eventHandlers: {
        progress: () => { if (store.state.call.state === "calling") stand("ringing"); },
        accepted: () => stand("talking", { began: Date.now() }),
        ended: () => over("over"),
        failed: ({ cause }) => over("failed", WHY[cause] ?? "other"),
      },
    });
    wire(session, (stream) => ear.listen(stream));
  }

  function over(state, why = null) {
    const { began } = store.state.call;
    talk = null;
    ear.stop();
    stand(state, { why, lasted: began ? (Date.now() - began) / 1000 : null });
  }

  return {
    dial,
    hangUp() {
      if (talk) talk.terminate();
      else if (store.state.call.state === "calling") stand("failed", { why: "cancelled" });
    },
    tone: (key) => talk?.isEstablished() && talk.sendDTMF(key, PAD_TONE),
    inCall: () => Boolean(talk),
  };
}
