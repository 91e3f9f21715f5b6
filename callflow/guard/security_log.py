r"""One line of Asterisk's security log (`[json]security` in logger.conf): which source did what, and when.

Measured on Asterisk 22.10.1: the log writes what a caller calls himself between plain quotes, unescaped. A From of
`x%22,RemoteAddress=%22IPV4/UDP/192.0.2.9/5060` puts a second, false RemoteAddress into the line; so does a Call-ID or
an AMI user name. So a line is read from both ends: its head up to EventVersion and its tail from LocalAddress on
are written by Asterisk alone; what stands between is never looked at. A pattern that searches the line for
RemoteAddress, as those of fail2ban do, would ban whomever the attacker names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address

from callflow.domain.bans import Reason, Seen

LONGEST_LINE = 65536
"""Bytes. A SIP message by UDP is shorter, so a longer line is none of Asterisk's."""

_HEAD = re.compile(r'SecurityEvent="(\w+)",EventTV="([0-9T:.+-]+)",Severity="\w+",Service="\w+",EventVersion="\d+",')
_ACCOUNT = re.compile(r'AccountID="(\d{3,6})",')
"""Right after the head. Of who has proved a password it is the endpoint's own name, so none of his bytes."""

_SIDE = r'="IPV[46]/(UDP|TCP|TLS|WS|WSS)/([0-9A-Fa-f.:]+)/\d+"'
_TIME = r'(?:,SessionTV="[^"]*")?'


def _tail(rest: str) -> re.Pattern[str]:
    return re.compile(rf",LocalAddress{_SIDE}{_TIME},RemoteAddress{_SIDE}{_TIME}{rest}\n?\Z")


_HEX = '"[0-9A-Za-z/]*"'
_KINDS: Mapping[str, tuple[Reason | None, re.Pattern[str]]] = {
    "SuccessfulAuth": (None, _tail(',UsingPassword="1"')),
    "ChallengeResponseFailed": (
        Reason.PASSWORD,
        _tail(rf",Challenge={_HEX},Response={_HEX},ExpectedResponse={_HEX}"),
    ),
    "InvalidPassword": (Reason.PASSWORD, _tail(rf"(?:,Challenge={_HEX})?(?:,Received\w+={_HEX})*")),
    "InvalidAccountID": (Reason.ACCOUNT, _tail("")),
    "ChallengeSent": (Reason.SILENT, _tail(rf",Challenge={_HEX}")),
    "FailedACL": (Reason.REFUSED, _tail(r'(?:,ACLName="\w*")?')),
    "RequestNotSupported": (Reason.REFUSED, _tail(r',RequestType="\w*"')),
    "RequestNotAllowed": (Reason.REFUSED, _tail(r',RequestType="\w*"(?:,RequestParams="\w*")?')),
    "AuthMethodNotAllowed": (Reason.REFUSED, _tail(r',AuthMethod="\w*"')),
    "RequestBadFormat": (Reason.REFUSED, _tail(r',RequestType="\w*"(?:,RequestParams="\w*")?')),
}
"""Event -> what it says, and how its line ends. The others say nothing of a source's intentions."""


class Unreadable(ValueError):  # noqa: N818 - named by what it is
    """The line is none of Asterisk's, or somebody wrote into it what could be read in two ways."""


def read_line(line: bytes) -> Seen | None:
    """What one line says of its source; None when it says nothing of interest.

    Raises:
        Unreadable: nothing in it can be believed, so nobody is banned for it.
    """
    if len(line) > LONGEST_LINE:
        raise Unreadable("too long")
    try:
        message = json.loads(line)["logmsg"]["message"]
        head = _HEAD.match(message)
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable("not a line of the JSON log") from error
    if head is None:
        raise Unreadable("no security event")
    name, when = head.groups()
    if name not in _KINDS:
        return None
    reason, ends = _KINDS[name]
    tail = ends.search(message, head.end() - 1)
    if tail is None:
        if name == "SuccessfulAuth":
            return None  # let in by its address alone: that proves nothing
        raise Unreadable(name)
    if reason is Reason.PASSWORD and message.count("RemoteAddress=") > 1:
        raise Unreadable("two addresses")  # the challenge and the answer to it, which come from outside, stand last
    try:
        at = datetime.strptime(when, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
        account = _ACCOUNT.match(message, head.end()) if name == "SuccessfulAuth" else None
        proved = account[1] if account else ""
        return Seen(ip_address(tail[4]), reason, at, is_proven=tail[3] != "UDP", account=proved)
    except ValueError as error:
        raise Unreadable("no time or no address") from error
