// Single keys, bound once for the life of the page. They never act while somebody types, composes Chinese, holds a
// modifier or leans on a key, and a visible switch turns them off (WCAG 2.1.4).

const EDITABLE = "input, textarea, select, [contenteditable]:not([contenteditable=false])";
const COMPOSING = 229; // what a browser reports of a key that an input method has taken

export function bindKeys({ isOn, act, leaveField }) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === COMPOSING || event.key === "Process") return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const typing = event.target instanceof Element && event.target.closest(EDITABLE);
    if (typing && !isSwitch(typing)) {
      if (event.key === "Escape") leaveField(typing);
      return;
    }
    if (event.shiftKey && event.key.length === 1 && event.key !== "?") return;
    if (!isOn() && event.key !== "Escape") return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (act(key)) event.preventDefault();
  });
}

// A tick box takes no text: keys go on working after somebody has clicked one. Space stays its own.
const isSwitch = (field) => field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type);
