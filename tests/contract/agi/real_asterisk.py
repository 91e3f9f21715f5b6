"""A small Asterisk of the test's own: no SIP, only AMI, FastAGI, Local channels and the journal's FILE()."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agi.link import AmiLogin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOST = "127.0.105.1"
BOOT_LIMIT_S = 20.0

MODULES = [
    "pbx_config",
    "app_dial",
    "app_stack",
    "app_userevent",
    "app_verbose",
    "func_callerid",
    "func_channel",
    "func_env",
    "func_global",
    "func_groupcount",
    "func_logic",
    "func_strings",
    "func_timeout",
    "res_timing_timerfd",
    "res_speech",
    "res_agi",
    "bridge_simple",
]

# The same shape as the product's dialplan: entries on Local channels, FastAGI on a helper with a limit.
DIALPLAN = """
[globals]
AGI=agi://{host}:{agi_port}
JOURNAL={journal}
CALLID=01K00000000000000000000001

[caller]                                   ; a caller's leg: waits, with the variables that the contract names
exten => s,1,Set(__CALL_ID=${{CALLID}})
 same => n,Set(__INCIDENT=01K00000000000000000000002)
 same => n,Set(__CALLERCHAN=${{CHANNEL(name)}})
 same => n,Set(__MARK=trusted)
 same => n,Answer()
 same => n,Wait(60)

[trigger]
exten => s,1,Wait(60)

[invite]
exten => 110,1,Set(LEG=${{CALLID}},,${{ATTEMPT}},${{CALLERCHAN}},${{CHANNEL(name)}},${{CHANNEL(uniqueid)}})
 same => n,Set(WHAT=target=110 kind=${{KIND}} way=${{WAY}} danger=0 retry=0)
 same => n,Set(FILE(${{JOURNAL}},,,al,u)=${{STRFTIME(,,%s.%3q)}},inviting,${{LEG}},${{WHAT}})
 same => n,UserEvent(Journal)
 same => n,Set(SHARED(PENDING,${{CALLERCHAN}})=${{GROUP_COUNT(${{CALLERCHAN}}@pending)}})
 same => n,Ringing()
 same => n,Wait(60)

[stay]
exten => s,1,Set(SHARED(STAY,${{CALLERCHAN}})=1)
 same => n,Answer()
 same => n,Hangup(16)

[ask]                                      ; one caller who needs a route; the default is "none"
exten => s,1,Set(__CALLERCHAN=${{CHANNEL(name)}})
 same => n,Set(__CALL_ID=${{CALLID}})
 same => n,Set(__INCIDENT=01K00000000000000000000002)
 same => n,Set(__MARK=trusted)
 same => n,Dial(Local/s@agi-intake/n,1)
 same => n,UserEvent(Routed,RouteIncident: ${{SHARED(R_INCIDENT)}},RouteHop: ${{SHARED(R_HOP)}})
 same => n,Hangup()
[agi-intake]
exten => s,1,Set(AGISIGHUP=no)
 same => n,AGI(${{AGI}}/intake,${{CALL_ID}},${{CALLERCHAN}},carrier,12345,13800138000,)
 same => n,Hangup()
"""

MANAGER = """
[general]
enabled = yes
bindaddr = {host}
port = {ami_port}
timestampevents = yes
webenabled = no
[callflow]
secret = right
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.0/255.0.0.0
read = system,user,call
write = originate,reporting
writetimeout = 2000
eventfilter(action(include),name(FullyBooted)) =
eventfilter(action(include),name(Shutdown)) =
eventfilter(action(include),name(UserEvent)) =
eventfilter(action(include),name(DialState)) =
eventfilter(action(include),name(OriginateResponse)) =
"""

ASTERISK = """
[directories]
astetcdir => {etc}
astmoddir => {modules}
astdatadir => {share}
astagidir => {var}
astvarlibdir => {var}
astdbdir => {var}
astkeydir => {var}
astspooldir => {var}
astrundir => {var}
astlogdir => {var}
[options]
systemname = pbx-test
live_dangerously = no
hideconnect = yes
"""


@dataclass(frozen=True, slots=True)
class RealAsterisk:
    """A running one."""

    login: AmiLogin
    agi_port: int
    journal: Path


def free_port(host: str = HOST) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def program() -> Path:
    runtime = os.environ.get("CALLFLOW_RUNTIME", "")
    asterisk = Path(runtime) / "bin" / "asterisk"
    if not runtime or not asterisk.exists():
        pytest.fail("CALLFLOW_RUNTIME names no directory with bin/asterisk; run these tests by ./run test contract")
    return asterisk


@asynccontextmanager
async def running_asterisk(place: Path, ami_port: int | None = None) -> AsyncIterator[RealAsterisk]:
    asterisk = program()
    modules = next((asterisk.parent.parent / "usr" / "lib").glob("*/asterisk/modules"))
    etc, var = place / "etc", place / "var"
    etc.mkdir()
    var.mkdir()
    found = RealAsterisk(AmiLogin(HOST, ami_port or free_port(), "callflow", "right"), free_port(), place / "steps.csv")
    values = {"host": HOST, "ami_port": found.login.port, "agi_port": found.agi_port, "journal": found.journal}
    values |= {"etc": etc, "var": var, "modules": modules, "share": asterisk.parent.parent / "usr/share/asterisk"}
    (etc / "asterisk.conf").write_text(ASTERISK.format(**values))
    (etc / "manager.conf").write_text(MANAGER.format(**values))
    (etc / "extensions.conf").write_text(DIALPLAN.format(**values))
    (etc / "modules.conf").write_text("[modules]\nautoload=no\n" + "".join(f"load = {name}.so\n" for name in MODULES))
    (etc / "logger.conf").write_text("[general]\n[logfiles]\nmessages = notice,warning,error\n")
    process = await asyncio.create_subprocess_exec(
        str(asterisk), "-f", "-C", str(etc / "asterisk.conf"),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(BOOT_LIMIT_S):
            while not await _is_booted(asterisk, etc):
                assert process.returncode is None, (var / "messages").read_text()
        yield found
    finally:
        process.kill()
        await process.wait()


async def _is_booted(asterisk: Path, etc: Path) -> bool:
    ask = await asyncio.create_subprocess_exec(
        str(asterisk), "-C", str(etc / "asterisk.conf"), "-rx", "core waitfullybooted",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    said, _ = await ask.communicate()
    return b"fully booted" in said
