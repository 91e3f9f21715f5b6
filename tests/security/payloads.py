"""What attackers write: one list of texts, and where in an INVITE each can stand (requirements T-05 to T-08)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from tests.e2e.raw_caller import Forgery

MARK = "X-Forged"
"""A line that begins with it, in whatever a reader takes for lines, was written by an attacker."""

HONEST = "13800138199"
CALL_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def texts(canary: Path, channel: str) -> dict[str, str]:
    """Name -> text, aimed at this live channel; every command would make the canary."""
    event = f"\r\n\r\nEvent: Hangup\r\n{MARK}: 1\r\nChannel: {channel}\r\nUniqueid: 6.6\r\n\r\n"
    return {
        "AMI event": f"1{event}",
        "AMI header": f"1\r\n{MARK}: 1\r\nDestChannel: {channel}\r\n",
        "line feed": f"1\n{MARK}: 1\n1700000000.000,ended,{CALL_ID},,,{channel},{channel},6.6,cause=38\n",
        "AGI environment": f"1\n\n{MARK}: 1\nagi_network_script: target\nagi_arg_1: x\n\n200 result=1\n",
        "expression": f"${{SHELL(touch {canary})}}$[1+1]${{FILE({canary},,,a)}}",
        "shell": f"1`touch {canary}`$(touch {canary})|touch {canary};touch {canary}",
        "second target": "a&PJSIP/119@carrier&Local/s@danger/n",
        "arguments": f'1,1)&System(touch {canary})," | "1"="1"?Set(X=1):',
        "NUL": f"1\0{MARK}: 1\0",
        "line separators": f"1\u2028{MARK}: 1\u2029\u0085\v\f{MARK}: 2",
        "GBK": "\udcd5\udcc5\udcc8\udcfd%D5%C5%0",
        "two kilobytes": "9" * 2048,
        "format": "%n%s%x%p%99999999s${EXTEN:-1}",
    }


def quoted(text: str) -> str:
    """As it can stand in a header as it is: no line end, no NUL."""
    return text.replace("\r", " ").replace("\n", " ").replace("\0", " ").replace("\v", " ").replace("\f", " ")


def placed(name: str, text: str) -> Iterator[Forgery]:
    """The text in every place of an INVITE that could reach AMI, AGI, the dialplan, CDR, CEL or a log."""
    user = quote(text.encode("utf-8", "surrogateescape"), safe="")
    raw = quoted(text)
    shown = '"' + raw.replace("\\", "\\\\").replace('"', '\\"') + '" '
    uri = f"<sip:{user}@x.invalid>"

    def header(*lines: str, **others: str) -> Forgery:
        return Forgery(f"{name} in {lines[0].split(':')[0]}", headers=lines, **others)  # type: ignore[arg-type]

    yield Forgery(f"{name} in From", user=user)
    yield Forgery(f"{name} in From's display name", display=shown)
    yield Forgery(f"{name} in Contact", contact=user)
    yield Forgery(f"{name} in SDP", session=raw[:500])
    yield Forgery(f"{name} in Call-ID", call_id=quote(text.encode("utf-8", "surrogateescape"), safe="")[:200])
    yield header(f"P-Asserted-Identity: {uri}")
    yield header(f"P-Asserted-Identity: {shown}<sip:{HONEST}@x.invalid>")
    yield header(f"P-Asserted-Identity: <tel:{user}>")
    yield header(f"Remote-Party-ID: {shown}{uri};party=calling;privacy=off")
    yield header(f"P-Preferred-Identity: {uri}")
    yield header(f"Diversion: {shown}{uri};reason={user[:80]};counter=1")
    yield header(f"History-Info: {uri};index=1")
    yield header(f"User-to-User: {raw};encoding=hex")
    yield header(f"Call-Info: <urn:emergency:uid:incidentid:{user[:200]}:x>;purpose=emergency-IncidentId")
    yield header(f"Reason: Q.850;cause=16;text={shown.strip()}")
    yield header(f"User-Agent: {raw}")
    yield header(f"Referred-By: {uri}")
    yield header(f"Privacy: {user[:300]};id")
    yield header(f"Subject: {raw}", f"Organization: {raw}", f"X-Ticket: {raw}")
    # header smuggling: twice, a space before the colon, the compact form, a folded line (CVE-2020-28361)
    yield header(f"P-Asserted-Identity: <sip:{HONEST}@x.invalid>", f"P-Asserted-Identity: {uri}")
    yield header(f"P-Asserted-Identity : {uri}")
    yield header(f"f: {uri};tag=x", f"m: {uri}")
    yield header(f"Subject: x\r\n {raw}\r\n\tP-Asserted-Identity: {uri}")


def dialled(name: str, text: str) -> Forgery:
    """The text as the number that was dialled."""
    return Forgery(f"{name} dialled", dialled=quote(text.encode("utf-8", "surrogateescape"), safe="")[:1500])
