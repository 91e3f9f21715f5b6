"""A caller whose INVITE is written byte by byte, and an ear on AMI: what no honest phone would send, or could hear."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

ANSWER_LIMIT_S = 6.0
PACKET_BYTES = 65535
RINGING, SUCCESS, REFUSED = 180, 200, 300


@dataclass(frozen=True, slots=True)
class Forgery:
    """The parts of an INVITE that a caller can write as he likes, as they stand on the wire."""

    name: str
    user: str = "13800138199"
    """The user part of From."""
    display: str = ""
    headers: tuple[str, ...] = ()
    media: str = ""
    """The SDP from its m-line on; by default plain A-law."""
    dialled: str = ""
    """The user part of the request URI and of To; by default the service's number."""
    contact: str = "caller"
    """The user part of Contact."""
    call_id: str = ""
    """Stands in the Call-ID beside what makes it unique."""
    session: str = "-"
    """The SDP's name of the session."""


async def ring_and_give_up(address: str, host: str, service: str, forgery: Forgery) -> int:
    """Send the INVITE from this address, cancel it when it rings; returns the final or ringing code, 0 for none."""
    async with ringing(address, host, service, forgery) as code:
        return code


@asynccontextmanager
async def ringing(address: str, host: str, service: str, forgery: Forgery) -> AsyncIterator[int]:
    """A caller who is in the queue as long as the block runs; gives the code of the first answer from 180 on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind((address, 0))
        line.connect((host, 5060))
        line.setblocking(False)  # noqa: FBT003 - the library's own shape
        call = Invite(forgery, line.getsockname(), host, service)
        await _send(line, call.request("INVITE", with_body=True))
        code = await _answered(line, RINGING)
        try:
            yield code
        finally:
            if code < SUCCESS:  # also when no answer came in time: a caller who gives up says so
                await _send(line, call.request("CANCEL"))
                await _answered(line, REFUSED)
            await _send(line, call.request("ACK"))


class Invite:
    """One INVITE and what belongs to it, as text."""

    def __init__(self, forgery: Forgery, own: tuple[str, int], host: str, service: str, transport: str = "UDP") -> None:
        self._forgery, self._host, self._transport = forgery, host, transport
        self._service = forgery.dialled or service
        self._address, self._port = own
        self._token = secrets.token_hex(8)

    def request(self, method: str, *, with_body: bool = False) -> bytes:
        """The INVITE, or the CANCEL or ACK that belongs to it."""
        place = f"{self._address}:{self._port}"
        media = self._forgery.media or f"m=audio {self._port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {self._address}\r\ns={self._forgery.session}\r\n"
            f"c=IN IP4 {self._address}\r\nt=0 0\r\n{media}"
        )
        lines = [
            f"{method} sip:{self._service}@{self._host} SIP/2.0",
            f"Via: SIP/2.0/{self._transport} {place};branch=z9hG4bK{self._token};rport",
            f"From: {self._forgery.display}<sip:{self._forgery.user}@{self._address}>;tag={self._token}",
            f"To: <sip:{self._service}@{self._host}>",
            f"Call-ID: {self._token}{self._forgery.call_id}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:{self._forgery.contact}@{place};transport={self._transport.lower()}>",
            "Max-Forwards: 70",
            *(self._forgery.headers if method == "INVITE" else ()),
            *(
                ("Content-Type: application/sdp", f"Content-Length: {len(body)}")
                if with_body
                else ("Content-Length: 0",)
            ),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n" + (body if with_body else "")).encode("utf-8", "surrogateescape")


async def _send(line: socket.socket, packet: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(line, packet)


async def _answered(line: socket.socket, at_least: int) -> int:
    """The code of the first answer to the INVITE that is at least so high; 0 when none came in time."""
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            while True:
                packet = await asyncio.get_running_loop().sock_recv(line, PACKET_BYTES)
                found = re.match(rb"SIP/2\.0 (\d{3}) ", packet)
                if found and int(found[1]) >= at_least and b" INVITE\r\n" in packet:
                    return int(found[1])
    except TimeoutError:
        return 0


class AmiEar:
    """Every byte that Asterisk tells an AMI account."""

    def __init__(self) -> None:
        self.heard = bytearray()

    def events(self) -> list[dict[str, str]]:
        """What a reader who cuts at every line end, as most do, would take for events."""
        blocks = re.split(r"(?:\r?\n|\r){2,}", self.heard.decode("utf-8", "replace"))
        told = [dict(line.partition(": ")[::2] for line in re.split(r"\r?\n|\r", block)) for block in blocks]
        return [block for block in told if "Event" in block]

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Keep all that comes, until the end."""
        while chunk := await reader.read(PACKET_BYTES):
            self.heard += chunk


@asynccontextmanager
async def ami_ear(host: str, port: int, secret: str) -> AsyncIterator[AmiEar]:
    """Logged in with the program's own account and listening."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"Action: Login\r\nUsername: callflow\r\nSecret: {secret}\r\nEvents: on\r\n\r\n".encode())
    ear = AmiEar()
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(ear.listen(reader))
        try:
            yield ear
        finally:
            listening.cancel()
            writer.close()
