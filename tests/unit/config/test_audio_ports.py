"""The two halves of a PBX's audio ports: they share none, leave none, and part no pair of RTP and RTCP."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agi.lint import CONFIG
from agi.render import Place, Secrets, render
from callflow.sitefile import load_site

RANGE = re.compile(r"^rtp(?:start|end) = (\d+)$", re.MULTILINE)


@pytest.mark.parametrize(("first", "last"), [(10000, 11999), (10000, 10999), (20000, 20007), (16384, 32767)])
def test_the_halves_are_the_whole_and_share_nothing(first: int, last: int) -> None:
    site = load_site(CONFIG / "sites" / "12345.toml", "127.0.0")
    addresses = site.addresses.model_copy(update={"rtp_first": first, "rtp_last": last})
    files = render(
        site.model_copy(update={"addresses": addresses}),
        place=Place(**dict.fromkeys(Place.__dataclass_fields__, Path("/nowhere"))),
        secrets=Secrets(ami="made", sip={agent.id: "made" for agent in site.agent}),
        config=CONFIG, ami_from=("127.0.0.1",), agi_host="127.0.0.1",
    )  # fmt: skip
    lower, upper = ([int(port) for port in RANGE.findall(files[f"audio-ports-{half}.conf"])] for half in "ab")

    assert (lower[0], lower[1] + 1, upper[1]) == (first, upper[0], last)
    assert upper[0] % 2 == 0
    assert abs((lower[1] - lower[0]) - (upper[1] - upper[0])) <= 2
