"""What a state change means, derived purely. Rules trigger on facts."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from stamgast.domain.events import Purchase
from stamgast.domain.vocabulary import ClvMethod, FactName


class Fact(Struct, frozen=True, gc=False):
    """One thing that became true. `name` is what triggers listen to; `occasion` is what it happens once per.

    `before` and `after` are the figure's values around the change, for triggers on crossing a threshold.
    `data` carries what templates and conditions may ask for (`card`, `ordinal`, `reward`, `code`, ...).
    """

    name: str
    occasion: str
    before: int = 0
    after: int = 0
    data: dict[str, Any] = {}
    purchase: Purchase | None = None


CARRIES: Final[Mapping[FactName, tuple[str, str]]] = {
    FactName.PURCHASE: ("<transaction>", "spend of it; data: transaction"),
    FactName.REFUNDED: ("<transaction>", "refunded minor units; data: transaction"),
    FactName.STAMPS_CHANGED: ("card:<id>:<ordinal>", "stamps on that card; data: card, ordinal"),
    FactName.STAMPS_TAKEN: ("card:<id>:<ordinal>", "the same after a refund"),
    FactName.STAMP_CARD_COMPLETED: ("card:<id>:<ordinal>", "data: card, ordinal"),
    FactName.STAMP_CARD_UNCOMPLETED: ("card:<id>:<ordinal>", "data: card, ordinal, cards (if more than one)"),
    FactName.VISITS_CHANGED: ("visits", "visits"),
    FactName.SPEND_CHANGED: ("spend", "spend, minor units"),
    FactName.CLV_CHANGED: ("clv", "historic lifetime value, minor units"),
    FactName.SIMPLE_CLV_CHANGED: ("simple_clv", "the same by another method, if a rule waits for it"),
    FactName.PREDICTED_CLV_CHANGED: ("predicted_clv", "likewise"),
    FactName.NET_CLV_CHANGED: ("net_clv", "likewise"),
    FactName.AT_RISK: ("quiet:<last day>", ""),
    FactName.LAPSING: ("quiet:<last day>", ""),
    FactName.LAPSED: ("quiet:<last day>", ""),
    FactName.WON_BACK: ("back:<day that was lapsed after>", ""),
    FactName.JOINED: ("customer", ""),
    FactName.REWARD_REDEEMED: ("voucher:<code>", "data: reward, code"),
    FactName.REPLIED: ("reply", "data: keyword, channel, media"),
    FactName.ANSWERED: ("answered:<question>:<message>", "score after; data: question, answer (of a text: empty)"),
    FactName.WINDOW_SPEND_CHANGED: ("spend:<span>:<year>", "spend within a span of time; data: span"),
    FactName.NOT_SEEN: ("quiet:<last day>", "days since then, and one less before"),
    FactName.BIRTHDAY: ("birthday:<year>", "days until then"),
    FactName.ANNIVERSARY: ("anniversary:<of>:<years>", "days until then; data: of, years"),
    FactName.REWARD_GIVEN: ("given:<code>", "data: reward, code, valid_until, voucher"),
    FactName.REWARD_ENDING: ("ending:<code>", "milliseconds until then; data: as of reward_given"),
    FactName.REWARD_EXPIRED: ("expired:<code>", "data: reward, code (of vouchers kept apart: <day>:<reward>, no code)"),
    FactName.BOUGHT: ("<transaction>", "how often it was bought, as far as that is known; data: thing"),
    FactName.TIER_CHANGED: ("tier:<tier>:<day>", "ranks, 0 for none; data: tier, was, and the rule that gave it"),
    FactName.SEGMENT_ENTERED: ("entered:<segment>:<day>", "data: segment"),
    FactName.SEGMENT_LEFT: ("left:<segment>:<day>", "data: segment"),
    FactName.SCHEDULED: ("at:<moment>", "data: rule"),
    FactName.FRIEND_BOUGHT: ("friend:<friend>", "data: friend, the customer who bought"),
    FactName.DRAWN: ("drawn:<draw>", "data: draw, won, place; of who won as of reward_given (instant: <draw>:<entry>)"),
    FactName.STAMPS_EXPIRING: ("expiring:<card>:<day of its newest stamp>", "days until then; data: card, expires_on"),
    FactName.OWN_EVENT: ("posted:<id>", "data: event, fields"),
}
"""Fact -> its occasion, and what its figures and data are."""

ALWAYS_ALIKE: Final[frozenset[str]] = frozenset(occasion for occasion, _ in CARRIES.values() if "<" not in occasion)
"""Occasions that come again under one name, such as `clv`: what is given for one is told apart by the rule's own."""

OF_CLV: Final[Mapping[ClvMethod, FactName]] = {
    ClvMethod.HISTORIC: FactName.CLV_CHANGED,
    ClvMethod.SIMPLE: FactName.SIMPLE_CLV_CHANGED,
    ClvMethod.PREDICTED: FactName.PREDICTED_CLV_CHANGED,
    ClvMethod.NET: FactName.NET_CLV_CHANGED,
}
"""Method of lifetime value -> the fact that its value changed."""

AHEAD: Final[frozenset[str]] = frozenset(fact for method, fact in OF_CLV.items() if method is not ClvMethod.HISTORIC)
"""Facts about the methods that look ahead; that of `historic` comes with every purchase."""
