// What the citizen hears, in a word and a level: nothing, one steady tone (the lab's music on hold is one), or a voice.

const LOOK_MS = 200;
const QUIET_DB = -65; // of the whole spectrum's loudest bin
const STEADY_LOOKS = 4; // as long on one pitch: no voice does that

export function makeEar(tell) {
  const speaker = Object.assign(document.createElement("audio"), { autoplay: true });
  document.body.append(speaker);
  let context = null;
  let timer = 0;

  function look(analyser, bins, past) {
    analyser.getFloatFrequencyData(bins);
    let top = 0;
    for (let bin = 1; bin < bins.length; bin += 1) if (bins[bin] > bins[top]) top = bin;
    const loud = bins[top];
    past.push(loud < QUIET_DB ? null : top);
    if (past.length > STEADY_LOOKS) past.shift();
    const steady = past.length === STEADY_LOOKS && past.every((bin) => bin !== null && Math.abs(bin - top) <= 1);
    const word = loud < QUIET_DB ? "nothing" : steady ? "tone" : "voice";
    tell({ word, level: Math.max(0, Math.min(1, (loud + 90) / 70)) });
  }

  return {
    listen(stream) {
      this.stop();
      speaker.srcObject = stream;
      context ??= new AudioContext();
      context.resume();
      const analyser = context.createAnalyser();
      analyser.fftSize = 2048;
      context.createMediaStreamSource(stream).connect(analyser);
      const bins = new Float32Array(analyser.frequencyBinCount);
      const past = [];
      timer = setInterval(() => look(analyser, bins, past), LOOK_MS);
    },
    stop() {
      clearInterval(timer);
      speaker.srcObject = null;
      tell({ word: "nothing", level: 0 });
    },
  };
}
