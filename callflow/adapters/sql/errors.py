"""What an adapter's own code raises inside a transaction, to have it run again."""

from __future__ import annotations


class WrittenMeanwhile(Exception):  # noqa: N818 - named by what happened
    """Somebody else wrote this ticket between our reading and our writing; the transaction is run again."""


class BooksTooNew(Exception):  # noqa: N818 - named by what happened
    """A newer program has changed these books in a way that this one does not know; the message says what to do."""


class BackupError(Exception):
    """No copy, or no books from it; the message names the cause and the cure. What was there is as it was."""
