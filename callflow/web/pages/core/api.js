// The site's API: every answer comes back as { ok, status, body }, a refusal as its problem document.

let csrf = "";

export const setCsrf = (token) => { csrf = token; };

export async function ask(method, path, body) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") {
    headers["X-CSRF-Token"] = csrf;
    headers["Content-Type"] = "application/json";
    headers["Idempotency-Key"] = key();
  }
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method, headers, body: method === "GET" ? undefined : JSON.stringify(body ?? {}), credentials: "same-origin",
      signal: AbortSignal.timeout(15000),
    });
  } catch {
    return { ok: false, status: 0, body: AWAY };
  }
  const text = await answer.text();
  let said = null;
  try { said = text ? JSON.parse(text) : null; } catch { said = AWAY; }
  return { ok: answer.ok, status: answer.status, body: said };
}

const AWAY = {
  code: "site-away",
  detail: "The site does not answer.", detail_zh: "平台程序无应答。",
  cure: "The talk itself goes on. Use the keys of your phone; try again in a moment.",
  cure_zh: "通话不受影响。请用话机按键操作,稍后再试。",
};

// crypto.randomUUID wants a secure origin, which a lab's plain address is not everywhere
function key() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
