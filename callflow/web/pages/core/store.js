// One state, changed in one place, drawn once for however many changes a turn brings. Key handlers read `state` here,
// never a copy from an earlier drawing: a key pressed right after another is never lost to a stale view.

export function makeStore(first) {
  let state = first;
  let waiting = false;
  const watchers = new Set();
  const tell = () => {
    waiting = false;
    for (const watcher of watchers) watcher(state);
  };
  return {
    get state() { return state; },
    change(patch) {
      state = { ...state, ...(typeof patch === "function" ? patch(state) : patch) };
      if (!waiting) {
        waiting = true;
        queueMicrotask(tell);
      }
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

// What a browser remembers of a person's taste, and nothing of any caller.
export const taste = {
  read(name, otherwise) {
    try { return localStorage.getItem(`callflow.${name}`) ?? otherwise; } catch { return otherwise; }
  },
  keep(name, value) {
    try { localStorage.setItem(`callflow.${name}`, value); } catch { /* a browser that forbids it forgets it */ }
  },
};
