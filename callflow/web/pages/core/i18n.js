// Two languages, Chinese first. A page adds its words as { key: ["中文", "English"] }; {name} is filled in.

const words = new Map();
const LANGUAGES = ["zh-CN", "en"];
let language = LANGUAGES[0];

export const languageNow = () => language;
export const isChinese = () => language === LANGUAGES[0];

export function addWords(more) {
  for (const [key, pair] of Object.entries(more)) words.set(key, pair);
}

export function speak(chosen) {
  language = LANGUAGES.includes(chosen) ? chosen : LANGUAGES[0];
  document.documentElement.lang = language;
}

export function t(key, fill = {}) {
  const pair = words.get(key);
  if (!pair) return key;
  return pair[isChinese() ? 0 : 1].replace(/\{(\w+)\}/g, (_, name) => String(fill[name] ?? ""));
}

// A code that the server sent: its word if there is one, else the code itself.
export const word = (group, code) => (words.has(`${group}.${code}`) ? t(`${group}.${code}`) : String(code ?? ""));

// What carries both languages beside each other: names of the directory, sentences of a problem.
export const both = (zh, en) => (isChinese() ? zh || en : en || zh) || "";
export const nameOf = (entry) => both(entry?.name_zh, entry?.name_en);

export function clock(seconds) {
  return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false })
    .format(new Date(seconds * 1000));
}

export function day(seconds) {
  return new Intl.DateTimeFormat(language, { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false })
    .format(new Date(seconds * 1000));
}

export function lasting(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${two(minutes)}:${two(rest)}`;
}
