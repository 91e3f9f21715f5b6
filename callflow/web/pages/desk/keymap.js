// The keys of the desk, a row each; what stands on the buttons is read from here.

import { currentCall, inWrapUp } from "./state.js";

export const KEYS = {
  answer: "A", hold: "H", one_key: "T", three_party: "C", cancel: "K", join: "J", stay: "S", leave: "L",
  accept: "O", refuse: "R", danger: "D", note: "N", ticket: "G", seal: "M", answered: "Q", hang_up: "X",
};
export const ONE_KEY = "F9"; // the one configured key: straight to the first platform of the directory

export function makeKeyMap(store, actions) {
  const always = {
    a: actions.answer, h: actions.hold, x: actions.hangUp, n: actions.note, g: actions.ticket, m: actions.seal, k: actions.cancel, j: actions.join,
    s: actions.stay, l: actions.leave, o: actions.accept, r: actions.refuse, d: actions.danger, q: actions.answered,
    t: () => actions.openMenu("one_key"), c: () => actions.openMenu("three_party"), y: actions.toggleConsent,
    "?": () => actions.openMenu("help"), Escape: actions.close,
    [ONE_KEY]: () => {
      const platform = store.state.targets.find((target) => target.sort === "platform");
      if (platform) actions.choose("one_key", platform.code);
    },
  };
  const consent = {
    y: () => actions.consent("agreed"), n: () => actions.consent("declined"), Escape: actions.close,
  };
  // While a question stands, its own keys come first.
  return (key) => {
    const { state } = store;
    const picking = state.menu === "one_key" || state.menu === "three_party";
    if (state.asking && consent[key]) return consent[key](), true;
    if (picking && /^[0-9]$/.test(key)) return actions.pick(key), true;
    if (asksTwice(state.menu) && key === "Enter" && !onButton()) return actions[state.menu](), true;
    if (key === "Enter" && !onButton() && inWrapUp(state, currentCall(state))) return actions.done(), true;
    if (!always[key]) return false;
    always[key]();
    return true;
  };
}

const asksTwice = (menu) => menu === "danger" || menu === "seal";
const onButton = () => document.activeElement instanceof Element && document.activeElement.closest("button, a, summary");
