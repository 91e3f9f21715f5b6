// Who should be at a desk now, as the supervisor's and the administrator's page show it.

import { html } from "../vendor/htm-preact.mjs";
import { addWords, t } from "./i18n.js";

addWords({
  "duty.present": ["在岗", "On duty"], "duty.missing": ["应在岗,未到", "On duty, not here"], "duty.unplanned": ["未排班", "Without duty"],
  "duty.until": ["{serves} 至 {time}", "{serves} until {time}"],
});

const MARKS = { present: "good", missing: "alarm", unplanned: "warn" };

export const dutyOf = (duty, agent) => duty?.agents.find((one) => one.agent_id === agent);

// "08:00" of a moment, in China's time wherever the browser is: the plan is made in it
const OF_THE_PLAN = new Intl.DateTimeFormat("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });
export const hour = (seconds) => OF_THE_PLAN.format(new Date(seconds * 1000)).replace(/^24/, "00");

export function Duty({ one }) {
  if (!one) return null;
  return html`<span class="mark ${MARKS[one.standing]}" data-standing=${one.standing}>${t(`duty.${one.standing}`)}</span>
    ${one.ends_at && html` <span class="dim">${t("duty.until", { serves: one.serves, time: hour(one.ends_at) })}</span>`}`;
}
