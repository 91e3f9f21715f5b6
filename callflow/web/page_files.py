"""The pages: static files, read and packed once at the start, served from memory with their own content policy.

No build step: what lies in `pages/` is what the browser gets. `/` is the desk, the others are at their own names; a
page is one folder, `core/` is what pages share, `vendor/` what others wrote (with its licences). A page's file says
nothing of anybody: what it shows it asks the API for, and the API knows who may see what.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aiohttp import web

from callflow.web.errors import Problem
from callflow.web.routes import Handler, Route, Visit

FOLDER: Final = Path(__file__).parent / "pages"
MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; media-src blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing from elsewhere, nothing inline, and no text that becomes markup (Trusted Types: W3C).

`media-src blob:` is a recording that the page itself has fetched with its reason: no address plays it.
"""


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file as it is sent: plain and packed (gzip), and the tag that tells a browser that it has it already."""

    media_type: str
    plain: bytes
    packed: bytes
    tag: str


@cache
def page_files(folder: Path = FOLDER) -> Mapping[str, PageFile]:
    """Every file by "folder/name". Read once: an upgrade restarts the program anyway."""
    found = sorted(path for path in folder.glob("*/*") if path.suffix in MEDIA_TYPES)
    return MappingProxyType({f"{path.parent.name}/{path.name}": _read(path) for path in found})


def _read(path: Path) -> PageFile:
    plain = path.read_bytes()
    tag = f'"{hashlib.sha256(plain).hexdigest()[:20]}"'
    return PageFile(MEDIA_TYPES[path.suffix], plain, gzip.compress(plain, mtime=0), tag)


def _page(folder: str) -> Handler:
    async def show(visit: Visit, _ask: None) -> web.Response:
        return sent(visit.request, page_files()[f"{folder}/index.html"], keep="no-store")

    return show


async def show_file(visit: Visit, _ask: None) -> web.Response:
    """A file of a page; asked again each time, and not sent again while it is the same."""
    file = page_files().get(f"{visit.part('folder')}/{visit.part('name')}")
    if file is None:
        raise Problem("not-found")
    return sent(visit.request, file, keep="no-cache")


def sent(request: web.Request, file: PageFile, *, keep: str) -> web.Response:
    """The file with its policy; `keep` is its Cache-Control."""
    headers = {
        "Content-Type": file.media_type,
        "Content-Security-Policy": CONTENT_POLICY,
        "Cache-Control": keep,
        "ETag": file.tag,
        "Vary": "Accept-Encoding",
    }
    if keep != "no-store" and request.headers.get("If-None-Match") == file.tag:
        return web.Response(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=file.packed, headers=headers | {"Content-Encoding": "gzip"})
    return web.Response(body=file.plain, headers=headers)


PAGES: Final = {
    "/": ("desk", "The agent's desk, a page for a browser."),
    "/supervisor": ("supervisor", "Live calls, agents, handovers and limits at a glance, a page for a browser."),
    "/trace": ("trace", "One incident as a ladder over both platforms, a page for a browser."),
    "/evaluation": ("evaluation", "Figures and how matters went, for an evaluator, a page for a browser."),
    "/admin": ("admin", "Directory, accounts, trust table, keys and neighbours to read, a page for a browser."),
}
"""Path -> the folder of the page, and what it is."""

ROUTES = (
    *(
        Route("GET", path, _page(folder), says, roles=None, answers={200: "text/html"})
        for path, (folder, says) in PAGES.items()
    ),
    Route(
        "GET",
        "/pages/{folder}/{name}",
        show_file,
        "A file of a page.",
        roles=None,
        answers={200: "text/javascript"},
        refuses=("not-found",),
        headers=("If-None-Match",),
    ),
)
