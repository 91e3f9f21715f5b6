"""What `phone = "browser"` does to a site's Asterisk: nothing, or all that it needs."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

from agi.lint import CONFIG, complaints
from agi.render import BROWSER_PHONE_MODULES, Place, Secrets, render
from callflow.sitefile import Site, load_site

SEAT = "8005"


def with_browser(net: str = "127.0.0") -> Site:
    return load_site(CONFIG / "sites" / "12345.toml", net)


def plain(net: str = "127.0.0") -> Site:
    site = with_browser(net)
    return site.model_copy(update={"agent": tuple(a for a in site.agent if a.phone == "sip")})


def rendered(of: Site) -> dict[str, str]:
    place = Place(**dict.fromkeys(Place.__dataclass_fields__, Path("/nowhere")))
    secrets = Secrets(ami="made", sip={agent.id: "made" for agent in of.agent})
    return render(
        of, place=place, secrets=secrets, config=CONFIG, ami_from=("127.0.0.1",), agi_host="127.0.0.1",
        ice_hosts={"192.0.2.7": "127.0.0.1"},
    )  # fmt: skip


def test_where_nobody_has_one_asterisk_serves_no_http_and_offers_no_ice() -> None:
    files = rendered(plain())

    assert "enabled = no" in files["http.conf"]
    assert "icesupport = no" in files["rtp.conf"]
    assert not any(name in files["modules.conf"] for name in BROWSER_PHONE_MODULES)
    assert "webrtc" not in files["pjsip.conf"]


def test_an_agents_page_is_an_endpoint_of_its_own_kind_and_the_linter_agrees() -> None:
    files = rendered(with_browser())

    assert f"[{SEAT}](browser)" in files["pjsip.conf"]
    assert "[8001](base)" in files["pjsip.conf"]
    assert all(f"load = {name}.so" in files["modules.conf"] for name in BROWSER_PHONE_MODULES)
    assert "192.0.2.7 => 127.0.0.1" in files["rtp.conf"]
    assert complaints(with_browser()) == []


def test_asterisks_http_is_on_loopback_wherever_the_site_is_and_our_own_pump_is_never_banned() -> None:
    site = with_browser("10.9.8")

    assert "bindaddr = 127.0.0.1\n" in rendered(site)["http.conf"]
    assert ip_network("127.0.0.1") in site.never_banned
    assert ip_network("127.0.0.1") not in plain("10.9.8").never_banned
