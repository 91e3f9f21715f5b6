"""Who is rung, played by hand: a carrier by UDP or a platform by TLS, which keeps every request byte for byte."""

from __future__ import annotations

import asyncio
import re
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from callflow.domain.names import SiteId
from callflow.lab import certificates
from callflow.lab.plan import Plan
from callflow.sitefile import Site
from tests.e2e.raw_caller import RINGING, SUCCESS, Forgery, Invite

ARRIVAL_LIMIT_S = 6.0
NUMBER = "13800138071"
"""The citizen in these stories."""
TRUNK_PORT = 5061
COMPACT = {"f": "from", "t": "to", "i": "call-id", "m": "contact", "v": "via", "l": "content-length"}


def peer_as(site: Site, address: str, send_identity: str) -> Site:
    """The same platform, whose peer stands at another address and is shown numbers by this rule."""
    (peer,) = site.peer
    there = {"address": address, "trunk_port": TRUNK_PORT, "send_identity": send_identity}
    return site.model_copy(update={"peer": (peer.model_copy(update=there),)})


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came."""

    text: str

    @property
    def method(self) -> str:
        """INVITE, ACK …"""
        return self.text.split(" ", 1)[0]

    def all(self, name: str) -> list[str]:
        """The values of every header of this name, in order."""
        lines = self.text.split("\r\n\r\n", 1)[0].split("\r\n")[1:]
        cells = [line.partition(":") for line in lines]
        return [
            value.strip() for key, _, value in cells if COMPACT.get(key.strip().lower(), key.strip().lower()) == name
        ]

    def one(self, name: str) -> str:
        """The value of a header that stands there once; "" when it does not."""
        found = self.all(name)
        assert len(found) <= 1, f"{name}: {found}"
        return found[0] if found else ""

    def answer(self, status: str, *headers: str, body: str = "") -> bytes:
        """A response to it; it is given our tag."""
        kept = [
            line
            for line in self.text.split("\r\n\r\n", 1)[0].split("\r\n")
            if re.match(r"(via|from|call-id|cseq|v|f|i)\s*:", line, re.IGNORECASE)
        ]
        to = f"To: {self.one('to')}" + ("" if ";tag=" in self.one("to") else ";tag=far")
        length = f"Content-Length: {len(body)}"
        return "\r\n".join([f"SIP/2.0 {status}", *kept, to, *headers, length, "", body]).encode()

    def goodbye(self) -> bytes:
        """A BYE to whoever sent this INVITE, after our 200."""
        there, here = self.one("contact"), self.text.split(" ", 2)[1]
        lines = [
            f"BYE {there[there.index('<') + 1 : there.index('>')]} SIP/2.0",
            f"Via: SIP/2.0/UDP {host_of(here)};branch=z9hG4bK{secrets.token_hex(8)}",
            f"From: {self.one('to')};tag=far",
            f"To: {self.one('from')}",
            f"Call-ID: {self.one('call-id')}",
        ]
        return "\r\n".join([*lines, "CSeq: 1 BYE", "Max-Forwards: 70", "Content-Length: 0", "", ""]).encode()


def host_of(uri: str) -> str:
    """The host that a SIP URI names."""
    return re.split(r"[;:>]", uri.rpartition("@")[2])[0]


@dataclass(slots=True)
class FarEnd:
    """Answers OPTIONS, BYE and CANCEL with 200 and every INVITE with `status`; `came` holds all, oldest first."""

    status: str = "486 Busy Here"
    headers: tuple[str, ...] = ()
    came: list[Request] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def answers(self, request: Request) -> list[bytes]:
        """Keep the request and say what goes back."""
        self.came.append(request)
        self._news.set()
        if request.method == "INVITE":
            return [request.answer(self.status, *self.headers)]
        return [] if request.method == "ACK" or request.text.startswith("SIP/2.0") else [request.answer("200 OK")]

    async def arrival(self, method: str = "INVITE", after: int = 0) -> Request:
        """The first such request, from number `after` of all on.

        Raises:
            TimeoutError: none came.
        """
        async with asyncio.timeout(ARRIVAL_LIMIT_S):
            while True:
                for request in self.came[after:]:
                    if request.method == method:
                        return request
                self._news.clear()
                await self._news.wait()


class Machine(FarEnd):
    """Answers every INVITE at once, and says nothing."""

    def answers(self, request: Request) -> list[bytes]:
        """As ever, but an INVITE is answered."""
        if request.method != "INVITE":
            return FarEnd.answers(self, request)
        self.came.append(request)
        host = host_of(request.text.split(" ", 2)[1])
        sdp = f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"
        return [request.answer("200 OK", f"Contact: <sip:{host}>", "Content-Type: application/sdp", body=sdp)]


class GoneAtOnce(Machine):
    """Answers every INVITE, and hangs up as soon as the other side has heard of it."""

    def answers(self, request: Request) -> list[bytes]:
        """As a machine, but an ACK is answered with BYE."""
        if request.method == "ACK":
            (asked,) = (one for one in self.came if one.one("call-id") == request.one("call-id"))
            return [asked.goodbye()]
        return Machine.answers(self, request)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, end: FarEnd) -> None:
        self._end = end
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        assert self._transport is not None
        for packet in self._end.answers(Request(data.decode("utf-8", "surrogateescape"))):
            self._transport.sendto(packet, source)


@asynccontextmanager
async def carrier(address: str, end: FarEnd | None = None) -> AsyncIterator[FarEnd]:
    """A carrier's or department's switch at this address, UDP 5060; always busy, or as `end` is."""
    end = end or FarEnd()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Udp(end), local_addr=(address, 5060)
    )
    try:
        yield end
    finally:
        transport.close()


def platform_tls(plan: Plan, address: str, place: Path, *, server: bool) -> ssl.SSLContext:
    """A context with a certificate of the lab's own authority for this address; the other side must have one too."""
    ca = certificates.Made((plan.keys / "ca" / "ca.crt").read_bytes(), (plan.keys / "ca" / "ca.key").read_bytes())
    made = certificates.make_leaf(ca, SiteId("region"), (address,), (), datetime.now(UTC))
    (place / "tls.crt").write_bytes(made.certificate)
    (place / "tls.key").write_bytes(made.key)
    context = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH if server else ssl.Purpose.SERVER_AUTH, cafile=str(plan.keys / "ca" / "ca.crt")
    )
    context.load_cert_chain(place / "tls.crt", place / "tls.key")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def read_request(reader: asyncio.StreamReader) -> Request:
    """One message of a stream, by its Content-Length (RFC 3261 §18.3).

    Raises:
        IncompleteReadError: the other side ended the connection.
    """
    head = b""
    while not head.strip():  # keep-alives between messages are empty lines
        head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
    length = re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)
    body = await reader.readexactly(int(length[1])) if length else b""
    return Request((head + body).decode("utf-8", "surrogateescape"))


@asynccontextmanager
async def platform(plan: Plan, address: str, place: Path) -> AsyncIterator[FarEnd]:
    """A platform's PBX at this address, TLS 5061, with a certificate of the lab's own authority."""
    end, talks = FarEnd(), dict[asyncio.StreamWriter, asyncio.Task[None] | None]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks[writer] = asyncio.current_task()
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                for packet in end.answers(await read_request(reader)):
                    writer.write(packet)
                await writer.drain()

    async with await asyncio.start_server(
        talk, address, TRUNK_PORT, ssl=platform_tls(plan, address, place, server=True)
    ):
        try:
            yield end
        finally:
            for writer in talks:
                writer.transport.abort()  # a PBX does not wait for the other side's farewell, so neither do we
            await asyncio.gather(*(task for task in talks.values() if task))


SRTP = "m=audio 40000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40 + "\r\n"


@asynccontextmanager
async def platform_calls(plan: Plan, address: str, place: Path, host: str, told: Forgery) -> AsyncIterator[int]:
    """A call of a platform at this address to 12345, with its certificate; gives the code from 180 on, 0 for none."""
    context = platform_tls(plan, address, place, server=False)
    reader, writer = await asyncio.open_connection(host, TRUNK_PORT, ssl=context, local_addr=(address, 0))
    call = Invite(replace(told, media=told.media or SRTP), writer.get_extra_info("sockname"), host, "12345", "TLS")

    async def answered(at_least: int) -> int:
        with suppress(TimeoutError):
            async with asyncio.timeout(ARRIVAL_LIMIT_S):
                while True:
                    found = re.match(r"SIP/2\.0 (\d{3}) ", (came := await read_request(reader)).text)
                    if found and int(found[1]) >= at_least and came.one("cseq").endswith("INVITE"):
                        return int(found[1])
        return 0

    try:
        writer.write(call.request("INVITE", with_body=True))
        code = await answered(RINGING)
        try:
            yield code
        finally:
            if RINGING <= code < SUCCESS:
                writer.write(call.request("CANCEL"))
                await answered(SUCCESS)
            writer.write(call.request("ACK"))
            await writer.drain()
    finally:
        writer.transport.abort()
