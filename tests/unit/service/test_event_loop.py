"""What nobody awaits: a connection that ended early is one quiet line, a defect stays loud."""

from __future__ import annotations

import asyncio
import logging

import pytest

from callflow.event_loop import run


@pytest.mark.parametrize(("error", "times"), [(ConnectionResetError(), 0), (ValueError("a defect"), 1)])
def test_only_a_defect_that_nobody_awaited_is_loud(
    error: Exception, times: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def leaves_it_behind() -> None:
        future = asyncio.get_running_loop().create_future()
        future.set_exception(error)
        del future

    with caplog.at_level(logging.ERROR, logger="asyncio"):
        run(leaves_it_behind())

    assert [record.levelname for record in caplog.records] == ["ERROR"] * times
