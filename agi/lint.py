"""The configuration's linter: what must hold in every rendered PBX, checked without starting one.

`python -m agi.lint` renders both sites and prints what is wrong, one line each; exit code 1 if anything is.
Each rule is a function from the rendered files to complaints; its docstring says what would happen otherwise.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi.dialplan import Dialplan, DialplanError, read_dialplan
from agi.render import Place, Secrets, module_list, render
from callflow.sitefile import Site, SiteFileError, load_site

CONFIG = Path(__file__).resolve().parents[1] / "asterisk-config"
ENTRIES = ("invite", "cancel", "stay", "release", "recall", "danger", "fetch", "callback", "phone-lost", "listen")
LONGEST_EXTENSION = 79  # AST_MAX_EXTENSION less the closing zero
WIRE_TEXT = re.compile(r"PJSIP_HEADER\(read,|CHANNEL\(pjsip,remote_uri\)|REDIRECTING\(from-num\)\}")
SAFE_AROUND = ("FILTER(", "LEN(", "REGEX(")

PROVIDED_BY = {
    "AGI": "res_agi", "Bridge": "", "BridgeAdd": "app_bridgeaddchan", "ChannelRedirect": "app_channelredirect",
    "Dial": "app_dial", "ExecIf": "app_exec", "Gosub": "app_stack", "Goto": "", "GotoIf": "", "Hangup": "",
    "ChanSpy": "app_chanspy", "MixMonitor": "app_mixmonitor", "StopMixMonitor": "app_mixmonitor",
    "Answer": "", "Originate": "app_originate", "Playback": "app_playback", "Queue": "app_queue", "Return": "app_stack",
    "Set": "", "SoftHangup": "app_softhangup", "StartMusicOnHold": "res_musiconhold",
    "StopMusicOnHold": "res_musiconhold", "UserEvent": "app_userevent", "Wait": "",
    "WaitForCondition": "app_waitforcond", "PlayTones": "app_playtones", "StopPlayTones": "app_playtones",
}  # fmt: skip
"""Every application that our dialplan may name, and the module it comes from ("" = Asterisk itself)."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One site, rendered and read."""

    site: Site
    files: Mapping[str, str]
    plan: Dialplan
    modules: Sequence[str]


def known_applications(it: Rendered) -> Iterator[str]:
    """An application without its module hangs the call up at that step."""
    for _context, _exten, step in it.plan.steps():
        module = PROVIDED_BY.get(step.app)
        if module is None:
            yield f"{step.where}: application {step.app} is not in agi/lint.py's table; add it with its module"
        elif module and module not in it.modules:
            yield f"{step.where}: {step.app} needs {module}; add it to conf/modules.list"


def jumps_land(it: Rendered) -> Iterator[str]:
    """A Goto into nothing ends the call."""
    for context, exten, step in it.plan.steps():
        for target in _jumps(step.app, step.args):
            parts = [part.strip() for part in target.split("(", maxsplit=1)[0].split(",")]
            place = ([context, exten][: 3 - len(parts)] + parts)[-3:]
            if not any("$" in part for part in place) and not it.plan.has(place[0], place[1], place[2]):
                yield f"{step.where}: jump to {','.join(place)} lands nowhere"


def entries_exist(it: Rendered) -> Iterator[str]:
    """The code changes live calls through these contexts only."""
    for entry in (*ENTRIES, "trigger"):
        if entry not in it.plan.contexts:
            yield f"dialplan: entry {entry} is missing"
    for target in it.site.directory:
        for entry in ("invite", "cancel"):
            if target.code not in it.plan.contexts.get(entry, {}):
                yield f"dialplan: {entry} has no extension for directory code {target.code}"


def wire_contexts_are_exact(it: Rendered) -> Iterator[str]:
    """A pattern would let a stranger's bytes, line breaks included, into EXTEN and from there into AMI."""
    facing = [f"from-{carrier.id}" for carrier in it.site.carrier] + [f"from-{peer.id}" for peer in it.site.peer]
    for context in facing:
        extensions = it.plan.contexts.get(context, {})
        if list(extensions) != [it.site.platform.service_number]:
            yield f"dialplan: {context} must have the one extension {it.site.platform.service_number}"
    for context, extensions in it.plan.contexts.items():
        for exten in extensions:
            if exten.startswith("_") and re.search(r"[.!]$", exten):
                yield f"dialplan: {context},{exten}: use fixed-length patterns, never `.` or `!`"
            if len(exten) > LONGEST_EXTENSION:
                yield f"dialplan: {context}: an extension of {len(exten)} characters is cut by Asterisk"


def wire_text_is_filtered(it: Rendered) -> Iterator[str]:
    """Text from the wire in a bare Set() writes AMI lines and dialplan expressions (requirements M13, T-06)."""
    for _context, _exten, step in it.plan.steps():
        for found in WIRE_TEXT.finditer(step.args):
            if not any(_encloses(step.args, guard, found.start()) for guard in SAFE_AROUND):
                yield f"{step.where}: text from the wire outside FILTER, LEN or REGEX"


def no_forwarding(it: Rendered) -> Iterator[str]:
    """A 302 of whoever is rung names technology and trunk itself (`PJSIP/00…@carrier`): toll fraud (T-03, T-13)."""
    place_of_options = {"Dial": 2, "Queue": 1}
    for _context, _exten, step in it.plan.steps():
        if step.app in place_of_options and not step.args.startswith("Local/"):
            options = step.args.split(",")[place_of_options[step.app] :][:1]
            if "i" not in re.sub(r"\([^)]*\)", "", "".join(options)):
                yield f"{step.where}: {step.app} needs option i, or a 302 is followed"


def no_leg_is_started_by_dial(it: Rendered) -> Iterator[str]:
    """A phone that hangs up as Dial's G() starts its leg ends the whole Asterisk; `goes-alone` does the same safely."""
    for _context, _exten, step in it.plan.steps():
        if step.app == "Dial" and re.search(r"G\([\w-]+\^", step.args):
            yield f"{step.where}: Dial's G() can end the PBX; use U(goes-alone) and F(…), and go on by DIALSTATUS"


def agi_only_on_helpers(it: Rendered) -> Iterator[str]:
    """A hung program on the caller's own channel holds him for ever."""
    for context, _exten, step in it.plan.steps():
        if step.app in ("AGI", "EAGI", "AsyncAGI") and not context.startswith("agi-"):
            yield f"{step.where}: {step.app} belongs on a helper channel, in a context agi-…"


FIXED = ("trust_id_inbound = no", "callerid = <unknown>", "allow_transfer = no", "send_connected_line = no")


def endpoints_take_nothing_from_the_wire(it: Rendered) -> Iterator[str]:
    """Without a fixed callerid the From user becomes the number, and we would assert it (requirement M4)."""
    pjsip = it.files["pjsip.conf"]
    for kind in ("base", *(("browser",) if it.site.has_browser_phones else ())):
        template = pjsip[pjsip.index(f"[{kind}](!)") :].split("\n[", maxsplit=1)[0]
        for wanted in FIXED:
            if wanted not in template:
                yield f"pjsip.conf: the {kind} endpoint must say `{wanted}`"
    if re.search(r"trust_id_inbound\s*=\s*yes", pjsip):
        yield "pjsip.conf: an endpoint says trust_id_inbound = yes; the dialplan takes the number, not the endpoint"


def ami_is_least(it: Rendered) -> Iterator[str]:
    """`security`, `dialplan` and `all` events carry bytes from the wire; more write classes run programs."""
    manager = it.files["manager.conf"]
    rights = {line.split("=")[0].strip(): line.split("=")[1].strip() for line in manager.splitlines() if " = " in line}
    if set(rights["read"].split(",")) - {"system", "user", "call"}:
        yield f"manager.conf: read = {rights['read']}: only system, user, call"
    if set(rights["write"].split(",")) - {"originate", "reporting"}:
        yield f"manager.conf: write = {rights['write']}: only originate, reporting"


RULES: tuple[Callable[[Rendered], Iterator[str]], ...] = (
    known_applications,
    jumps_land,
    entries_exist,
    wire_contexts_are_exact,
    wire_text_is_filtered,
    no_forwarding,
    no_leg_is_started_by_dial,
    agi_only_on_helpers,
    endpoints_take_nothing_from_the_wire,
    ami_is_least,
)


def complaints(site: Site, config: Path = CONFIG) -> list[str]:
    """Everything that is wrong with one site's configuration; empty when it is right. Reads files, starts nothing."""
    nowhere = Path("/nowhere")
    files = render(
        site,
        place=Place(**dict.fromkeys(Place.__dataclass_fields__, nowhere)),
        secrets=Secrets(ami="made", sip={agent.id: "made" for agent in site.agent}),
        config=config,
        ami_from=(site.addresses.host,),
        agi_host=site.addresses.host,
    )
    try:
        plan = read_dialplan({name: text for name, text in files.items() if name.startswith("dialplan/")})
    except DialplanError as error:
        return [str(error)]
    it = Rendered(site, files, plan, module_list(config))
    return [complaint for rule in RULES for complaint in rule(it)]


def _jumps(app: str, args: str) -> list[str]:
    """The places an application jumps to."""
    if app == "GotoIf":
        return [place for place in re.split(r"[?:]", args.rsplit("]", 1)[-1])[1:] if place]
    if app in ("Goto", "Gosub"):
        return [args]
    if app == "ExecIf" and (found := re.search(r"\?Gosub\(([^)]*)\)$", args)):
        return [found[1]]
    return []


def _encloses(text: str, guard: str, position: int) -> bool:
    """Whether `position` lies inside a call of `guard` (brackets counted)."""
    start = text.rfind(guard, 0, position)
    while start >= 0:
        depth = text.count("(", start, position) - text.count(")", start, position)
        if depth > 0:
            return True
        start = text.rfind(guard, 0, start)
    return False


def main() -> int:
    """Lint every site file; print complaints; return the exit code."""
    found: list[str] = []
    for path in sorted((CONFIG / "sites").glob("*.toml")):
        try:
            found += [f"{path.stem}: {line}" for line in complaints(load_site(path, "127.0.0"))]
        except SiteFileError as error:
            found.append(str(error))
    for line in found:
        sys.stderr.write(line + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
