"""SIP by hand, for what no honest phone sends: one UDP socket, requests as text, digest by MD5 (RFC 3261, RFC 2617)."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

ANSWER_LIMIT_S = 3.0
CHALLENGE = 401


@dataclass(slots=True)
class Wire(asyncio.DatagramProtocol):
    """A socket at one loopback address. `came` and `sent` hold every packet, oldest first."""

    address: str
    server: tuple[str, int]
    port: int = 0
    came: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    redirects_to: str = ""
    """Answer every INVITE with a 302 to this address."""
    _transport: asyncio.DatagramTransport | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        """Keep it. A phone that does not answer OPTIONS is taken for dead and never rung."""
        text = data.decode("utf-8", "replace")
        self.came.append(text)
        if text.startswith(("OPTIONS", "BYE", "CANCEL")):
            self.send(answer_to(text, "200 OK"))
        elif text.startswith("INVITE") and self.redirects_to:
            self.send(answer_to(text, "302 Moved", f"Contact: <{self.redirects_to}>\n"))
        self._news.set()

    def send(self, text: str) -> None:
        """Send one message; lines are given their CRLF here."""
        assert self._transport is not None
        self.sent.append(text)
        self._transport.sendto(text.replace("\n", "\r\n").encode(), self.server)

    def send_bytes(self, packet: bytes) -> None:
        """Send a packet as it is."""
        assert self._transport is not None
        self._transport.sendto(packet, self.server)

    async def arrival(self, first_line: str, after: int = 0, limit_s: float = ANSWER_LIMIT_S) -> str:
        """Wait for the first packet, from number `after` on, whose first line matches.

        Raises:
            TimeoutError: none came.
        """
        async with asyncio.timeout(limit_s):
            while True:
                for packet in self.came[after:]:
                    if re.match(first_line, packet):
                        return packet
                self._news.clear()
                await self._news.wait()

    async def ask(self, request: str) -> str:
        """Send a request; its final answer (an INVITE's is acknowledged)."""
        after = len(self.came)
        self.send(request)
        answer = await self.arrival(r"SIP/2.0 [2-6]", after)
        if request.startswith("INVITE"):
            self.send(acknowledgement(request, answer))
        return answer

    def request(self, method: str, uri: str, user: str, *, headers: str = "", to: str = "", body: str = "") -> str:
        """A request as `user` of the server; `headers` are whole lines."""
        host, token = self.server[0], secrets.token_hex(6)
        place = f"{self.address}:{self.port}"
        return (
            f"{method} {uri} SIP/2.0\n"
            f"Via: SIP/2.0/UDP {place};branch=z9hG4bK{token};rport\n"
            f"From: <sip:{user}@{host}>;tag={token}\n"
            f"To: <{to or f'sip:{user}@{host}'}>\n"
            f"Call-ID: {token}@{self.address}\nCSeq: 1 {method}\nMax-Forwards: 70\n"
            f"Contact: <sip:{user}@{place}>\n{headers}"
            f"Content-Length: {len(body) + body.count(chr(10))}\n\n{body}"
        )

    async def register(self, user: str, password: str, headers: str = "") -> str:
        """Register as this user, by challenge and answer; the last answer, or the first when it is no challenge."""
        uri = f"sip:{self.server[0]}"
        first = await self.ask(self.request("REGISTER", uri, user))
        if status_of(first) != CHALLENGE:
            return first
        return await self.ask(
            self.request("REGISTER", uri, user, headers=headers + digest(first, "REGISTER", uri, user, password))
        )


@asynccontextmanager
async def wire(address: str, server: str, port: int = 0) -> AsyncIterator[Wire]:
    """A socket at this address that talks with `server` (ip:port)."""
    host, _, server_port = server.partition(":")
    loop = asyncio.get_running_loop()
    transport, one = await loop.create_datagram_endpoint(
        lambda: Wire(address, (host, int(server_port))), local_addr=(address, port)
    )
    one._transport, one.port = transport, transport.get_extra_info("sockname")[1]
    try:
        yield one
    finally:
        transport.close()


def status_of(answer: str) -> int:
    """The code of an answer."""
    return int(answer.split(" ", 2)[1])


def digest(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """The Authorization line for this challenge."""
    told = dict(re.findall(r'(nonce|realm|opaque)="([^"]*)"', challenge))
    secret = _md5(f"{user}:{told['realm']}:{password}")
    response = _md5(f"{secret}:{told['nonce']}:00000001:abcd:auth:{_md5(f'{method}:{uri}')}")
    return (
        f'Authorization: Digest username="{user}", realm="{told["realm"]}", nonce="{told["nonce"]}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, cnonce="abcd", '
        f'opaque="{told.get("opaque", "")}", qop=auth, nc=00000001\n'
    )


def acknowledgement(invite: str, answer: str) -> str:
    """The ACK of a final answer that is no success (RFC 3261 §17.1.1.3)."""
    lines = invite.split("\n")
    kept = [line for line in lines if line.startswith(("Via:", "From:", "Call-ID:", "Max-Forwards:"))]
    to = next(line for line in answer.split("\r\n") if line.startswith("To:"))
    return "\n".join([f"ACK {lines[0].split(' ')[1]} SIP/2.0", *kept, to, "CSeq: 1 ACK", "Content-Length: 0", "", ""])


def answer_to(request: str, status: str, headers: str = "") -> str:
    """An answer to a request that came in; `headers` are whole lines."""
    kept = [line for line in request.split("\r\n") if line.startswith(("Via:", "From:", "Call-ID:", "CSeq:"))]
    to = next(line for line in request.split("\r\n") if line.startswith("To:"))
    tag = "" if ";tag=" in to else ";tag=far"
    return "\n".join([f"SIP/2.0 {status}", *kept, f"{to}{tag}", f"{headers}Content-Length: 0", "", ""])


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
