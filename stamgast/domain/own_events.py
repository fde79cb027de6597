"""Events of a merchant's own making, as program.yaml declares them: what kinds there are, and what each may carry.

Whatever a person could write freely has no place in them, for they stand on a topic in the clear: a field is one of
the words that program.yaml lists, a number, an amount, a date, or yes or no.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from stamgast.domain.units import DAY, Day, Millis

MOST_POSTED: Final = 64
"""Events that one customer may have within `POSTED_AGAIN`; those beyond are counted and set nothing off."""
POSTED_AGAIN: Final[Millis] = DAY
"""For so long the same id is known, so that what is posted again sets nothing off twice."""
MOST_NUMBER: Final = 10**9
_EPOCH: Final = date(1970, 1, 1).toordinal()

Value = str | int | bool


class FieldKind(StrEnum):
    """What may stand in a field."""

    CHOICE = "choice"
    NUMBER = "number"
    AMOUNT = "amount"
    DATE = "date"
    YES_OR_NO = "yes_or_no"


@dataclass(frozen=True, slots=True)
class FieldOfEvent:
    """One field; `words` are those of a choice."""

    kind: FieldKind
    words: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """What to write there, for messages."""
        return {
            FieldKind.CHOICE: f"one of: {', '.join(self.words)}",
            FieldKind.NUMBER: "a whole number",
            FieldKind.AMOUNT: "an amount in minor units, such as 1250",
            FieldKind.DATE: 'a date such as "2026-12-05"',
            FieldKind.YES_OR_NO: "true or false",
        }[self.kind]

    def read(self, value: object) -> Value | None:
        """The value as events carry it; None for one that has no place there."""
        if self.kind is FieldKind.CHOICE:
            return value if isinstance(value, str) and value in self.words else None
        if self.kind is FieldKind.YES_OR_NO:
            return value if isinstance(value, bool) else None
        if self.kind is FieldKind.DATE:
            return _day_of(value)
        whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST_NUMBER
        return value if whole else None  # type: ignore[return-value]  # it is an int by then


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of event."""

    name: str
    fields: Mapping[str, FieldOfEvent] = field(default_factory=dict)


def _day_of(value: object) -> Day | None:
    if not isinstance(value, str) or len(value) != len("2026-12-05"):
        return None
    try:
        return date.fromisoformat(value).toordinal() - _EPOCH
    except ValueError:
        return None
