"""What `agi` needs of the signed incident id (architecture §6, Signalling); kept by `callflow.adapters.uui`."""

from __future__ import annotations

from typing import Protocol

from callflow.domain.names import IncidentId, SiteId, Verified


class SignedIncident(Protocol):
    """What a right User-to-User value says. `mark` is the peer's word on the caller's number."""

    @property
    def incident_id(self) -> IncidentId:
        """The incident, as the peer calls it too."""

    @property
    def hop(self) -> int:
        """How many platforms have handed it on, the signer included."""

    @property
    def from_site(self) -> SiteId:
        """Who signed."""

    @property
    def mark(self) -> Verified:
        """Who vouches for the caller's number, as the signer says."""


class UuiVerifier(Protocol):
    """Checks a User-to-User value that came with a call."""

    def verify(self, uui_hex: str, now: float) -> SignedIncident | None:
        """Return what was signed, or None for anything wrong. `now`: when the call came, epoch seconds."""


class UuiSigner(Protocol):
    """Makes the User-to-User value of a leg that leaves for a peer."""

    def sign(self, incident_id: IncidentId, hop: int, mark: Verified, peer: SiteId, now: float) -> str:
        """Return the value in hex. `hop`: hand-ons including this one.

        Raises:
            KeyError: there is no key for this peer.
            ValueError: the incident id or the hop cannot be signed.
        """


class Uui(UuiVerifier, UuiSigner, Protocol):
    """Both sides of it."""
