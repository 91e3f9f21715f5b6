"""What an administrator may be shown of a site's keys, read from the key files: no secret leaves here."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from callflow.lab import certificates
from callflow.lab.keys import SiteKeys
from callflow.service.trust import KeyFacts


def key_facts(keys: SiteKeys) -> KeyFacts:
    """Of the keys as they were loaded at the start: newer ones are in use from the next start on."""
    private = serialization.load_pem_private_key(keys.exchange_key, password=None)
    return KeyFacts(
        certificate_ends_at=certificates.load(keys.tls_certificate).not_valid_after_utc.timestamp(),
        authority_ends_at=certificates.load(keys.ca_certificate).not_valid_after_utc.timestamp(),
        exchange_key=_digest(private.public_key()),
        peer_keys={site: _digest(serialization.load_pem_public_key(pem)) for site, pem in keys.peer_keys.items()},
    )


def _digest(key: PublicKeyTypes) -> str:
    written = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(written).hexdigest()
