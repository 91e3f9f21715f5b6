"""A program of its own that steps tickets as fast as it can: `python -m … DATABASE_URL SEED`, tickets on stdin."""

import asyncio
import json
import random
import sys
from pathlib import Path

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.domain.names import TicketId
from callflow.domain.tickets import Escalated, Returned, Signed
from callflow.service.ports import FactsAway
from callflow.sitefile import load_site

NOW = 1_795_312_800.0
SITE = Path(__file__).parents[3] / "asterisk-config" / "sites" / "12345.toml"
STEPS = (
    Signed(NOW, "8001"),
    Returned(NOW, "8002", reason="不属于本单位"),
    Escalated(NOW, "8003", reason="现场失控"),
)


async def main(url: str, seed: int) -> None:
    database = await Database.open(url)
    lives = SqlLives(database, load_site(SITE, "127.0.106"))
    print("ready", flush=True)  # noqa: T201 - how the test is told
    made = [TicketId(line.strip()) for line in await asyncio.to_thread(sys.stdin.readlines)]
    order = [(ticket_id, step) for ticket_id in made for step in STEPS]
    random.Random(seed).shuffle(order)
    took: dict[str, list[str]] = {ticket_id: [] for ticket_id in made}
    for ticket_id, step in order:
        while True:
            try:
                lived = await lives.live_on(ticket_id, step, key=f"{seed}:{type(step).__name__}", at=NOW)
            except FactsAway:  # another writer was at it for longer than we wait: nothing was written
                continue
            break
        assert lived is not None
        took[ticket_id] += lived.told
    await database.close()
    print(json.dumps(took))  # noqa: T201 - how the test is told


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
