// The recordings of the incident's calls. Whoever hears one says why; both are kept before the first byte is sent.

import { html, useEffect, useState } from "../vendor/htm-preact.mjs";
import { day, lasting, t } from "../core/i18n.js";
import { told } from "../core/shell.js";

const REASONS = { agent: ["write-up"], supervisor: ["quality", "complaint", "evidence"], auditor: ["evidence", "complaint", "quality"] };

async function fetched(id, reason) {
  const answer = await fetch(`/api/v1/recordings/${id}`, { headers: { "Access-Reason": reason }, credentials: "same-origin" });
  return answer.ok ? { url: URL.createObjectURL(await answer.blob()) } : { problem: await answer.json().catch(() => ({})) };
}

function Recording({ one, reason }) {
  const [heard, setHeard] = useState({});
  useEffect(() => () => { if (heard.url) URL.revokeObjectURL(heard.url); }, [heard]);
  const label = `${t(`recording.${one.kind}`)} ${day(one.begun_at)}`;
  const gone = one.deleted_at !== null ? "recording.gone" : one.length_s === null ? "recording.absent" : null;
  return html`<li class="fact" data-recording=${one.recording_id}><p class="row tight"><strong>${label}</strong>
      <span class="dim">${one.length_s === null ? "" : lasting(one.length_s)} ${one.ticket_ids.join(" ")}</span>
      ${gone ? html`<span class="mark">${t(gone)}</span>`
        : html`<button class="small" aria-label=${`${t("recording.hear")} ${label}`} onClick=${async () => setHeard(await fetched(one.recording_id, reason))}>${t("recording.hear")}</button>`}</p>
    ${heard.problem && html`<p class="problem" role="alert">${told(heard.problem)}</p>`}
    ${heard.url && html`<audio controls autoplay src=${heard.url} aria-label=${label}></audio>`}</li>`;
}

export function Recordings({ recordings, role }) {
  const reasons = REASONS[role] ?? [];
  const [reason, setReason] = useState(reasons[0]);
  return html`<section class="card" aria-labelledby="recordings-title"><h2 id="recordings-title">${t("recordings")}</h2>
    ${recordings.length === 0 ? html`<p class="dim">${t("recordings.none")}</p>` : html`
      <label class="row why">${t("recording.why")}<select value=${reason} onChange=${(event) => setReason(event.currentTarget.value)}>
        ${reasons.map((one) => html`<option key=${one} value=${one}>${t(`reason.${one}`)}</option>`)}</select></label>
      <ul>${recordings.map((one) => html`<${Recording} key=${one.recording_id} one=${one} reason=${reason} />`)}</ul>`}</section>`;
}
