"""A pack of evidence on nuisance by one number, for the police: from the books, signed, checked by anybody (R-098).

    python -m callflow.service.evidence PACK peers/12345.pub ID.wav…   # at the police: names what is wrong

Whoever is given it needs the site's public exchange key and this file's rules, nothing of ours: the signature says
who made it, each audit row holds the digest of itself and of the row before it, each recording's digest is of its file.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from callflow.domain.names import CallId
from callflow.service.signatures import ALGORITHM

SORT: Final = "hotline-evidence"
HASHED: Final = ("at", "event_key", "call_id", "incident_id", "what", "detail", "prev_hash")


class EvidenceBooks(Protocol):
    """Where a pack is made. May raise ports.FactsAway."""

    async def pack(self, call_id: CallId, *, by: str, at: float) -> str | None:
        """The signed pack about the number of this call; None when that call was not marked, or has no number.

        It is written into the audit that it was made, before it is given.
        """


def sign(document: Mapping[str, Any], private_pem: bytes) -> str:
    """The pack: a compact JWS whose payload is the document."""
    payload = json.dumps(document, ensure_ascii=False, sort_keys=True).encode()
    header = {"alg": ALGORITHM, "typ": SORT}
    return jws.serialize_compact(header, payload, OKPKey.import_key(private_pem), algorithms=[ALGORITHM])


def problems(pack: str, public_pem: bytes, recordings: Mapping[str, bytes]) -> list[str]:
    """What is wrong with a pack, in words; nothing when it holds. `recordings`: the files handed over, by their id."""
    try:
        opened = jws.deserialize_compact(pack.strip(), OKPKey.import_key(public_pem), algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        return ["the signature is not this site's, or the pack was altered"]
    if opened.headers().get("typ") != SORT:
        return ["it is signed, but it is no pack of evidence"]
    document = json.loads(opened.payload)
    return [*_of_audit(document["audit"]), *_of_recordings(document["recordings"], recordings)]


def row_hash(row: Mapping[str, Any]) -> str:
    """The digest of an audit row, as the audit itself has it."""
    return hashlib.sha256(json.dumps({name: row[name] for name in HASHED}, sort_keys=True).encode()).hexdigest()


def _of_audit(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    before: Mapping[str, Any] | None = None
    for row in rows:
        if row_hash(row) != row["hash"]:
            yield f"audit row {row['entry']} is not what it was"
        if before is not None and row["entry"] == before["entry"] + 1 and row["prev_hash"] != before["hash"]:
            yield f"audit row {row['entry']} does not follow the one before it"
        before = row


def _of_recordings(told: Sequence[Mapping[str, Any]], files: Mapping[str, bytes]) -> Iterator[str]:
    for one in told:
        file = files.get(one["recording_id"])
        if file is not None and hashlib.sha256(file).hexdigest() != one["sha256"]:
            yield f"recording {one['recording_id']} is not the one that was kept"


def check(words: Sequence[str]) -> int:
    """Check the pack in the first file by the public key in the second, with recordings named ID.wav; 0 or 1."""
    pack, key, *files = map(Path, words)
    found = problems(pack.read_text("utf-8"), key.read_bytes(), {file.stem: file.read_bytes() for file in files})
    sys.stdout.write("".join(f"{one}\n" for one in found) or "whole, signed, unaltered  完整、已签名、未被改动\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(check(sys.argv[1:]))
