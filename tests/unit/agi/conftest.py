from __future__ import annotations

from pathlib import Path

import pytest

from callflow.sitefile import Site, load_site

SITES = Path(__file__).parents[3] / "asterisk-config" / "sites"


@pytest.fixture
def site() -> Site:
    return load_site(SITES / "12345.toml", "127.0.105")
