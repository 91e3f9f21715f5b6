from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agi.link import AmiLink, AmiLogin, LinkLimits, LinkUp
from tests.contract.agi.fake_ami import FakeAmi, fake_ami

QUICK = LinkLimits(pause_first_s=0.001, pause_most_s=0.05)
"""Waits little between attempts; every other limit is the product's, so that a busy machine changes nothing."""


@asynccontextmanager
async def running(link: AmiLink) -> AsyncIterator[AmiLink]:
    """The link, owned by a task group and ended with the block."""
    async with asyncio.TaskGroup() as group:
        group.create_task(link.run())
        try:
            yield link
        finally:
            link.close()


@asynccontextmanager
async def linked(login: AmiLogin, limits: LinkLimits = QUICK) -> AsyncIterator[AmiLink]:
    """A link that is up; its first news is already read."""
    async with asyncio.timeout(30), running(AmiLink(login, limits=limits)) as link:
        assert await link.news.get() == LinkUp()
        yield link


@pytest.fixture
async def fake() -> AsyncIterator[FakeAmi]:
    async with fake_ami() as server:
        yield server
