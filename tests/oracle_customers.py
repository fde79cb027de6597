"""What the independent recomputation keeps of one customer: whole ledgers, paper cards, promised rewards."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from stamgast.domain.program import CardDefinition, Program
from tests.oracle_figures import DAY_MS, Part, lapse_gap, simple_clv
from tests.oracle_review import Held, Size, size_of, waits
from tests.oracle_sales import sale_of

Key = tuple[str, str]
"""(merchant, customer)."""


@dataclass
class PaperCard:
    """A stamp card on paper: stamps on it now (below zero: owed) and the sizes of the completed ones by their numbers."""

    balance: int = 0
    completed: dict[int, int] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The lowest that is free: that of the card which is being filled."""
        return next(n for n in range(1, len(self.completed) + 2) if n not in self.completed)


@dataclass
class PaperVoucher:
    """A reward that was promised for a cause; `state` is open, redeemed, withdrawn or expired."""

    reward: str
    cause: str
    rule: str
    state: str
    expires_at: int
    used_by: str = ""
    refused: set[str] = field(default_factory=set)
    """Requests that were taken back."""
    groundless: bool = False
    """Used, and what it was given for was taken back since."""


@dataclass(frozen=True)
class SimpleRule:
    """A rule simple enough to be checked from outside.

    `on` is purchase, stamp_card_completed (`at` the card), stamp_card_reaches (`at` the card and the stamps) or
    visits_reached (`at` the visits). It has no conditions beside that.
    """

    id: str
    on: str
    at: str | int | tuple[str, int] = ""
    sends: str = ""
    gives: str = ""
    channels: tuple[str, ...] = ("sms",)
    purpose: str = "marketing"
    gives_for: int = 30 * DAY_MS


@dataclass
class Wanted:
    """A message that a rule asked for. `times` counts firings; `taken_back` says that a refund undid the last one.

    `verdict` is `send`, or why nothing may go out: `late`, `no_consent`, `opted_out`. Caps, quiet hours and holdouts
    are not judged here: give such programmes none.
    """

    rule: str
    customer: Key
    occasion: str
    verdict: str
    times: int = 1
    taken_back: bool = False


@dataclass
class Figures:
    """Everything the oracle knows of one customer."""

    program: Program
    parts: dict[str, Part] = field(default_factory=dict)
    waiting: dict[str, Held] = field(default_factory=dict)
    """Transaction -> what waits for a person."""
    agreed: dict[str, Size] = field(default_factory=dict)
    """What a person has confirmed."""
    cards: dict[str, PaperCard] = field(default_factory=lambda: defaultdict(PaperCard))
    vouchers: list[PaperVoucher] = field(default_factory=list)
    consents: set[str] = field(default_factory=set)
    stopped: bool = False
    source: str = ""
    risk_noticed: int | None = None
    """The last visit day after which it was noticed that the customer is later than usual."""
    lapse_noticed: int | None = None
    """The last visit day after which a lapse was noticed."""
    lapsed_noticed: int | None = None
    occasions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    terms: object = None
    """The programme and the rules under which promises were last held against stamps."""

    def _counting(self) -> list[Part]:
        return [part for part in self.parts.values() if part.counts]

    @property
    def purchases(self) -> int:
        """Purchases that count."""
        return len(self._counting())

    @property
    def days(self) -> list[int]:
        """Business days with a purchase that counts."""
        return sorted({part.day for part in self._counting()})

    @property
    def spend(self) -> int:
        """Net spend."""
        return sum(part.spend for part in self.parts.values())

    @property
    def profit(self) -> int:
        """Realised profit, which is the historic CLV."""
        return sum(part.profit for part in self.parts.values())

    @property
    def refunds(self) -> int:
        """What was given back."""
        return sum(part.refunds for part in self.parts.values())

    def risk_due(self) -> int | None:
        """When this customer is later than usual; None without a visit, or when that or a lapse was noticed."""
        days = self.days
        if not days or days[-1] in {self.risk_noticed, self.lapse_noticed}:
            return None
        gap = lapse_gap(days, self.program.lapse, self.program.lapse.risk_quantile)
        return days[-1] * DAY_MS + round(gap * DAY_MS)

    def lapse_due(self) -> int | None:
        """When this customer is late; None without a visit, or when that was noticed."""
        days = self.days
        if not days or self.lapse_noticed == days[-1]:
            return None
        return days[-1] * DAY_MS + round(lapse_gap(days, self.program.lapse) * DAY_MS)

    def lapsed_due(self) -> int | None:
        """When a lapsing customer counts as lapsed."""
        days = self.days
        if not days or self.lapse_noticed != days[-1] or self.lapsed_noticed == days[-1]:
            return None
        gap = lapse_gap(days, self.program.lapse) * max(self.program.lapse.lapsed_after, 1.0)
        return days[-1] * DAY_MS + round(gap * DAY_MS)

    @property
    def stage(self) -> str:
        """new, active, at_risk, lapsing, lapsed or won_back."""
        days = self.days
        if not days:
            return "new"
        if self.lapsed_noticed == days[-1]:
            return "lapsed"
        if self.lapse_noticed == days[-1]:
            return "lapsing"
        if self.risk_noticed == days[-1]:
            return "at_risk"
        if self.lapse_noticed is not None and sum(day > self.lapse_noticed for day in days) == 1:
            return "won_back"
        return "new" if len(days) == 1 else "active"

    def clv_simple(self, at: int) -> int:
        """The seeds' formula, at a moment."""
        first = self.days[0] if self.days else 0
        return simple_clv(self.spend, self.purchases, first, self.source, self.program, at // DAY_MS)


def cause_of(card: CardDefinition, paper: PaperCard) -> str:
    """The card that is being filled, by its number."""
    return f"card:{card.id}:{paper.number}"


def gained_by(card: CardDefinition, others: list[Part], before: Part | None, after: Part | None) -> int:
    """By how much the sum of daily capped stamps moves."""
    gained = 0
    for day in {part.day for part in (before, after) if part is not None}:
        rest = sum(part.stamps.get(card.id, 0) for part in others if part.day == day)
        old, new = (
            rest + (part.stamps.get(card.id, 0) if part is not None and part.day == day else 0)
            for part in (before, after)
        )
        cap = card.max_per_day
        gained += (new if cap is None else min(new, cap)) - (old if cap is None else min(old, cap))
    return gained


def give(figures: Figures, reward: str, cause: str, rule: str, expires_at: int) -> None:
    """Promise a reward once for a cause and a rule."""
    for voucher in figures.vouchers:
        if (voucher.cause, voucher.rule, voucher.reward) == (cause, rule, reward):
            voucher.groundless = False
            if voucher.state == "withdrawn":
                voucher.state, voucher.expires_at = "open", expires_at
            return
    figures.vouchers.append(PaperVoucher(reward, cause, rule, "open", expires_at))


def agreed_before(event: dict[str, Any], figures: Figures) -> Size | None:
    """What of a purchase was confirmed, or had counted when the programme still allowed for it."""
    name, before = event["transaction"], sale_of(event.get("before"))
    part = figures.parts.get(name)
    if name in figures.agreed or before is None or part is None or not part.counts:
        return figures.agreed.get(name)
    after = sale_of(event["after"])
    if waits(before, figures.program) and after is not None and waits(after, figures.program):
        figures.agreed[name] = size_of(before, figures.program)
    return figures.agreed.get(name)
