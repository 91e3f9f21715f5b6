"""`./run bench classifier`: latency, throughput, memory and start, with and without the sentence encoder."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from classifier.corpus import corpus
from classifier.encoder import encoder
from classifier.suggest import classify
from classifier.tuning import Tuning

LONG = 10_000
EVERY = 12  # every twelfth utterance of the corpus
IN_SERVICE = """import time
began = time.perf_counter()
from classifier import classify
classify("您好")
start_s = time.perf_counter() - began
import json, pathlib, sys
for text in json.load(sys.stdin):
    classify(text)
status = pathlib.Path("/proc/self/status").read_text()  # getrusage would count the process that began this one
print(start_s, status.split("VmHWM:")[1].split()[0])"""


def measure() -> dict[str, object]:
    """Figures of this machine now, in processor time, so that other work on it hardly shows."""
    texts = [row.text for row in corpus()[::EVERY]]
    found: dict[str, object] = {
        "utterances": len(texts),
        "mean_characters": round(sum(map(len, texts)) / len(texts), 1),
    }
    words = Tuning(sentences=False)
    found["words"] = _costs(texts, words)
    found["words_10000_characters_ms"] = _costs(["".join(texts)[:LONG]], words)["p95_ms"]
    if encoder() is not None:
        found["sentence"] = _costs(texts, Tuning())
        found["sentence_10000_characters_ms"] = _costs(["".join(texts)[:LONG]], Tuning())["p95_ms"]
    start_s, memory_kib = _in_service(texts)
    found["start_s"], found["memory_mb"] = round(start_s, 2), round(memory_kib / 1024)
    return found


def _in_service(texts: Sequence[str]) -> tuple[float, float]:
    """Start in seconds and the most memory in KiB of a process of its own: this one has the corpus in it too."""
    command = [sys.executable, "-c", IN_SERVICE]
    told = subprocess.run(  # noqa: S603 - our own interpreter, our own words
        command, input=json.dumps(texts), capture_output=True, text=True, timeout=600, check=True
    )
    said = told.stdout.split()
    return float(said[0]), float(said[1])


def _costs(texts: Sequence[str], tuning: Tuning) -> dict[str, float]:
    classify(texts[0], None, tuning)
    costs = []
    for text in texts:
        began = time.process_time()
        classify(text, None, tuning)
        costs.append((time.process_time() - began) * 1000)
    costs.sort()
    return {
        "p50_ms": round(costs[len(costs) // 2], 2),
        "p95_ms": round(costs[len(costs) * 19 // 20], 2),
        "a_second_and_core": round(1000 * len(costs) / sum(costs)),
    }


def run(out: Path | None = None) -> int:
    """Print the figures as JSON, and write them to `out`."""
    said = json.dumps(measure(), ensure_ascii=False, indent=2)
    sys.stdout.write(said + "\n")
    if out is not None:
        out.write_text(said + "\n", encoding="utf-8")
    return 0
