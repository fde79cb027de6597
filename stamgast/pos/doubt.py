"""One thing about a purchase that looks wrong: what, where, and what would be right."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from stamgast.domain.purchase_record import Warned
from stamgast.pos.misnamed import MisnamedKind

SHOWN: Final = 64
"""Characters of what somebody wrote that are shown."""

DoubtKind = Literal[
    "unknown_store",
    "suspect_time",
    "without_tax",
    "unlinked_return",
    "to_review",
    MisnamedKind,
    "unknown_word",
    "over_refund",
    "unknown_line",
    "told_twice",
    "another_sale",
    "refused_code",
    "unproven",
    "unequal_totals",
]
"""`over_refund` to `another_sale` are of `stamgast.pos.known`."""


_WORDS: Final[frozenset[DoubtKind]] = frozenset({"unknown_store", "unknown_word", "unknown_line", "refused_code"})
"""Of which the value is what somebody wrote, whatever that is."""


@dataclass(slots=True)
class Doubt:
    """One thing that looks wrong, and in how many purchases."""

    kind: DoubtKind
    pointer: str
    """Where it stands in the first of them."""
    value: str
    detail: str
    allowed: str
    nearest: str = ""
    purchases: int = 1

    @property
    def noted(self) -> Warned:
        """What the log keeps of it, for the day's report: no value, since what is no word may be a person's."""
        return self.kind, self.pointer

    @property
    def shown(self) -> str:
        """What our own log says of the value: a word that is like one of ours; any other may be a person's."""
        return self.value[:SHOWN] if self.nearest or self.kind not in _WORDS else ""

    def as_json(self) -> dict[str, Any]:
        """What an HTTP answer says of it."""
        told: dict[str, Any] = {"pointer": self.pointer, "detail": self.detail, "allowed": self.allowed}
        if self.nearest:
            told["nearest"] = self.nearest
        return told | {"purchases": self.purchases}
