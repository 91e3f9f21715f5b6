// A call's sound in a page: the microphone alone, and a line without any help from outside, for there is no NAT between
// a page and its own site.

export const SOUND = { audio: true, video: false };
export const LINE = { iceServers: [] };

// Before the call is answered or placed further: the first candidate will do, and what comes in goes to `play`.
export function wire(session, play) {
  session.on("icecandidate", (event) => event.ready());
  const follow = (line) => line.addEventListener("track", ({ streams }) => play(streams[0]));
  if (session.connection) follow(session.connection); // an outgoing call has its own by now
  else session.on("peerconnection", ({ peerconnection }) => follow(peerconnection));
}
