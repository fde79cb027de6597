"""Certificates as Apple issues them, by an authority of our own: what a shop's developer would have on disk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stamgast.settings import Settings

PASS_TYPE, TEAM = "pass.com.example.loyalty", "A1B2C3D4E5"
BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
ENDS = datetime(2028, 1, 1, tzinfo=UTC)


def name(common: str, **more: str) -> x509.Name:
    oids = {"uid": NameOID.USER_ID, "team": NameOID.ORGANIZATIONAL_UNIT_NAME}
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    return x509.Name([*parts, *(x509.NameAttribute(oids[each], value) for each, value in more.items())])


@cache
def key(which: str) -> rsa.RSAPrivateKey:
    del which  # one key for each name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Issued:
    """A certificate and whose key it has."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def issue(
    subject: x509.Name,
    whose: str,
    by: Issued | None = None,
    *,
    begins: datetime = BEGINS,
    ends: datetime = ENDS,
    ca: bool = False,
    hosts: tuple[str, ...] = (),
) -> Issued:
    """Issued by somebody, or by itself."""
    mine = key(whose)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(mine.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(mine.public_key()), critical=False)
    )
    signer = mine if by is None else by.key
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
    )
    usage: dict[str, Any] = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    usage |= {"digital_signature": True, "key_cert_sign": ca, "crl_sign": ca, "decipher_only": False}
    builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(each) for each in hosts])
        server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(names, critical=False).add_extension(server, critical=False)
    return Issued(builder.sign(signer, SHA256()), mine)


@cache
def root() -> Issued:
    return issue(name("Root"), "root", ca=True)


@cache
def intermediate(number: str = "G4") -> Issued:
    return issue(name(f"Worldwide Relations {number}"), f"intermediate {number}", root(), ca=True)


def pass_certificate(
    by: Issued | None = None, *, uid: str = PASS_TYPE, team: str = TEAM, ends: datetime = ENDS
) -> Issued:
    subject = name(f"Pass Type ID: {uid}", uid=uid, team=team)
    return issue(subject, "pass", by or intermediate(), ends=ends)


def write(folder: Path, issued: Issued | None = None, by: Issued | None = None, password: str = "") -> dict[str, Any]:
    """Files of a certificate and its key, and the settings that name them."""
    issued, by = issued or pass_certificate(), by or intermediate()
    lock = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    (folder / "pass.cer").write_bytes(issued.certificate.public_bytes(Encoding.DER))
    (folder / "pass.key").write_bytes(issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    (folder / "wwdr.pem").write_bytes(by.pem)
    (folder / "root.pem").write_bytes(root().pem)
    return {
        "wallet_apple_pass_type": PASS_TYPE,
        "wallet_apple_team": TEAM,
        "wallet_apple_certificate": str(folder / "pass.cer"),
        "wallet_apple_key": str(folder / "pass.key"),
        "wallet_apple_intermediate": str(folder / "wwdr.pem"),
        "public_url": "https://loyalty.example.com",
    }


def settings_of(given: dict[str, Any]) -> Settings:
    """Of nothing but these: no file, no default of the machine."""
    return Settings(_env_file=None, **given)


def server_certificate() -> Issued:
    """Of a server on this machine."""
    return issue(name("localhost"), "server", root(), hosts=("localhost",))
