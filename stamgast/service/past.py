"""What the ledger says of a customer's past, as it was read and as it was written so far."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from stamgast.domain import apart, stamp_days
from stamgast.domain.customer import Customer, Voucher
from stamgast.domain.ledger import (
    Entry,
    NotReadError,
    Part,
    decode_entry,
    encode_entry,
    field_of,
    is_of_transaction,
    purchases_by_day,
    written,
)
from stamgast.domain.rewards import newest_used, unused_cards
from stamgast.domain.units import Day, Millis


class Past:
    """See the module. `changes` is what is to be written: field -> value, None to remove."""

    __slots__ = ("_asked", "_days", "_entries", "_read", "_written", "at", "customer")

    at: Millis

    def __init__(self, customer: Customer, ledger: Mapping[bytes, bytes], changes: dict[bytes, bytes | None]) -> None:
        self.customer = customer
        self._read = ledger
        self._written = changes
        self._entries: dict[bytes, Entry] = {}
        self._days: dict[str, dict[Day, int]] | None = None
        self._asked: tuple[str | None, bytes] = None, b""

    def stored(self, field: bytes) -> bytes | None:
        """What stands in the ledger now, empty if nothing does; None if it was not read."""
        if field in self._written:
            return self._written[field] or b""
        value = self._read.get(field)
        return b"" if value is None and not isinstance(self._read, Part) else value

    def store(self, field: bytes, value: bytes | None) -> None:
        """Put something that is no transaction's entry into the ledger; None takes it out."""
        self._written[field] = value

    def whole_ledger(self) -> Iterator[tuple[bytes, bytes]]:
        """Everything that stands in the ledger now. Raises NotReadError."""
        if isinstance(self._read, Part):
            raise NotReadError(None)
        yield from written(self._read, self._written).items()

    def vouchers_apart(self) -> Iterator[tuple[bytes, list[Voucher]]]:
        """All vouchers kept apart, by the field of what gave them. Raises NotReadError."""
        for field_, value in self.whole_ledger():
            if apart.is_of_vouchers(field_):
                yield field_, apart.decode_apart(value)

    def newest_used(self, card: str, up_to: int) -> int:
        """The newest card up to that number whose reward was used: it cannot be taken back; 0: none.

        Raises NotReadError.
        """
        known = self.customer.apart
        elsewhere = 0 if known is None else known.used.get(card, 0)
        if elsewhere > up_to:
            elsewhere = max((newest_used(those, card, up_to) for _, those in self.vouchers_apart()), default=0)
        return max(newest_used(self.customer.vouchers, card, up_to), elsewhere)

    def unused(self, card: str, up_to: int) -> list[int]:
        """The cards up to that number of which a reward is open and none was used, the newest first.

        Raises NotReadError.
        """
        found = unused_cards(self.customer.vouchers, card, self.at)
        known = self.customer.apart
        if known is not None and known.open:
            for _, those in self.vouchers_apart():
                found |= unused_cards(those, card, self.at)
        return sorted((number for number in found if number <= up_to), reverse=True)

    def entry(self, transaction: str) -> Entry | None:
        """What the ledger says of a transaction now."""
        key = self._field_of(transaction)
        known = self._entries.get(key)
        if known is None and key not in self._written:
            value = self._read.get(key)
            known = decode_entry(value, list(self.customer.cards)) if value else None
        return known

    def write_entry(self, transaction: str, entry: Entry | None) -> None:
        """Note what the transaction gives from now on; None forgets it."""
        key = self._field_of(transaction)
        self._days = None
        if entry is None:
            self._entries.pop(key, None)
            self._written[key] = None
        else:
            self._entries[key] = entry
            self._written[key] = encode_entry(entry, self.customer.cards)

    def _field_of(self, transaction: str) -> bytes:
        """That of the transaction asked for last is kept: an event asks for its own several times."""
        if transaction != self._asked[0]:
            self._asked = transaction, field_of(transaction)
        return self._asked[1]

    def has_mark(self, transaction: str, mark: bytes) -> bool:
        """Whether the transaction's entry says that the rule of this mark has fired for it."""
        entry = self.entry(transaction)
        marks = b"" if entry is None else entry.fired
        return bool(marks) and any(marks[at : at + len(mark)] == mark for at in range(0, len(marks), len(mark)))

    def mark(self, transaction: str, mark: bytes) -> None:
        """Note that the rule of this mark has fired for the transaction."""
        entry = self.entry(transaction)
        if entry is not None:
            self.write_entry(transaction, replace(entry, fired=entry.fired + mark))

    def block(self, card: str, number: int) -> bytes:
        """What the ledger says of a block of a card's days. Raises NotReadError."""
        field_ = stamp_days.field_of_block(self._place(card), number)
        value = self.stored(field_)
        if value is None:
            raise NotReadError([field_])
        return value

    def keep_block(self, card: str, number: int, value: bytes) -> None:
        """Have that stand in the ledger of a block of a card's days."""
        self.store(stamp_days.field_of_block(self._place(card), number), value or None)

    def blocks(self, card: str) -> list[int]:
        """The blocks of a card's days of which the ledger tells. Raises NotReadError."""
        place = self._place(card)
        found = (stamp_days.block_of(field_, place) for field_, _ in self.whole_ledger())
        return [number for number in found if number is not None]

    def stamps_by_day(self, card: str) -> Mapping[Day, int]:
        """What all purchases of each day earned, before any cap. Raises NotReadError.

        The ledger is gone through once, however many cards ask about it as it stands.
        """
        if self._days is None:
            days: dict[str, dict[Day, int]] = {}
            cards = list(self.customer.cards)
            for field_, value in self.whole_ledger():
                if is_of_transaction(field_):
                    entry = decode_entry(value, cards)
                    for name, stamps in entry.stamps.items():
                        of_card = days.setdefault(name, {})
                        of_card[entry.day] = of_card.get(entry.day, 0) + stamps
            self._days = days
        return self._days.get(card, {})

    def purchases_by_day(self) -> dict[Day, int]:
        """How many purchases count on each day, of all that there ever were. Raises NotReadError."""
        return purchases_by_day(dict(self.whole_ledger()))

    def _place(self, card: str) -> int:
        return list(self.customer.cards).index(card)
