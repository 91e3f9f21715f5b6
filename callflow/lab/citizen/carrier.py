"""The simulated carrier: an Asterisk of its own between the citizen's browser and the platforms.

To the platforms it is what a carrier is, plain SIP from a carrier's address with the caller's number in
P-Asserted-Identity, so that nothing in their configuration knows of a citizen's page.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from callflow.lab import pbx, processes
from callflow.lab.citizen.lines import LINES, RTP_PORTS, SIP_PORT, SOCKET_PORT, Place
from callflow.lab.plan import Plan
from callflow.lab.processes import Known

TEMPLATES: Final = Path(__file__).parent / "carrier"
MODULES: Final = (
    "res_timing_timerfd", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_crypto", "res_srtp",
    "pbx_config", "res_pjproject", "res_pjsip", "res_pjsip_session", "res_pjsip_pubsub",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_nat", "res_pjsip_caller_id", "res_pjsip_rfc3326", "res_pjsip_dlg_options", "res_pjsip_sdp_rtp",
    "res_rtp_asterisk", "chan_pjsip", "bridge_simple", "bridge_native_rtp", "app_dial", "codec_alaw", "codec_ulaw",
    "codec_a_mu", "res_http_websocket", "res_pjsip_transport_websocket",
)  # fmt: skip


def start(plan: Plan, place: Place) -> Known:
    """Write its configuration and start it; returns when it takes calls.

    Raises:
        LabError: it did not come up.
    """
    for folder in ("etc", "var/spool", "var/keys", "log/cdr-csv"):
        (place.own / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    place.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in rendered(plan, place).items():
        (place.own / "etc" / name).write_text(text, encoding="utf-8")
    words = [str(plan.runtime / "bin" / "asterisk"), "-C", str(place.own / "etc" / "asterisk.conf")]
    may = ["--write", *(str(place.own / one) for one in ("var", "log")), str(place.run)]
    may += ["--read", str(plan.runtime), str(place.own / "etc")]
    log = place.own / "log" / "asterisk.out"
    confined = [sys.executable, "-m", "callflow.lab.confine", *may, "--", *words, "-f", "-n"]
    started = processes.start("carrier", confined, place.own, log)
    pbx.wait_for_boot(words, started, "the simulated carrier", log)
    return started


def rendered(plan: Plan, place: Place) -> dict[str, str]:
    """Its configuration: file name -> text."""
    site = plan.sites[0].place
    values = {
        "own": place.own,
        "run": place.run,
        "host": place.host,
        "lines": LINES,
        "platforms": [{"dial": dial, "at": at} for dial, at in place.platforms],
        "sip_port": SIP_PORT,
        "socket_port": SOCKET_PORT,
        "rtp_first": RTP_PORTS[0],
        "rtp_last": RTP_PORTS[1],
        "own_addresses": pbx.own_addresses(),
        "modules": MODULES,
        "modules_folder": site.modules,
        "share": site.share,
    }
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - these are .conf files, and every value is our own
    )  # fmt: skip
    return {
        name.removesuffix(".j2"): environment.get_template(name).render(values) for name in environment.list_templates()
    }
