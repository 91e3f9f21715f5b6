from __future__ import annotations

from pathlib import Path

import pytest

from agi.translate import Translator
from callflow.sitefile import Site, load_site
from tests.unit.agi.test_translate import KnownUui

SITES = Path(__file__).parents[3] / "asterisk-config" / "sites"


@pytest.fixture
def site() -> Site:
    return load_site(SITES / "12345.toml", "127.0.105")


@pytest.fixture
def translator(site: Site) -> Translator:
    return Translator(site, KnownUui())
