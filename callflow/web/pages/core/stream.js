// The event stream: whole states, a snapshot first. The browser itself resumes by Last-Event-ID after a lost line;
// only a refused stream (signed out, too many) comes back here to be asked again.

const AGAIN_MS = 1000;

// `path` of the stream, and the `names` of its events.
export function listen({ path, names, on, onState, onRefused }) {
  let source = null;
  let timer = 0;
  let closed = false;

  const open = () => {
    if (closed) return;
    source = new EventSource(`/api/v1${path}`);
    for (const name of names) {
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
