"""X.509 for the lab: one authority, one leaf a site that serves and calls (TLS both ways), 90 days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from callflow.service.signatures import SITE_URI

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from callflow.domain.names import SiteId

LIFE = timedelta(days=90)
EARLY = timedelta(hours=1)  # a machine whose clock is a little behind accepts it too


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes


def load(path: Path) -> x509.Certificate:
    """The first certificate in a PEM file. Raises OSError or ValueError."""
    return x509.load_pem_x509_certificate(path.read_bytes())


def make_authority(now: datetime) -> Made:
    """A new lab authority; it may sign leaves and nothing below them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("hotline lab authority")
    certificate = (
        _builder(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Made(_pem(certificate), _key_pem(key))


def make_leaf(ca: Made, site: SiteId, addresses: Sequence[str], names: Sequence[str], now: datetime) -> Made:
    """A new certificate for one site, naming its addresses, its DNS names and the site itself."""
    ca_certificate = x509.load_pem_x509_certificate(ca.certificate)
    ca_key = serialization.load_pem_private_key(ca.key, password=None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the lab authority's key is not an EC key; remove the ca directory")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(f"site {site}"), ca_certificate.subject, key.public_key(), now)
        .add_extension(x509.SubjectAlternativeName(_alternative(site, addresses, names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
            critical=False,
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return Made(_pem(certificate), _key_pem(key))


def covers(path: Path, ca_certificate: bytes, addresses: Sequence[str], names: Sequence[str]) -> bool:
    """Whether the leaf in `path` was signed by this authority and names all of these."""
    leaf = load(path)
    try:
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(ca_certificate))
    except Exception:  # noqa: BLE001 - cryptography answers "not by this one" with several unrelated classes
        return False
    named = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    have = {str(a) for a in named.get_values_for_type(x509.IPAddress)} | set(named.get_values_for_type(x509.DNSName))
    return have >= {*addresses, *names}


def _alternative(site: SiteId, addresses: Sequence[str], names: Sequence[str]) -> list[x509.GeneralName]:
    return [
        x509.UniformResourceIdentifier(f"{SITE_URI}{site}"),
        *(x509.IPAddress(ip_address(each)) for each in addresses),
        *(x509.DNSName(each) for each in names),
    ]


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLY)
        .not_valid_after(now + LIFE)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
