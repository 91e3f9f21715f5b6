// The event stream: whole states, a snapshot first. The browser itself resumes by Last-Event-ID after a lost line;
// only a refused stream (signed out, too many) comes back here to be asked again.

const NAMES = ["snapshot", "call", "attempt", "pop", "ticket", "danger"];
const AGAIN_MS = 1000;

export function listen({ on, onState, onRefused }) {
  let source = null;
  let timer = 0;
  let closed = false;

  const open = () => {
    if (closed) return;
    source = new EventSource("/api/v1/events");
    for (const name of NAMES) {
      source.addEventListener(name, (event) => {
        onState("live");
        on(name, JSON.parse(event.data));
      });
    }
    source.onerror = () => {
      onState("lost");
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(async () => { if (await onRefused()) open(); }, AGAIN_MS);
    };
  };

  open();
  return () => {
    closed = true;
    clearTimeout(timer);
    source?.close();
  };
}
