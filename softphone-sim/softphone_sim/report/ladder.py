"""A ladder diagram in SVG: actors as columns, time downwards, SIP as arrows, desks and sounds beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from softphone_sim.phone.messages import SipMessage
from softphone_sim.report.junit import xml_text
from softphone_sim.run.play import ActorRecord, Result
from softphone_sim.run.stage import Entry

COLUMN_PX, ROW_PX, TOP_PX, LEFT_PX = 230, 22, 70, 90
COLOURS = {
    "sip": "#1f5f8b",
    "desk": "#7a3e9d",
    "audio": "#2f7d32",
    "fault": "#b3261e",
    "verdict": "#333",
    "step": "#555",
}
SHOWN_KINDS = {"desk", "audio", "fault", "verdict"}
HIDDEN_METHODS = {"ACK", "OPTIONS", "REGISTER"}
NETWORK = "network"
FONT = 'font-family="sans-serif" font-size="11"'
ARROW_HEAD = (
    '<defs><marker id="head" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z" fill="context-stroke"/></marker></defs>'
)


@dataclass(frozen=True, slots=True)
class _Row:
    time_ns: int
    text: str
    kind: str
    start: str
    end: str | None = None  # an arrow when there is another end


def write_ladder(result: Result, file: Path) -> None:
    """Draw one played script; the folder is made when it is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(draw(result), encoding="utf-8")


def draw(result: Result) -> str:
    """The drawing as SVG text."""
    rows = sorted(_rows(result), key=lambda row: row.time_ns)
    columns = [*(actor.name for actor in result.actors), NETWORK]
    centre = {name: LEFT_PX + COLUMN_PX // 2 + index * COLUMN_PX for index, name in enumerate(columns)}
    width, height = LEFT_PX + COLUMN_PX * len(columns) + 20, TOP_PX + ROW_PX * (len(rows) + 2)
    verdict = "passed" if result.ok else f"FAILED: {result.failure}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" {FONT}>',
        ARROW_HEAD,
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="10" y="20" font-size="15" font-weight="bold">{escape(xml_text(result.name))}</text>',
        f'<text x="10" y="38" fill="{"#2f7d32" if result.ok else "#b3261e"}">{escape(xml_text(verdict))}</text>',
    ]
    for name, x in centre.items():
        number = next((actor.number for actor in result.actors if actor.name == name), "")
        title = escape(f"{name} {number}")
        parts.append(f'<text x="{x}" y="{TOP_PX - 8}" text-anchor="middle" font-weight="bold">{title}</text>')
        parts.append(f'<line x1="{x}" x2="{x}" y1="{TOP_PX}" y2="{height - ROW_PX}" stroke="#bbb"/>')
    for index, row in enumerate(rows):
        parts += _drawn(row, TOP_PX + ROW_PX * (index + 1), centre, result.began_ns)
    return "\n".join([*parts, "</svg>", ""])


def _drawn(row: _Row, y: int, centre: dict[str, int], began_ns: int) -> list[str]:
    colour = COLOURS.get(row.kind, "#333")
    at_s = (row.time_ns - began_ns) / 1e9
    seconds = f'<text x="{LEFT_PX - 12}" y="{y + 4}" text-anchor="end" fill="#777">{at_s:.3f} s</text>'
    x = centre.get(row.start, LEFT_PX)
    text = escape(xml_text(row.text))
    if row.end is None:
        dot = f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>'
        return [seconds, dot, f'<text x="{x + 8}" y="{y + 4}" fill="{colour}">{text}</text>']
    to = centre.get(row.end, x)
    arrow = f'<line x1="{x}" y1="{y}" x2="{to}" y2="{y}" stroke="{colour}" stroke-width="1.4" marker-end="url(#head)"/>'
    return [seconds, arrow, f'<text x="{(x + to) // 2}" y="{y - 4}" text-anchor="middle" fill="{colour}">{text}</text>']


def _rows(result: Result) -> list[_Row]:
    rows = [_entry_row(entry) for entry in result.timeline if entry.kind in SHOWN_KINDS]
    drawn: set[tuple[str, str, str]] = set()
    for actor in result.actors:
        for message in actor.messages:
            if message.method not in HIDDEN_METHODS and message.code != 100:  # noqa: PLR2004 - SIP 100 Trying
                rows += _message_row(actor, message, result.actors, drawn)
    return rows


def _entry_row(entry: Entry) -> _Row:
    return _Row(entry.time_ns, entry.what, entry.kind, entry.who)


def _message_row(
    actor: ActorRecord, message: SipMessage, actors: Sequence[ActorRecord], drawn: set[tuple[str, str, str]]
) -> list[_Row]:
    """One arrow a message: between two of our phones it is drawn once, else to or from the network."""
    key = (message.call_id, message.header("cseq") or "", message.start_line)
    if key in drawn:
        return []
    drawn.add(key)
    far = NETWORK
    for other in actors:
        if other is not actor and any(key == (m.call_id, m.header("cseq") or "", m.start_line) for m in other.messages):
            far = other.name
    label = f"{message.code} ({message.method})" if message.code else message.method
    if message.method == "INVITE" and not message.code:
        label += f" {message.shown_number}"
    start, end = (actor.name, far) if message.is_sent else (far, actor.name)
    return [_Row(message.time_ns, label, "sip", start, end)]
