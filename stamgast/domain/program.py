"""A merchant's programme as the core sees it: compiled, frozen, free of YAML.

`rules.loader` builds these from a merchant's files; `service` reads them. Money is in minor units of
`currency`, durations in milliseconds or days as named, hours of the day in minutes since midnight.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace as replace_field

from stamgast.domain.alerts import Alert, AlertKind
from stamgast.domain.budgets import Budget, Campaign
from stamgast.domain.card_expiry import Expires
from stamgast.domain.claim_rules import ClaimRules
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.costs import Costs
from stamgast.domain.dated import is_within
from stamgast.domain.double_hours import DoubleHours
from stamgast.domain.draws import Draw
from stamgast.domain.exchange import Rates
from stamgast.domain.joining import JoinCode
from stamgast.domain.kept import NOTHING_KEPT, Kept
from stamgast.domain.look import NO_LOOK, Look
from stamgast.domain.own_events import EventKind
from stamgast.domain.prospects import Horizon, Prospects
from stamgast.domain.purchase_record import REACH
from stamgast.domain.questions import Question
from stamgast.domain.recommendations import NO_TABLE, ByHand, Table
from stamgast.domain.referrals import ReferralRules
from stamgast.domain.region import Region
from stamgast.domain.spans import Span
from stamgast.domain.store_feeds import NO_STORE_FEEDS, StoreFeeds
from stamgast.domain.templates import Template
from stamgast.domain.topics import Topic, topics_of
from stamgast.domain.trip_wires import TripWires
from stamgast.domain.units import DAY, HOUR, Day, Millis, Minor
from stamgast.domain.veil import NO_VEIL, Veil
from stamgast.domain.vocabulary import Channel, Letters, Purpose
from stamgast.domain.voucher_terms import Terms, Worth

MERCHANT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""How a merchant may be called: it stands in keys, paths and metrics."""
MEASURE_WINDOW: Final[Millis] = 7 * DAY
"""So long what is bought counts for a rule where nothing is said."""
MOST_REWARDS: Final = 20
"""How often one purchase may fill a card where nothing is said."""
TransactionScope = Literal["merchant", "store", "store_day"]
"""Within what a till's transaction ids are never used twice."""
OnRefund = Literal["below_zero", "next_stamps", "never"]
"""What a refund takes from a card: the balance may fall below zero; it is taken from the next stamps
(the balance shows zero meanwhile); or nothing."""


@dataclass(frozen=True, slots=True)
class Store:
    """One location. `day_start` is the hour (0-23) at which its business day begins."""

    id: str
    time_zone: str
    day_start: int = 0
    region: str = "NL"
    neighbours: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CardDefinition:
    """A stamp card. Empty `products` and `categories` mean that every line qualifies. `names` are by language.

    `starts` and `ends` are the first and the last business day whose purchases stamp it; None: there is no such day.
    """

    id: str
    stamps_required: int
    per: Literal["purchase", "item", "amount"] = "purchase"
    amount: Minor = 0
    minimum_spend: Minor = 0
    products: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    max_per_day: int | None = None
    max_per_purchase: int | None = None
    on_refund: OnRefund = "below_zero"
    reward: str | None = None
    reward_valid_for: Millis = 30 * DAY
    most_rewards: int | None = None
    """How often one purchase may fill it; None: as often as the programme says."""
    starts: Day | None = None
    ends: Day | None = None
    count_history: bool = False
    """What was bought before it started stamps it as well."""
    levels: tuple[tuple[int, str], ...] = ()
    """What it gives on its way: (stamps, reward), ascending, each below its size."""
    welcome: int = 0
    """Stamps for joining, once."""
    double: tuple[DoubleHours, ...] = ()
    """Where several hold, the one that gives most counts."""
    names: Mapping[str, str] = field(default_factory=dict)
    expires: Expires | None = None
    """None: its stamps never run out."""
    dated: bool = field(init=False, repr=False, compare=False, default=False)
    """There are days on which it takes no stamps."""

    def __post_init__(self) -> None:
        since = None if self.count_history else self.starts
        object.__setattr__(self, "dated", since is not None or self.ends is not None)

    def name(self, language: str) -> str:
        """What people call it; where nobody has said it, its id as one would read that."""
        usual = next(iter(self.names.values()), "") or self.id.replace("_", " ").replace("-", " ").capitalize()
        return self.names.get(language) or usual

    def comes_next(self, stamps: int) -> tuple[int, str | None]:
        """At how many stamps it gives something next, and what."""
        return next(((at, reward) for at, reward in self.levels if at > stamps), (self.stamps_required, self.reward))

    def takes(self, day: Day) -> bool:
        """Whether what is bought on a day stamps it."""
        return is_within(day, None if self.count_history else self.starts, self.ends)


@dataclass(frozen=True, slots=True)
class Reward:
    """What is promised. `names` maps a language to the name people read.

    `cost` is what it costs the shop, `value` what the customer would have paid for it: minor units, None where nobody
    said.
    """

    id: str
    names: Mapping[str, str]
    valid_for: Millis = 30 * DAY
    cost: Minor | None = None
    value: Minor | None = None
    uses: int = 1
    """How often its voucher can be used."""
    worth: Worth | None = None
    """What it takes off a receipt; None: it is a thing."""
    least: Minor = 0
    """It is for receipts of so much and more."""
    usable_after: Millis = 0
    """So long after it is given its voucher can be used."""
    imported_codes: bool = False
    """Its vouchers get codes of the shop's own, which are brought in (`stamgast.domain.shop_codes`)."""

    @property
    def promised(self) -> Minor:
        """What a voucher of it costs the shop at most, as far as `cost` says it."""
        return (self.cost or 0) * self.uses

    def terms(self, given_at: Millis) -> Terms | None:
        """What a voucher of it that is given then promises beyond one use of a thing from now on."""
        if self.uses == 1 and self.worth is None and not self.least and not self.usable_after:
            return None
        usable_from = given_at + self.usable_after if self.usable_after else 0
        return Terms(self.uses, self.worth, self.least, usable_from=usable_from)


class LapseModel(Struct, frozen=True, cache_hash=True):
    """When somebody who stays away counts as at risk, lapsing and lapsed: see `stamgast.domain.quiet_spells`.

    `by` is `model` (what a fit brought into force, where there is one) or `own_rhythm`. `precision` is how sure the
    shop wants to be of a lapse: which share of them are never to come again; `risk_precision` the same of those who
    are at risk. Where a fit says nothing of regularity, `risk_alive_below` and `alive_below` are the chances of still
    being a customer below which the model says that somebody is at risk, and lapses. The own rhythm is that of
    personal gaps between visit days: log gaps are normal, their mean shrunk to the merchant's. `risk_quantile` and
    `quantile` are shares of returns: of those who come back, so many are back by then. `lapsed_after` is the multiple
    of the lapse gap after which a lapsing customer counts as lapsed.
    """

    median_gap_days: float = 30.0
    log_sd: float = 0.9
    between_sd: float = 0.6
    quantile: float = 0.95
    min_gaps: int = 2
    fallback_days: float = 90.0
    lapsed_after: float = 2.0
    risk_quantile: float = 0.8
    by: str = "model"
    alive_below: float = 0.5
    risk_alive_below: float = 0.7
    precision: float = 0.6
    risk_precision: float = 0.36


def surely(lapse: LapseModel, precision: float) -> LapseModel:
    """Return the same that is so sure of a lapse, and of who is at risk as much less as usual."""
    risk = precision * LapseModel().risk_precision / LapseModel().precision
    return replace_field(
        lapse, precision=precision, risk_precision=risk, alive_below=1 - precision, risk_alive_below=1 - risk
    )


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of the day in which messages of a purpose may go out: minutes since local midnight."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Messaging:
    """House policy: who sends, when, how often at most. Rules can only be stricter."""

    senders: Mapping[Channel, str] = field(default_factory=dict)
    """Who sends over each channel that is used."""
    windows: Mapping[str, Window] = field(
        default_factory=lambda: {Purpose.MARKETING: Window(540, 1200), Purpose.UTILITY: Window(480, 1260)}
    )
    caps: Mapping[str, tuple[tuple[int, int], ...]] = field(
        default_factory=lambda: {Purpose.MARKETING: ((1, 1), (2, 7), (5, 30)), Purpose.UTILITY: ((3, 1),)}
    )
    """purpose -> ((at most, in rolling days), ...), all channels together."""
    give_up_after: Millis = 48 * HOUR
    letters: Letters = Letters.PLAIN
    max_parts: int = 3
    """Parts that an SMS may take at most."""


@dataclass(frozen=True, slots=True)
class ReviewAbove:
    """What no purchase of this shop is: beyond it one waits until a person has looked at it."""

    pieces: int = 1000
    """Of one line."""
    amount: Minor | None = 1_000_000
    """Of the purchase or one of its lines; None: no amount is too much."""
    per_day: int | None = None
    """Purchases of one customer on one business day; None: no number is too many."""


@dataclass(frozen=True, slots=True)
class Tiers:
    """Levels that customers rise to. `levels` are (name, what it takes), ascending; ranks count from 1.

    What counts is `by` within `span`, or ever. `downgrade` says where somebody falls to who no longer has what it
    takes, so long after that (`grace`): to what they have `earned`, `one_step` down, or `never`.
    """

    levels: tuple[tuple[str, int], ...]
    by: Literal["spend", "visits"] = "spend"
    span: Span | None = None
    downgrade: Literal["earned", "one_step", "never"] = "earned"
    grace: Millis = 0

    def rank(self, name: str) -> int:
        """The rank of a level; 0 for what is none."""
        return next((rank for rank, (level, _) in enumerate(self.levels, 1) if level == name), 0)

    def name(self, rank: int) -> str:
        """The name of a rank; empty for 0."""
        return self.levels[rank - 1][0] if rank else ""

    def earned_by(self, figure: int) -> int:
        """The rank that a figure earns."""
        return sum(figure >= needed for _, needed in self.levels)


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody whom rules may tell something: by SMS, within their hours, at most so many an hour.

    `phone` is in E.164; of files that were published it is sealed (`stamgast.identity.staff`).
    """

    id: str
    phone: str
    language: str
    hours: Window = field(default_factory=lambda: Window(480, 1260))
    per_hour: int = 6


@dataclass(frozen=True, slots=True)
class Program:
    """Everything a merchant decided, but the rules."""

    merchant: str
    name: str
    currency: str
    time_zone: str
    region: str
    languages: tuple[str, ...]
    stores: Mapping[str, Store]
    cards: Mapping[str, CardDefinition] = field(default_factory=dict)
    rewards: Mapping[str, Reward] = field(default_factory=dict)
    templates: Mapping[str, Template] = field(default_factory=dict)
    lapse: LapseModel = field(default_factory=LapseModel)
    messaging: Messaging = field(default_factory=Messaging)
    costs: Costs = field(default_factory=Costs)
    prices: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Channel -> country -> what a message, or each of its parts, costs, in thousandths of a minor unit."""
    horizon: Horizon = field(default_factory=Horizon)
    closed: ClosedDays = field(default_factory=ClosedDays)
    prospects: Prospects | None = None
    """The purchase model in force; None before the first fit was published."""
    rates: Rates = field(default_factory=dict)
    """What other currencies are worth, from which day on."""
    feed_stale_after: Millis = 0
    """Open time without any purchase after which the till's feed counts as broken; 0: never."""
    feed_healthy: bool = True
    """While it is not, nobody is called absent."""
    store_feeds: StoreFeeds = NO_STORE_FEEDS
    fresh_for: Millis = 2 * HOUR
    """A purchase older than this when it is recorded changes state but sends nothing."""
    timers_fresh_for: Millis = 3 * DAY
    """The same for a timer that fires late."""
    not_before: Millis | None = None
    """Before this a sale cannot have been; None: `REACH` before its recording."""
    most_rewards: int = MOST_REWARDS
    """How often one purchase may fill a card."""
    review_above: ReviewAbove = field(default_factory=ReviewAbove)
    transaction_scope: TransactionScope = "merchant"
    claims: ClaimRules = field(default_factory=ClaimRules)
    neighbours: tuple[str, ...] | None = None
    """See `Region`."""
    nobodys_phones: tuple[str, ...] = ()
    """Telephone numbers that are no customer's: the shop's own, and those that cashiers type for nobody."""
    trip_wires: TripWires = field(default_factory=TripWires)
    """What pauses a rule by itself after its launch."""
    veil: Veil = field(default=NO_VEIL, compare=False, repr=False)
    """What the birthdays of states and events are read through: `program.veil.birthday(customer.birthday)`."""
    watch: frozenset[str] = frozenset()
    """Products of which it is kept when each customer bought them, and how often."""
    tiers: Tiers | None = None
    events: Mapping[str, EventKind] = field(default_factory=dict)
    """What may be posted about customers beside purchases."""
    kept: Kept = NOTHING_KEPT
    """What its rules ask states to keep."""
    staff: Mapping[str, Staff] = field(default_factory=dict)
    """Whom rules may tell something, by the names that they use."""
    alerts: Mapping[AlertKind, Alert] = field(default_factory=dict)
    """What staff are told about the shop itself, and who of them."""
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    """Groups of rules with one budget, a first and a last day."""
    budget: Budget | None = None
    """That of the whole shop."""
    measure_window: Millis = MEASURE_WINDOW
    """So long after a decision or a message what is bought counts for its rule."""
    questions: Mapping[str, Question] = field(default_factory=dict)
    topics: Mapping[str, Topic] = field(default_factory=dict)
    """What customers may leave one by one."""
    join: Mapping[str, JoinCode] = field(default_factory=dict)
    """The codes by which somebody joins who writes one."""
    goods: Table = field(default=NO_TABLE, compare=False, repr=False)
    """What is bought next, as a fit found it."""
    recommend: ByHand = field(default_factory=ByHand)
    """What the shop itself says of that."""
    referral: ReferralRules | None = None
    """What it is worth to bring a friend; None: nobody has a code."""
    draws: Mapping[str, Draw] = field(default_factory=dict)
    look: Look = NO_LOOK
    """How its pages look."""
    capped_cards: tuple[str, ...] = field(init=False, repr=False, compare=False, default=())
    """Cards that take only so many stamps a day."""
    expiring_cards: tuple[CardDefinition, ...] = field(init=False, repr=False, compare=False, default=())
    """Cards whose stamps may run out."""
    topics_of_templates: Mapping[str, tuple[str, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    weigh: Callable[[Any], Any] | None = field(init=False, repr=False, compare=False, default=None)
    """What weighs its plain sales, once one came (`stamgast.domain.weighing`)."""

    def __post_init__(self) -> None:
        capped = tuple(card.id for card in self.cards.values() if card.max_per_day is not None)
        object.__setattr__(self, "capped_cards", capped)
        expiring = tuple(card for card in self.cards.values() if card.expires is not None)
        object.__setattr__(self, "expiring_cards", expiring)
        object.__setattr__(self, "topics_of_templates", topics_of(self.topics, self.templates))

    def behind(self, veil: Veil) -> "Program":
        """The same programme for whoever sees through the merchant's veil."""
        names = {veil.source(name): name for name in self.costs.acquisition_costs}
        return replace(self, veil=veil, costs=replace(self.costs, source_names=names))

    def earliest(self, recorded_at: Millis) -> Millis:
        """Before what moment a sale that is recorded then cannot have been: its till's clock is wrong."""
        return recorded_at - REACH if self.not_before is None else self.not_before

    def region_of(self, store: str) -> Region:
        """How a store's customers write telephone numbers without a country code."""
        known = self.stores.get(store)
        return self.home if known is None else Region(known.region, known.neighbours, self.nobodys_phones)

    @property
    def categories(self) -> frozenset[str]:
        """The categories that anything is counted by."""
        return frozenset(self.costs.category_margins).union(*(card.categories for card in self.cards.values()))

    @property
    def prices_known(self) -> bool:
        """Whether anything says what a message costs."""
        return bool(self.prices or self.costs.contact_costs)

    @property
    def home(self) -> Region:
        """How they are written where nobody says in which store."""
        return Region(self.region, self.neighbours, self.nobodys_phones)
