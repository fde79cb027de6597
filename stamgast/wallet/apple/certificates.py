"""What a pass is signed with: the certificate of its pass type, its key, and Apple's intermediate that issued it.

`read_apple` says everything that is wrong with them at once, each with its setting and what to do.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from stamgast.domain.units import DAY, Millis
from stamgast.lifecycle.who_looks import is_loopback
from stamgast.settings import Settings
from stamgast.wallet.findings import ENDS_SOON, EXTRA, Finding, setting

_PASS_TYPE: Final = re.compile(r"pass\.[A-Za-z0-9.-]+")
_TEAM: Final = re.compile(r"[A-Z0-9]{10}")
_NEEDED: Final = {
    "wallet_apple_pass_type": "is missing: the identifier that you registered at Apple, such as pass.be.example.shop",
    "wallet_apple_team": "is missing: the ten letters and digits of your team, in Membership details at Apple",
    "wallet_apple_certificate": "is missing: the file of the certificate that Apple issued for it (.cer or .pem)",
    "wallet_apple_key": "is missing: the file of the private key that its certificate request was made with (.pem)",
    "wallet_apple_intermediate": "is missing: the file of Apple's intermediate that issued it, such as "
    "AppleWWDRCAG4.cer from https://www.apple.com/certificateauthority/",
}
_KEYS = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class AppleAccount:
    """What passes are signed with, and devices are woken with. Moments are milliseconds."""

    pass_type: str
    team: str
    web_service: str
    """Where devices ask for news."""
    push_url: str
    certificate: x509.Certificate = field(repr=False)
    key: _KEYS = field(repr=False)
    intermediate: x509.Certificate = field(repr=False)

    @property
    def ends(self) -> Millis:
        """When the first of its certificates ends."""
        return min(_millis(each.not_valid_after_utc) for each in (self.certificate, self.intermediate))


@dataclass
class _Reading:
    """What was found so far."""

    settings: Settings
    at: Millis
    wrong: list[Finding] = field(default_factory=list)

    def of(self, name: str) -> str:
        value = getattr(self.settings, name)
        return str(value.get_secret_value() if hasattr(value, "get_secret_value") else value).strip()

    def complain(self, name: str, why: str) -> None:
        self.wrong.append(Finding(setting(name), why))

    def bytes_of(self, name: str) -> bytes | None:
        where = self.of(name)
        if not where:
            return None
        try:
            return Path(where).read_bytes()
        except OSError as error:
            self.complain(name, f"{where}: {error.strerror or error}")
            return None


def is_begun(settings: Settings) -> bool:
    """Whether anything of Apple's is set."""
    return any(getattr(settings, name) for name in _NEEDED)


def read_apple(settings: Settings, at: Millis) -> tuple[AppleAccount | None, list[Finding]]:
    """The account, and all that is wrong; None if it cannot be used."""
    reading = _Reading(settings, at)
    for name, why in _NEEDED.items():
        if not reading.of(name):
            reading.complain(name, why)
    _look_at_names(reading)
    certificate = _certificate(reading, "wallet_apple_certificate")
    intermediate = _certificate(reading, "wallet_apple_intermediate")
    key = _key(reading)
    if certificate is not None:
        _look_at_certificate(reading, certificate)
        if key is not None and _public(certificate.public_key()) != _public(key.public_key()):
            reading.complain(
                "wallet_apple_key",
                f"{reading.of('wallet_apple_key')} is not the key of {reading.of('wallet_apple_certificate')}: "
                "name the one whose request you uploaded at Apple, or make another request",
            )
    if intermediate is not None:
        _look_at_times(reading, "wallet_apple_intermediate", intermediate, "fetch the newer one from Apple")
        if certificate is not None:
            _look_at_issuer(reading, certificate, intermediate)
    if importlib.util.find_spec("h2") is None:
        reading.complain("wallet_apple_pass_type", f"needs HTTP/2 to wake devices, which is not installed: {EXTRA}")
    _look_at_addresses(reading)
    if reading.wrong or certificate is None or intermediate is None or key is None:
        return None, reading.wrong
    return AppleAccount(
        pass_type=reading.of("wallet_apple_pass_type"),
        team=reading.of("wallet_apple_team"),
        web_service=f"{settings.public_url}/wallet",
        push_url=settings.wallet_apple_push_url,
        certificate=certificate,
        key=key,
        intermediate=intermediate,
    ), []


def soon_over(account: AppleAccount, at: Millis) -> list[str]:
    """What ends within a month."""
    told = []
    for name, each in (
        ("wallet_apple_certificate", account.certificate),
        ("wallet_apple_intermediate", account.intermediate),
    ):
        left = _millis(each.not_valid_after_utc) - at
        if left < ENDS_SOON:
            told.append(f"{setting(name)} ends on {each.not_valid_after_utc:%Y-%m-%d}, in {max(0, left) // DAY} days")
    return told


def _look_at_names(reading: _Reading) -> None:
    pass_type, team = reading.of("wallet_apple_pass_type"), reading.of("wallet_apple_team")
    if pass_type and not _PASS_TYPE.fullmatch(pass_type):
        reading.complain("wallet_apple_pass_type", f"is {pass_type!r}: a pass type begins with `pass.`, as at Apple")
    if team and not _TEAM.fullmatch(team):
        reading.complain("wallet_apple_team", f"is {team!r}: ten capital letters and digits, as in Membership details")


def _look_at_certificate(reading: _Reading, certificate: x509.Certificate) -> None:
    name = "wallet_apple_certificate"
    _look_at_times(reading, name, certificate, "renew it at Apple, under Identifiers, Pass Type IDs")
    pass_type, team = reading.of("wallet_apple_pass_type"), reading.of("wallet_apple_team")
    found_type, found_team = _named(certificate, NameOID.USER_ID), _named(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME)
    if _PASS_TYPE.fullmatch(pass_type) and found_type != pass_type:
        reading.complain(
            name, f"is for {found_type or 'no pass type'}, and the pass type is {pass_type}: one of both is wrong"
        )
    if _TEAM.fullmatch(team) and found_team != team:
        reading.complain("wallet_apple_team", f"is {team}, and the certificate is of team {found_team or '(none)'}")


def _look_at_times(reading: _Reading, name: str, certificate: x509.Certificate, mend: str) -> None:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if _millis(ends) <= reading.at:
        reading.complain(name, f"{reading.of(name)} ended on {ends:%Y-%m-%d}: {mend}")
    elif _millis(begins) > reading.at:
        reading.complain(name, f"{reading.of(name)} begins on {begins:%Y-%m-%d}: is this machine's clock right?")


def _look_at_issuer(reading: _Reading, certificate: x509.Certificate, intermediate: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(intermediate)
    except (InvalidSignature, ValueError, TypeError):
        issuer = certificate.issuer.rfc4514_string()
        reading.complain(
            "wallet_apple_intermediate",
            f"{reading.of('wallet_apple_intermediate')} did not issue the certificate: that was {issuer}. "
            "Fetch that one from https://www.apple.com/certificateauthority/",
        )


def _look_at_addresses(reading: _Reading) -> None:
    public, push = urlsplit(reading.settings.public_url), urlsplit(reading.settings.wallet_apple_push_url)
    if public.scheme != "https":
        reading.complain("public_url", f"is {reading.settings.public_url}: devices fetch passes over https alone")
    if push.scheme != "https" or not push.hostname:
        reading.complain("wallet_apple_push_url", "is no https address; leave it out for Apple's own")
    elif not (push.hostname.endswith(".push.apple.com") or is_loopback(push.hostname)):
        reading.complain("wallet_apple_push_url", f"is {push.hostname}: the certificate's key is shown to Apple alone")


def _certificate(reading: _Reading, name: str) -> x509.Certificate | None:
    raw = reading.bytes_of(name)
    if raw is None:
        return None
    load: Callable[[bytes], x509.Certificate] = (
        x509.load_pem_x509_certificate if b"-----BEGIN" in raw else x509.load_der_x509_certificate
    )
    try:
        return load(raw)
    except ValueError:
        hint = ": that is the key" if b"PRIVATE KEY" in raw else ": that is the request" if b"REQUEST" in raw else ""
        reading.complain(name, f"{reading.of(name)} holds no certificate (PEM or DER){hint}")
        return None


def _key(reading: _Reading) -> _KEYS | None:
    name, raw = "wallet_apple_key", reading.bytes_of("wallet_apple_key")
    if raw is None:
        return None
    password = reading.of("wallet_apple_key_password").encode() or None
    where = reading.of(name)
    if b"-----BEGIN" not in raw:
        hint = "it is DER, or a .p12" if raw[:1] == b"0" else "it is something else"
        reading.complain(
            name, f"{where} is no PEM: {hint}; `openssl pkcs12 -in file.p12 -nocerts -out key.pem` makes one"
        )
        return None
    try:
        key = load_pem_private_key(raw, password)
    except TypeError:
        why = "needs no password" if password else "is locked"
        reading.complain("wallet_apple_key_password", f"is {'set' if password else 'missing'}: {where} {why}")
    except (ValueError, UnsupportedAlgorithm):
        if b"ENCRYPTED" in raw:
            reading.complain("wallet_apple_key_password", f"does not open {where}")
        else:
            reading.complain(name, f"{where} holds no private key that can be read")
    else:
        if isinstance(key, _KEYS):
            return key
        reading.complain(name, f"{where} holds a key of another kind: RSA or EC is needed")
    return None


def _named(certificate: x509.Certificate, what: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(what)
    return str(found[0].value) if found else ""


def _public(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined,no-any-return]


def _millis(moment: datetime) -> Millis:
    return int(moment.astimezone(UTC).timestamp() * 1_000)
