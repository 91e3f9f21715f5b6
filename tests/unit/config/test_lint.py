"""The configuration's linter finds what it is there to find: each rule is shown a broken copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agi.lint import CONFIG, complaints
from callflow.sitefile import Site, load_site

SITES = ("12345", "110")


def site(name: str = "12345") -> Site:
    return load_site(CONFIG / "sites" / f"{name}.toml", "127.0.0")


@pytest.mark.parametrize("name", SITES)
def test_our_own_configuration_is_right(name: str) -> None:
    assert complaints(site(name)) == []


BROKEN = [
    ("dialplan/release.conf.j2", "ChannelRedirect(", "Transfer(", "application Transfer is not in"),
    ("dialplan/intake.conf.j2", "Goto(agents,queue,1)", "Goto(agents,quue,1)", "jump to agents,quue,1 lands nowhere"),
    ("dialplan/stay.conf.j2", "?refuse)", "?refsue)", "lands nowhere"),
    ("dialplan/danger.conf.j2", "[danger]", "[dnager]", "entry danger is missing"),
    ("dialplan/intake.conf.j2", "exten => {{ site.platform.service_number }},1,Set(VIA={{ c.id }})",
     "exten => _X.,1,Set(VIA={{ c.id }})", "must have the one extension"),
    ("dialplan/transfer.conf.j2", "exten => _{{ pattern }}", "exten => _{{ pattern }}.", "never `.` or `!`"),
    ("dialplan/identity.conf.j2", "Set(NUMBER=${FILTER(0-9+,${PJSIP_HEADER(read,P-Asserted-Identity)})})",
     "Set(NUMBER=${PJSIP_HEADER(read,P-Asserted-Identity)})", "text from the wire outside"),
    ("dialplan/agents.conf.j2", " same => n,Wait(0.25)", " same => n,AGI(agi://x/y)",
     "belongs on a helper"),
    ("dialplan/invite.conf.j2", ",igb(target-leg", ",gb(target-leg", "a 302 is followed"),
    ("dialplan/listen.conf.j2", "U(goes-alone)F(listen-now^s^1)", "G(listen-now^s^1)", "Dial's G() can end the PBX"),
    ("conf/pjsip.conf.j2", "callerid = <unknown>", "callerid = Unknown", "callerid = <unknown>"),
    ("conf/pjsip.conf.j2", "trust_id_inbound = no", "trust_id_inbound = yes", "trust_id_inbound"),
    ("conf/manager.conf.j2", "read = system,user,call", "read = all", "only system, user, call"),
    ("conf/manager.conf.j2", "write = originate,reporting", "write = originate,command", "only originate, reporting"),
    ("conf/modules.list", "app_bridgeaddchan\n", "", "needs app_bridgeaddchan"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "right", "wrong", "said"), BROKEN)
def test_a_broken_configuration_is_named(file: str, right: str, wrong: str, said: str, tmp_path: Path) -> None:
    config = tmp_path / "asterisk-config"
    shutil.copytree(CONFIG, config)
    text = (config / file).read_text(encoding="utf-8")
    assert right in text
    (config / file).write_text(text.replace(right, wrong, 1), encoding="utf-8")

    assert any(said in line for line in complaints(site(), config))
