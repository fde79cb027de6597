"""Records on `purchases.v1` as a shop's own producer writes them, and as intake reads them."""

import json
from typing import Any

from streams.intake.canonical import read_record
from streams.intake.identity import Naming
from streams.intake.record_mac import Proofs
from tests.builders import T0, record
from tests.fakes.records import LogRecord

PROOFS = Proofs(b"p" * 32)


async def _none(merchant: str) -> None:
    """Nobody has published."""


_nobody: Any = None
NOBODYS = Naming(_nobody, _none, _nobody)
"""Where nobody has a programme."""


def produced(data: dict[str, Any], *, key: bytes | None = None, **attributes: Any) -> Any:
    """A record as a foreign producer writes it."""
    own_key, value = record(data, T0)
    document = json.loads(value) | attributes
    return LogRecord(0, json.dumps(document).encode(), key or own_key)


def read(found: Any, **how: Any) -> Any:
    return read_record(found, is_here=True, proofs=PROOFS, **how)


def named_in(found: Any) -> str | None:
    """The customer id that a record names."""
    customer = found.purchase.data.customer
    return None if customer is None else customer.customer_id
