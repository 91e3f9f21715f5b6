"""The page "be the citizen", and SIP between it and the simulated carrier. A program of the lab: see `lines`.

python -m callflow.lab.citizen.server HOST NUMBER…      numbers that may be dialled
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web

from callflow.lab.citizen.lines import LINES, PAGE_PORT, SOCKET_PORT, refuse_beyond_loopback
from callflow.lab.plan import LabError
from callflow.web.door import add_security_headers, refuse_foreign_page
from callflow.web.errors import Problem
from callflow.web.page_files import page_files, sent
from callflow.web.pump import carry, connect, page_socket

OWN: Final = Path(__file__).parent / "pages"
SHARED: Final = ("core", "vendor")


def make_app(host: str, dialled: tuple[str, ...]) -> web.Application:
    """Everything but the socket: the page, its files, its lines, its SIP.

    Raises:
        LabError: others than this machine could reach it there.
    """
    refuse_beyond_loopback(host)
    shared = {name: file for name, file in page_files().items() if name.split("/")[0] in SHARED}
    files = {**shared, **page_files(OWN)}

    async def page(request: web.Request) -> web.Response:
        return sent(request, files["citizen/index.html"], keep="no-store")

    async def file(request: web.Request) -> web.Response:
        found = files.get(f"{request.match_info['folder']}/{request.match_info['name']}")
        if found is None:
            raise web.HTTPNotFound
        return sent(request, found, keep="no-cache")

    async def lines(_request: web.Request) -> web.Response:
        told = [{"number": line.number, "withheld": line.withheld} for line in LINES]
        return web.json_response({"host": host, "lines": told, "platforms": dialled})

    async def sip(request: web.Request) -> web.StreamResponse:
        socket = page_socket()
        try:
            refuse_foreign_page(request)
        except Problem as problem:
            return problem.response()
        if not socket.can_prepare(request):
            raise web.HTTPBadRequest
        async with aiohttp.ClientSession() as http:
            try:
                carrier = await connect(http, host, SOCKET_PORT)
            except (aiohttp.ClientError, TimeoutError, OSError):
                raise web.HTTPBadGateway from None
            try:
                await socket.prepare(request)
                await carry(socket, carrier)
            finally:
                await carrier.close()
        return socket

    app = web.Application()
    app.add_routes([
        web.get("/", page), web.get("/pages/{folder}/{name}", file),
        web.get("/api/v1/lines", lines), web.get("/api/v1/sip", sip),
    ])  # fmt: skip
    app.on_response_prepare.append(add_security_headers)
    return app


def main(words: list[str]) -> int:
    """Serve until ended."""
    host, *dialled = words
    try:
        web.run_app(make_app(host, tuple(dialled)), host=host, port=PAGE_PORT, access_log=None, print=None)
    except LabError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
