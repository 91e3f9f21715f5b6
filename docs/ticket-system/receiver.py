"""An example of a ticket system beside callflow: takes every step, keeps the newest ticket, gives it a number, answers.

    python docs/ticket-system/receiver.py --secret SECRETS.json --books system.db --port 9800

SECRETS.json is the site's `secrets.json`. Keep three promises when you write your own: check the signature before you
read, answer only when it is on your disk, and take the same id twice without doing anything twice.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import sqlite3
import time
import uuid
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

CLOCK_LIMIT_S = 300
TABLES = """
CREATE TABLE IF NOT EXISTS taken (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS tickets (number TEXT PRIMARY KEY, incident TEXT UNIQUE, seq INT, ticket TEXT, steps TEXT);
"""


def signature(secret: str, message_id: str, moment: str, body: bytes) -> str:
    """As Standard Webhooks has it: https://www.standardwebhooks.com."""
    mac = hmac.digest(base64.b64decode(secret), f"{message_id}.{moment}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac).decode()


class Receiver:
    """The ticket system. `secret_out` is what callflow signs with, `secret_in` what we sign with to it."""

    def __init__(self, books: Path | str, secret_out: str, secret_in: str = "", prefix: str = "ZTB") -> None:
        self.books = sqlite3.connect(books)
        self.books.executescript(TABLES)
        self.secret_out, self.secret_in, self.prefix = secret_out, secret_in, prefix

    async def take(self, request: web.Request) -> web.Response:
        """One step of a ticket. Order within a ticket is callflow's promise: it waits for this answer."""
        body, headers = await request.read(), request.headers
        message_id, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
        right = signature(self.secret_out, message_id, moment, body)
        if not any(hmac.compare_digest(one, right) for one in headers.get("webhook-signature", "").split(" ")):
            return web.json_response({"error": "signature"}, status=401)
        if not moment.isdigit() or abs(time.time() - int(moment)) > CLOCK_LIMIT_S:
            return web.json_response({"error": "clock"}, status=401)
        number = self.keep(json.loads(body))
        return web.json_response({"received": message_id, "number": number})

    def keep(self, message: dict[str, Any]) -> str:
        """In one transaction: the id, the steps, the newest ticket. The number that it has here."""
        incident, said = message["incident_id"], message["body"]
        with self.books:
            row = self.books.execute("SELECT number, steps FROM tickets WHERE incident = ?", (incident,)).fetchone()
            known = self.books.execute("SELECT 1 FROM taken WHERE id = ?", (message["id"],)).fetchone()
            if row is not None and known is not None:
                return str(row[0])
            (count,) = self.books.execute("SELECT count(*) FROM tickets").fetchone()
            number = row[0] if row else f"{self.prefix}{count + 1:06d}"
            steps = (json.loads(row[1]) if row else []) + [one["step"] for one in said["steps"]]
            self.books.execute("INSERT INTO taken VALUES (?)", (message["id"],))
            self.books.execute(
                "INSERT OR REPLACE INTO tickets VALUES (?, ?, ?, ?, ?)",
                (number, incident, message["seq"], json.dumps(said["ticket"]), json.dumps(steps)),
            )
        return str(number)

    async def say(self, url: str, message_id: str = "", **words: Any) -> tuple[int, Any]:
        """Tell callflow a step: `say(url, ticket_id="GD…", number="ZTB…", step="close", by="wang")`."""
        body, moment = json.dumps(words).encode(), str(int(time.time()))
        message_id = message_id or uuid.uuid4().hex  # the same one when it is sent again
        headers = {"Content-Type": "application/json", "webhook-id": message_id, "webhook-timestamp": moment}
        headers["webhook-signature"] = signature(self.secret_in, message_id, moment, body)
        async with ClientSession() as http, http.post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    def app(self) -> web.Application:
        """Served at /steps: that is `url` in the site file's [ticket_system]."""
        made = web.Application()
        made.router.add_post("/steps", self.take)
        return made


def main() -> None:
    """Run until interrupted."""
    asked = argparse.ArgumentParser(description="An example of a ticket system beside callflow.")
    asked.add_argument("--secret", type=Path, required=True)
    asked.add_argument("--books", type=Path, default=Path("system.db"))
    asked.add_argument("--port", type=int, default=9800)
    given = asked.parse_args()
    secrets = json.loads(given.secret.read_text("utf-8"))
    receiver = Receiver(given.books, secrets["ticket_system_out"], secrets["ticket_system_in"])
    web.run_app(receiver.app(), host="127.0.0.1", port=given.port)


if __name__ == "__main__":
    main()
