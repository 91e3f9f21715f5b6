"""One matter in two parts, the main one at 12345 and the other at the police: each has clocks of its own (R-051)."""

import pytest

from callflow.adapters.fakes import FakeDesks
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.domain.limits import Level, Matter
from callflow.domain.names import AgentId, Channel
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import Dispatched, Entrusted, Responded, Signed
from callflow.service.chaser import Chaser
from callflow.service.ticket_ports import Given, NewMatter
from tests.contract.exchange.conftest import NOW, POLICE, Platform
from tests.contract.exchange.test_the_pair_lives import ferry, step

HOUR_S = 3600.0
URGENT = NewMatter(Channel.APP, Judgement(Level.ONE, Matter.HELP), "510104", summary="井盖缺失,有人聚集")
UNIT, AT_THE_POLICE = "510104000001", "510104000000"


def chaser_of(platform: Platform) -> Chaser:
    return Chaser(SqlLives(platform.database, platform.site), FakeDesks(), (AgentId("1"),), lambda: NOW + 2 * HOUR_S)


@pytest.mark.covers("R-051", "R-013", "R-042")
@pytest.mark.parametrize("late", ["12345", "110"])
async def test_of_two_parts_only_the_one_that_is_late_is_chased(gov: Platform, police: Platform, late: str) -> None:
    lives = SqlLives(gov.database, gov.site)
    ours = await lives.open(URGENT, key="hole", at=NOW)
    await step(gov, ours, Dispatched(NOW, "8001", unit=UNIT))
    beside = Entrusted(NOW, "8001", peer=POLICE, owes=True, beside=True)
    assert await step(gov, ours, beside, given=Given(POLICE, "请维持秩序")) is None
    await ferry(gov, police)
    life = await lives.life(ours)
    assert life is not None
    theirs = await police.tickets.ticket_of(life.incident_id)
    assert theirs is not None
    await step(police, theirs.ticket_id, Dispatched(NOW, "9001", unit=AT_THE_POLICE))

    in_time = (police, theirs.ticket_id) if late == "12345" else (gov, ours)
    for one in (Signed(NOW, "u"), Responded(NOW, "u")):
        assert await step(*in_time, one) is None
    await ferry(gov, police)

    chased = {"12345": await chaser_of(gov).chase() > 0, "110": await chaser_of(police).chase() > 0}
    assert chased == {late: True, "110" if late == "12345" else "12345": False}
