// What a supervisor keeps an eye on. Everything is read; listening in, the one thing done here, touches no call.

import { html } from "../vendor/htm-preact.mjs";
import { openPage } from "../core/page.js";
import "./words.js";
import { AgentsTable, LiveTable } from "./live.js";
import { Callbacks, Disputes, Limits, Parts } from "./lists.js";
import { HourPlot, NowPlot, sampled, TargetTimes } from "./plots.js";
import { Alerts, Tiles } from "./tiles.js";
import { WATCHED } from "./watched.js";

const CALLBACKS = { everyMs: 15000, what: { callbacks: "/callbacks" } };
const DUTY = { everyMs: 15000, what: { duty: "/duty" } };
const { store, lookRound } = openPage({
  name: "supervisor",
  looks: [
    CALLBACKS,
    DUTY,
    {
      everyMs: 15000,
      what: {
        handovers: "/figures/handovers", figures: "/figures", deadlines: "/deadlines", disputes: "/disputes",
        directory: "/directory", health: "/health/ready",
      },
    },
  ],
  stream: { path: "/watch", names: ["snapshot", "call", "desk", "callback"], on: onWatch },
  first: { samples: [] },
  View,
});

// a snapshot has everything but the call-back list, which is read anew whenever it has changed
function onWatch(name, body) {
  if (WATCHED[name]) store.change(({ told }) => ({ told: { ...told, ...WATCHED[name](told, body) } }));
  if (name === "snapshot") store.change({ offset: body.at - Date.now() / 1000 });
  if (name === "snapshot" || name === "callback") lookRound(CALLBACKS);
  if (name === "snapshot" || name === "desk") lookRound(DUTY);
}

store.watch((state) => sampled(store, state));

function View() {
  const { state } = store;
  const { told } = state;
  const at = state.now + state.offset;
  return html`<${Tiles} told=${told} at=${at} />
    <div class="grid">
      <${Alerts} told=${told} at=${at} />
      <div class="most"><${LiveTable} told=${told} at=${at} role=${state.session.agent.role} /></div>
      <div class="third"><${AgentsTable} told=${told} at=${at} site=${store.state.session.site} /></div>
      <div class="half"><${HourPlot} handovers=${told.handovers} theme=${state.theme} /></div>
      <div class="half"><${NowPlot} samples=${state.samples} theme=${state.theme} /></div>
      <div class="half"><${TargetTimes} handovers=${told.handovers} directory=${told.directory} /></div>
      <div class="half"><${Limits} pressing=${told.deadlines} at=${at} /></div>
      <div class="third"><${Callbacks} waiting=${told.callbacks} at=${at} /></div>
      <div class="third"><${Disputes} disputes=${told.disputes} /></div>
      <div class="third"><${Parts} health=${told.health} /></div>
    </div>`;
}
