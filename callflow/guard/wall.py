"""The wall: a named ACL of Asterisk, rewritten whole and read again by Asterisk's own control socket.

`res_pjsip_acl` holds every SIP request against it before anything else looks at it: 403, no account named, no challenge
made. Measured: a source is refused within a millisecond of `module reload acl`; calls and registrations go on.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from pathlib import Path

from callflow.domain.bans import Address

ANSWER_LIMIT_S = 5.0
RELOAD = "module reload acl"


class WallDown(Exception):  # noqa: N818 - named by what happened
    """The ban could not be carried out; the message names the cause and the cure."""


class Wall:
    """Asterisk's list of the banned. `file` is included by acl.conf; `control` is asterisk.ctl."""

    def __init__(self, file: Path, control: Path) -> None:
        self._file = file
        self._control = control

    def put_up(self, addresses: Iterable[Address]) -> None:
        """Refuse exactly these. The file appears whole or not at all; repeatable.

        Raises:
            WallDown: the file cannot be written, or Asterisk is not there. It reads the file when it starts.
        """
        text = "".join(f"deny = {address}/{address.max_prefixlen}\n" for address in sorted(addresses, key=str))
        fresh = self._file.with_suffix(".new")
        try:
            fresh.touch(mode=0o600)
            fresh.write_text("; Written by the guard (callflow/guard); whoever edits it loses.\n" + text, "utf-8")
            fresh.replace(self._file)
        except OSError as error:
            raise WallDown(f"{self._file} cannot be written ({error.strerror}); free the disk") from error
        said = tell(self._control, RELOAD)
        if "reloaded successfully" not in said:
            raise WallDown(f"Asterisk did not read its ACL again: {said.strip()[-200:]}")


def tell(control: Path, line: str, *, says: bool = True) -> str:
    """Run one line on Asterisk's console (main/asterisk.c: text and a zero byte); what it says within the limit.

    `says`: whether this command says anything at all; `logger reload` does not, and waiting for it would be in vain.

    Raises:
        WallDown: nobody listens at the socket, or no answer came.
    """
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(ANSWER_LIMIT_S)
        try:
            one.connect(os.fspath(control))
            one.sendall(line.encode() + b"\0")
            said = b""
            while b"\n" not in (said.partition(b"\n")[2] if says else said):  # its greeting is a line of its own
                got = one.recv(4096)
                if not got:
                    break
                said += got
        except OSError as error:
            raise WallDown(f"Asterisk does not answer at {control} ({error}); is it up?") from error
    return said.partition(b"\n")[2].decode("utf-8", "replace")
