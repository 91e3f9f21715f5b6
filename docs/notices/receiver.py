"""An example of a system that is told of urgent matters: checks, keeps the newest notice of each matter, answers.

    python docs/notices/receiver.py --secret HEX --books notices.db --port 9810

HEX is `notices.<id>` of the platform's secrets.json. Keep three promises when you write your own: check the signature
before you read, answer only when it is on your disk, and take the same id twice without alarming anybody twice.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from aiohttp import web

CLOCK_LIMIT_S = 300
TABLES = """
CREATE TABLE IF NOT EXISTS taken (id TEXT PRIMARY KEY, at REAL);
CREATE TABLE IF NOT EXISTS matters
    (incident TEXT, platform TEXT, seq INT, notice TEXT, PRIMARY KEY (incident, platform));
"""


def signature(secret: str, message_id: str, moment: str, body: bytes) -> str:
    """As Standard Webhooks has it: https://www.standardwebhooks.com."""
    mac = hmac.digest(base64.b64decode(secret), f"{message_id}.{moment}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac).decode()


class Receiver:
    """Emergency management, a fire brigade: whoever is to know at once."""

    def __init__(self, books: Path | str, secret: str) -> None:
        self.books = sqlite3.connect(books)
        self.books.executescript(TABLES)
        self.secret = secret

    async def take(self, request: web.Request) -> web.Response:
        """One notice. A platform sends the next one of a matter when this one is answered."""
        body, headers = await request.read(), request.headers
        message_id, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
        right = signature(self.secret, message_id, moment, body)
        if not any(hmac.compare_digest(one, right) for one in headers.get("webhook-signature", "").split(" ")):
            return web.json_response({"error": "signature"}, status=401)
        if not moment.isdigit() or abs(time.time() - int(moment)) > CLOCK_LIMIT_S:
            return web.json_response({"error": "clock"}, status=401)
        self.keep(json.loads(body))
        return web.json_response({"received": message_id})

    def keep(self, message: dict[str, Any]) -> bool:
        """In one transaction: the id and the newest notice. False for one that was taken before."""
        with self.books:
            fresh = self.books.execute(
                "INSERT OR IGNORE INTO taken VALUES (?, ?)", (message["id"], time.time())
            ).rowcount
            if fresh:
                row = (message["incident_id"], message["issuer"], message["seq"], json.dumps(message["body"]))
                self.books.execute("INSERT OR REPLACE INTO matters VALUES (?, ?, ?, ?)", row)
        return bool(fresh)

    def app(self) -> web.Application:
        """Served at /notices: that is `url` in the site file's [[notices]]."""
        made = web.Application()
        made.router.add_post("/notices", self.take)
        return made


def main() -> None:
    """Run until interrupted."""
    asked = argparse.ArgumentParser(description="An example of a system that is told of urgent matters.")
    asked.add_argument("--secret", required=True)
    asked.add_argument("--books", type=Path, default=Path("notices.db"))
    asked.add_argument("--port", type=int, default=9810)
    given = asked.parse_args()
    web.run_app(Receiver(given.books, given.secret).app(), host="127.0.0.1", port=given.port)


if __name__ == "__main__":
    main()
