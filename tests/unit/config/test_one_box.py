"""The site files of one box are those of two hosts but for where things stand, and no two stand in one place."""

from __future__ import annotations

import pytest

from agi.lint import CONFIG
from callflow.lab.lab import ports_of
from callflow.lab.plan import plan_lab
from callflow.sitefile import Site, load_site

NET = "127.0.0"
TWO, ONE = CONFIG / "sites", CONFIG / "sites" / "one-box"


def without_places(site: Site) -> Site:
    peers = tuple(peer.model_copy(update={"address": "", "exchange": "", "trunk_port": 0}) for peer in site.peer)
    return site.model_copy(update={"addresses": None, "peer": peers})


@pytest.mark.covers("R-058")
@pytest.mark.parametrize("site_id", ["12345", "110"])
def test_only_places_differ(site_id: str) -> None:
    two, one = (load_site(folder / f"{site_id}.toml", NET) for folder in (TWO, ONE))

    assert without_places(one) == without_places(two)


@pytest.mark.covers("R-058")
def test_each_names_the_other_where_it_stands() -> None:
    gov, police = (load_site(ONE / f"{site_id}.toml", NET) for site_id in ("12345", "110"))

    for site, other in ((gov, police), (police, gov)):
        (peer,), at = site.peer, other.addresses
        assert (peer.id, peer.address, peer.trunk_port) == (other.platform.id, at.host, at.trunk_port)
        assert peer.exchange == f"https://{at.host}:{at.exchange_port}/exchange/v1"
    assert gov.addresses.host == police.addresses.host
    assert gov.addresses.desk != police.addresses.desk  # a browser gives a session's cookie to every port of a host


@pytest.mark.covers("R-058")
def test_no_two_programs_want_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLFLOW_HOME", str(CONFIG.parent))
    monkeypatch.setenv("CALLFLOW_RUNTIME", "/nowhere")
    monkeypatch.delenv("CALLFLOW_SITES", raising=False)
    plan = plan_lab(0, one_box=True)

    places = [place for site in plan.sites for ports in ports_of(site).values() for place in ports]
    assert len(set(places)) == len(places)
    first, second = (site.site.addresses for site in plan.sites)
    assert first.rtp_last < second.rtp_first or second.rtp_last < first.rtp_first
