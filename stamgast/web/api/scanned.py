"""What a till's one field holds, scanned or typed: the QR of a card, a membership number, a phone.

A scanner types what it reads into the field in which a cashier types a phone, so nobody says of what kind it is. A
customer's id is known by its form. Anything else is looked for as a phone, a membership number and a provider's id;
where these are two customers', the answer says so, and the phone counts first, as with every purchase.
"""

from typing import Any, Final

from stamgast.domain.region import Region
from stamgast.identity.ids import Identifier
from stamgast.identity.references import perhaps_named_by
from stamgast.pos.problems import RefusedError
from stamgast.web.auth import CUSTOMER

_LONGEST: Final = 200


def is_scanned(document: Any) -> bool:
    """Whether a body says `scanned`."""
    return isinstance(document, dict) and "scanned" in document


def read_scanned(document: dict[str, Any]) -> str:
    """The text. Raises `RefusedError` for another thing than text, and where something stands beside it."""
    beside = [name for name in document if name != "scanned"]
    if beside:
        detail = f"{beside[0]!r} beside `scanned`: that stands alone, since it may be any of them"
        raise RefusedError([{"pointer": "", "detail": detail, "allowed": "scanned, or what CustomerReference has"}])
    text = document["scanned"]
    if not isinstance(text, str) or not 0 < len(text.strip()) <= _LONGEST:
        detail = f"scanned is not the text that was scanned or typed, of 1 to {_LONGEST} characters"
        raise RefusedError([{"pointer": "/scanned", "detail": detail}])
    return text.strip()


def customer_of(text: str) -> str:
    """The customer's id that the text is; empty for anything else. A scanner may shout."""
    return text.lower() if CUSTOMER.fullmatch(text.lower()) else ""


def names_of(text: str, region: Region) -> list[Identifier]:
    """Everything else that it may be."""
    return perhaps_named_by(text, region)
