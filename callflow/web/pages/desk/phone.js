// The phone in this page (JsSIP over our own origin). Loaded only for agents who have no phone of their own; one tab at
// a time is the phone. Transfers are never its business: they are the server's action, as for every other phone.

import { ask } from "../core/api.js";
import { t } from "../core/i18n.js";
import { LINE, SOUND, wire } from "../core/sound.js";

export function makePhone(store) {
  let agent = null; // JsSIP's user agent
  let talk = null; // its one session
  let release = null; // gives the lock to another tab
  const ear = Object.assign(document.createElement("audio"), { autoplay: true });
  const ring = makeRing();
  document.body.append(ear);

  function stand(state) {
    store.change({ phone: { state } });
    if (state === "ringing") ring.start(); else ring.stop();
    window.onbeforeunload = ["talking", "held"].includes(state) ? (event) => { event.preventDefault(); return t("phone.leave"); } : null;
  }
  const rest = () => stand(agent?.isRegistered() ? "ready" : "lost");

  function take({ originator, session }) {
    if (originator !== "remote") return;
    if (talk) return session.terminate({ status_code: 486 });
    talk = session;
    const over = () => { if (talk === session) { talk = null; ear.srcObject = null; rest(); } };
    session.on("ended", over).on("failed", over).on("confirmed", () => stand("talking"));
    session.on("hold", ({ originator: by }) => { if (by === "local") stand("held"); });
    session.on("unhold", ({ originator: by }) => { if (by === "local") stand("talking"); });
    wire(session, (stream) => { ear.srcObject = stream; });
    session.on("getusermediafailed", () => stand("no_microphone"));
    stand("ringing");
  }

  async function begin(account) {
    stand("starting");
    const { default: sip } = await import("../vendor/jssip.min.mjs");
    if (release === null) return; // signed out meanwhile
    const place = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/sip`;
    agent = new sip.UA({
      sockets: [new sip.WebSocketInterface(place)], uri: account.uri, password: account.password,
      session_timers: false, register_expires: 120, connection_recovery_min_interval: 1, connection_recovery_max_interval: 4,
    });
    agent.on("registered", () => { if (!talk) stand("ready"); });
    for (const gone of ["unregistered", "registrationFailed", "disconnected"]) agent.on(gone, () => { if (!talk) stand("lost"); });
    agent.on("newRTCSession", take);
    agent.start();
  }

  return {
    async start() {
      const said = await ask("GET", "/phone");
      if (!said.ok || said.body.kind !== "browser") return;
      if (!navigator.mediaDevices) return stand("no_microphone");
      stand("elsewhere");
      const held = new Promise((free) => { release = free; });
      navigator.locks.request("callflow.phone", async () => {
        if (release !== null) await begin(said.body);
        await held;
      });
    },
    stop() {
      release?.();
      release = null;
      agent?.stop();
      agent = talk = null;
      store.change({ phone: { state: "off" } });
    },
    answer: () => {
      ring.stop();
      talk?.answer({ mediaConstraints: SOUND, pcConfig: LINE });
    },
    hold: () => (talk?.isOnHold().local ? talk.unhold() : talk?.hold()),
    hangUp: () => talk?.terminate(),
  };
}

// A soft double ring. A browser lets it sound only after the page has been clicked once, which signing in was.
function makeRing() {
  let context = null;
  let timer = 0;
  const once = () => {
    for (const after of [0, 0.4]) {
      const tone = context.createOscillator();
      const loud = context.createGain();
      tone.frequency.value = 523;
      loud.gain.value = 0.04;
      tone.connect(loud).connect(context.destination);
      tone.start(context.currentTime + after);
      tone.stop(context.currentTime + after + 0.2);
    }
  };
  return {
    start() {
      this.stop();
      context ??= new AudioContext();
      once();
      timer = setInterval(once, 2000);
    },
    stop() { clearInterval(timer); },
  };
}
