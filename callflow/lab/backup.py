"""`./run backup` and `./run restore`: one platform's books and journal in a folder, and a site from it.

The database first, the journal after it: so the journal in the folder reaches at least as far as the books have read,
and a site that was made from it reads on from there, each step once.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine import make_url

from agi import rotation
from callflow.adapters.sql.backup import engine_of, knows
from callflow.adapters.sql.errors import BackupError
from callflow.lab.lab import running_now
from callflow.lab.plan import LabError, plan_lab

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
JOURNAL: Final = "journal"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a site has its books and its journal."""

    site: str
    url: str
    journal: Path
    is_running: bool = False
    """Whether its program runs, as far as the lab knows."""


def places(base: int, site_id: str, url: str, journal: Path | None) -> list[Place]:
    """The sites that are meant: the lab's, or the one whose database and journal are named.

    Raises:
        LabError: no such platform, or only a part of the one is named.
    """
    if url or journal:
        if not (url and journal and site_id):
            raise LabError("name --site, --url and --journal together, or none of the last two for the lab's own")
        return [Place(site_id, url, journal)]
    plan = plan_lab(base)
    found = [site for site in plan.sites if site_id in ("", site.id)]
    if not found:
        raise LabError(f"--site {site_id}: there is no such platform; choose 12345 or 110")
    running = running_now(plan)
    return [
        Place(s.id, f"sqlite:///{s.state / 'facts.db'}", s.place.journal / "steps.csv", "python" in running[s.id])
        for s in found
    ]


def back_up(place: Place, folder: Path, *, at: float | None = None) -> dict[str, Any]:
    """Copy everything into a folder that is new or empty; the manifest. The site goes on writing.

    Raises:
        BackupError: there is something in the folder, or a copy could not be made whole; then there is no manifest.
    """
    engine = engine_of(place.url)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BackupError(f"{folder} is not empty; name a new folder for each backup")
        begun = time.time() if at is None else at
        figures = engine.copy(make_url(place.url), folder / engine.file)
        (folder / JOURNAL).mkdir(mode=0o700)
        rotation.copy(place.journal, folder / JOURNAL)
        manifest: dict[str, Any] = {"format": FORMAT, "site": place.site, "engine": engine.name, "begun_at": begun}
        manifest |= {"holds": figures, "files": {str(p.relative_to(folder)): _digest(p) for p in _files(folder)}}
        written = folder / f"{MANIFEST}.new"
        written.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        written.rename(folder / MANIFEST)
    except OSError as error:
        raise BackupError(f"{error.filename or folder}: {error.strerror}; free the disk or name another one") from error
    return manifest


def restore(folder: Path, place: Place) -> dict[str, Any]:
    """Make an empty site's books from a backup; the manifest. A journal that is there stays: it reaches further.

    Raises:
        BackupError: the folder is not a whole backup of this platform, or the site has books; nothing was changed.
    """
    manifest = _read(folder)
    engine, holds = engine_of(place.url), manifest["holds"]
    if manifest["site"] != place.site:
        raise BackupError(f"{folder} is a backup of {manifest['site']}, not of {place.site}")
    if manifest["engine"] != engine.name:
        raise BackupError(f"{folder} is from {manifest['engine']}; restore it there, then import the export")
    if not knows(holds["revision"]):
        raise BackupError(f"{folder} was made by a newer program (tables {holds['revision']}); use that one or newer")
    changed = [name for name, digest in manifest["files"].items() if _digest(folder / name) != digest]
    if changed:
        raise BackupError(f"{folder}: {', '.join(changed)} not as backed up; take another backup")
    if place.is_running:
        raise BackupError(f"the program of {place.site} runs; ./run down first, calls are not cut by its absence")
    if not engine.is_empty(make_url(place.url)):
        raise BackupError(f"{place.site} has books already; move them away first, a restore never overwrites any")
    found = engine.make(folder / engine.file, make_url(place.url))
    if found != holds:
        raise BackupError(f"{place.site} is not what was backed up: {found} instead of {holds}; take another backup")
    if not place.journal.exists() and not rotation.pieces(place.journal):
        place.journal.parent.mkdir(parents=True, exist_ok=True)
        for copied in (folder / JOURNAL).iterdir():
            (place.journal.parent / copied.name).write_bytes(copied.read_bytes())
    return manifest


def _read(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackupError(f"{folder} is not a whole backup: {MANIFEST} is missing or torn") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BackupError(f"{folder}: a backup of another form; use the program that made it")
    return manifest


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "missing"
