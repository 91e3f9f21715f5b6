"""`./run pbx reset-factor`: take an account's second factor away when no other administrator can sign in."""

from __future__ import annotations

import asyncio
import getpass
import time

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.second_factors import SqlSecondFactors
from callflow.domain.names import AgentId
from callflow.lab.plan import LabError, plan_lab
from callflow.service.ports import FactsAway


def reset_factor(base: int, site_id: str, account: str, url: str) -> None:
    """Reset it in the books of one site, the lab's or those at `url`; the audit names this machine's user.

    Raises:
        LabError: no site is named, its books cannot be opened, or the account has no second factor.
    """
    plan = plan_lab(base)
    site = next((one for one in plan.sites if one.id == site_id), None)
    if not account or (site is None and not url):
        raise LabError("pbx reset-factor ACCOUNT --site 12345: name the account and its platform")
    books = url or f"sqlite:///{site.state / 'facts.db'}" if site is not None else url
    if not asyncio.run(_reset(books, AgentId(account))):
        raise LabError(f"{account} has no second factor at {site_id}: nothing to reset")


async def _reset(url: str, agent_id: AgentId) -> bool:
    try:
        database = await Database.open(url)
    except FactsAway as error:
        raise LabError(f"the books cannot be opened: {error}") from error
    try:
        return await SqlSecondFactors(database).remove(agent_id, by=f"terminal:{getpass.getuser()}", at=time.time())
    finally:
        await database.close()
