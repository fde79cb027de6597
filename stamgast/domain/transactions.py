"""What is remembered of a transaction: its newest whole, its refunds, and whose it is. `purchases` merges it."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from stamgast.domain.events import Line
from stamgast.domain.units import Day, Millis, Minor


class Snapshot(Struct, array_like=True, frozen=True, gc=False):
    """The newest known whole of a transaction."""

    version: int
    status: str
    occurred_at: Millis
    """`UNDATED` where its date cannot be right: then repeats are alike, whenever they were recorded."""
    store: str
    currency: str
    gross: Minor
    lines: tuple[Line, ...]
    netted: tuple[str, ...] = ()
    """Ids of the refunds that its totals and lines have taken off already."""
    test: bool = False
    day: Day | None = None
    """The business day that its till books it on; None: that of its moment."""
    settled: bool = False
    """What came back by it was taken off another sale."""
    history: bool = False
    """It comes from a list of what was before."""


class Refund(Struct, array_like=True, frozen=True, gc=False):
    """What one refund gave back: positive amounts, per line where the source knows it."""

    version: int
    gross: Minor
    lines: tuple[Line, ...]
    currency: str = ""
    """Empty for those that were stored before it was kept: they are in their sale's."""


class Claim(Struct, array_like=True, frozen=True, gc=False):
    """Somebody said afterwards that the receipt is theirs (`stamgast.domain.claims`)."""

    id: str
    customer: str
    at: Millis
    waits: bool = False
    """For a person's word: until then it is nobody's."""
    over: tuple[str, ...] = ()
    """Of what there were too many that day."""
    operator: str = ""


class Payment(Struct, array_like=True, frozen=True, gc=False):
    """What a payment system told of how it was paid (`stamgast.domain.payments`). Amounts in minor units."""

    version: int
    amount: Minor
    """With the tip, as it was taken off."""
    currency: str
    method: str
    tip: Minor = 0
    card: str = ""
    """What stands for the card at its system; no number."""
    customer: str = ""
    """Whom that system knows; empty: nobody."""
    system: str = ""


class Transaction(Struct, array_like=True, gc=False):
    """What intake remembers of one transaction."""

    snapshot: Snapshot | None = None
    refunds: dict[str, Refund] = {}
    customer: str = ""
    customer_version: int = -1
    whole: Snapshot | None = None
    """The newest completed sale that knew of no refund, where `snapshot` is another one: what was sold before
    anything was given back. What came before it was corrected by it."""
    revision: int = 0
    first_at: Millis = 0
    """Recorded time of the first delivery; what comes more than `purchases.MEMORY` later comes too late."""
    undated_at: Millis = 0
    """When the first snapshot whose date cannot be right was recorded: that is when it counts."""
    claim: Claim | None = None
    formerly: tuple[str, ...] = ()
    """Customers whose it was, and who are one with whose it is now: what still names them means that one."""
    payments: dict[str, Payment] = {}
    """By their ids; none where only its till tells of it."""

    @property
    def whose(self) -> str:
        """Whom it is credited to: whom its till named, else who claimed it, else the one who paid; empty for nobody."""
        if self.customer:
            return self.customer
        if self.claim is not None:
            return "" if self.claim.waits else self.claim.customer
        payers = {each.customer for each in self.payments.values() if each.customer} if self.payments else ()
        return next(iter(payers)) if len(payers) == 1 else ""


decode_transaction = msgspec.msgpack.Decoder(Transaction).decode
_encode = msgspec.msgpack.Encoder().encode
_UNUSED: Final = tuple(getattr(Transaction(), name) for name in Transaction.__struct_fields__)
_WHOLE: Final = Transaction.__struct_fields__.index("whole")
_USUAL: Final = Snapshot.__struct_defaults__
"""Of the last fields of a whole."""


def encode_transaction(transaction: Transaction) -> bytes:
    """State -> stored value. There is one a purchase: what its last fields have unused is left out.

    Every version reads it, for fields that are not there have their defaults.
    """
    fields: list[Any] = list(astuple(transaction))
    length = len(fields)
    while length and fields[length - 1] == _UNUSED[length - 1]:
        length -= 1
    if transaction.snapshot is not None:
        fields[0] = _shortened(transaction.snapshot)
    if transaction.whole is not None:
        fields[_WHOLE] = _shortened(transaction.whole)
    return _encode(fields[:length])


def _shortened(whole: Snapshot) -> Sequence[Any]:
    fields = astuple(whole)
    length, first = len(fields), len(fields) - len(_USUAL)
    while length > first and fields[length - 1] == _USUAL[length - 1 - first]:
        length -= 1
    return fields[:length]
