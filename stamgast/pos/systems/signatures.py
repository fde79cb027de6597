"""Signatures of webhooks: HMACs in constant time, under each of several secrets, and the times that are signed.

Vectors: `tests/unit/pos/systems/` has the published ones of every system.
"""

import base64
import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from stamgast.domain.units import MINUTE, Millis
from stamgast.pos.adapter import Headers, SignatureError

TOLERANCE: Final = 5 * MINUTE
"""How far a signed time may lie from ours, before or after."""

Encoding = Literal["base64", "hex"]
Secret = str | bytes

_SECONDS: Final = re.compile(r"[0-9]{1,11}", re.ASCII)


def check_hmac(
    raw: bytes,
    given: str,
    secrets: Iterable[Secret],
    digest: str = "sha256",
    encodings: Sequence[Encoding] = ("base64",),
) -> None:
    """Raise `SignatureError` unless one of the secrets signed `raw` and that is what was `given`.

    Several `encodings` are for systems that document one and send another.
    """
    if not given:
        raise SignatureError("it carries no signature")
    if not is_signed(raw, (given,), secrets, digest, encodings):
        raise SignatureError("none of the secrets has signed it")


def is_signed(
    raw: bytes,
    given: Iterable[str],
    secrets: Iterable[Secret],
    digest: str = "sha256",
    encodings: Sequence[Encoding] = ("base64",),
) -> bool:
    """Whether one of those `given` is the HMAC of `raw` under one of the secrets. Every pair is compared."""
    offered = [each.strip().encode("utf-8", "surrogatepass") for each in given]
    found = False
    for secret in secrets:
        key = secret.encode() if isinstance(secret, str) else secret
        made = hmac.digest(key, raw, digest)
        for encoding in encodings:
            right = base64.b64encode(made) if encoding == "base64" else made.hex().encode()
            for each in offered:
                found |= hmac.compare_digest(right, each.lower() if encoding == "hex" else each)
    return found


def header(headers: Headers, *names: str) -> str:
    """The first of these headers that is there; empty if none is. Names in small letters."""
    for name in names:
        if found := headers.get(name):
            return found
    return ""


def check_time(seconds: str, now: Millis, tolerance: Millis = TOLERANCE) -> None:
    """Raise `SignatureError` unless a signed time, in seconds since 1970, is near enough to `now`."""
    if not _SECONDS.fullmatch(seconds):
        raise SignatureError("it was signed at no time that can be read")
    if abs(now - int(seconds) * 1000) > tolerance:
        raise SignatureError("it was signed more than five minutes ago, or ahead of our clock")
