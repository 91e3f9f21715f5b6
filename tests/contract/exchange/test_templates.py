"""工单警单模板: the files are the models, earlier versions stay as they were, and a peer can fetch them (R-045)."""

import hashlib
import json
from typing import Any

import pytest
from aiohttp import ClientSession, TCPConnector

from callflow.service.messages import KINDS, VERSION
from callflow.service.templates import FOLDER, text_of, versions
from tests.contract.exchange.conftest import ADDRESS, POLICE, PORT

FROZEN = {"1.0": "2fba62f0accbc0a8"}
"""Digest of each earlier version's files: what sites in service speak is not written anew."""


def fingerprint(version: str) -> str:
    whole = hashlib.sha256()
    for file in sorted((FOLDER / version).glob("*.json")):
        whole.update(file.name.encode() + file.read_bytes())
    return whole.hexdigest()[:16]


@pytest.mark.covers("R-045")
def test_this_versions_files_are_the_models() -> None:
    files = {file.stem: file.read_text("utf-8") for file in (FOLDER / VERSION).glob("*.json")}

    made = {kind: text_of(kind) for kind in KINDS}

    assert files == made, "run `python -m callflow.service.templates`, and raise MINOR if a version is in service"


def test_earlier_versions_are_as_they_were() -> None:
    assert {version: fingerprint(version) for version in versions() if version != VERSION} == FROZEN


def test_nothing_that_was_asked_before_is_gone_and_nothing_new_is_asked() -> None:
    """A minor version adds what may be left out; so a peer of the version before is understood, and understands."""
    (before,) = FROZEN
    for kind in versions()[before]:
        old, new = [json.loads((FOLDER / version / f"{kind}.json").read_text("utf-8")) for version in (before, VERSION)]
        for one, other in ((old, new), (old["properties"]["body"], new["properties"]["body"])):
            assert set(one["properties"]) <= set(other["properties"]), kind
            assert set(one.get("required", ())) == set(other.get("required", ())), kind


@pytest.mark.covers("R-045")
async def test_a_peer_fetches_them_by_version_and_kind(police: Any, gov: Any) -> None:
    url = f"https://{ADDRESS[POLICE]}:{PORT}/exchange/v1/templates"
    async with ClientSession(connector=TCPConnector(ssl=gov.client_tls())) as session:
        async with session.get(url) as answer:
            listed = (await answer.json())["versions"]
        async with session.get(f"{url}/{VERSION}/handover.json") as answer:
            template = await answer.json(content_type="application/schema+json")
        async with session.get(f"{url}/{VERSION}/..%2f..%2flimits.json") as answer:
            refused = (answer.status, (await answer.json(content_type=None))["code"])

    assert listed[VERSION] == sorted(KINDS)
    assert template["properties"]["kind"] == {"const": "handover"}
    assert refused == (404, "template-not-found")
    assert police.taken == []
