"""When the stamps on a card run out: only where a message that arrived has said so in time.

A card lies still from the business day on which its newest stamp came. Stamps run out at the end of a day: so long
after that one as the card says, and not before the customer was warned for as long as it says. Nobody is warned by a
message that did not arrive, so whoever is sent none (STOP, no consent, a control group) keeps their stamps.
"""

from functools import lru_cache
from typing import Final

from msgspec import Struct

from stamgast.domain.calendar import at_local, business_day
from stamgast.domain.customer import Card
from stamgast.domain.spans import Span
from stamgast.domain.units import DAY, Day, Millis

EXPIRES_ON: Final = "expires_on"
"""What the data of a warning call the last day that it names."""
AGAIN: Final[Day] = 30
"""After so many days it is asked again who is to be warned: a rule that was published since finds cards that lay long
before, some each day."""


class Expires(Struct, frozen=True):
    """How long a card's stamps stay on it when none is added (`after`), and how many days they are warned before."""

    after: Span
    warned: Day

    def ends(self, newest: Day) -> Day:
        """The last day on which stamps stand on a card whose newest one came on that day, whoever was warned."""
        return _ends(self.after, newest)


@lru_cache(maxsize=8192)
def _ends(after: Span, newest: Day) -> Day:
    return after.leaves(newest)


def newest_stamp(card: Card) -> Day:
    """The business day on which the newest one came, as far as that is known."""
    return max(card.stamped, card.day)


def lies(card: Card | None) -> bool:
    """Whether it has stamps that may run out. What a refund brought back onto it after others ran out stays."""
    return card is not None and card.balance > 0 and newest_stamp(card) > card.expired_day


def warning_at(card: Card, expires: Expires, before: Day, zone: str, at: Millis) -> Millis | None:
    """When it is next to be said that the stamps run out, so many days before they do; None: it needs not be said."""
    if not lies(card) or card.warned_at:
        return None
    day, today = expires.ends(newest_stamp(card)) - before, business_day(at, zone)
    if day <= today:
        day += -(-(today + 1 - day) // AGAIN) * AGAIN
    return at_local(day, 0, zone)


def last_day_told(card: Card, expires: Expires, today: Day) -> Day:
    """The day that a warning of today names as the last one."""
    return max(expires.ends(newest_stamp(card)), today + expires.warned)


def warn(card: Card, expires: Expires, told: Day, zone: str, at: Millis) -> None:
    """A warning arrived that named a day (0: nobody knows which): by what holds now, stamps run out no earlier."""
    today = business_day(at, zone)
    card.warned_at, card.until = at, max(told, last_day_told(card, expires, today))


def last_day(card: Card, expires: Expires, zone: str) -> Day | None:
    """The last day on which the stamps stand on the card; None: they stay, for nobody was warned."""
    if not card.warned_at or not lies(card):
        return None
    warned = business_day(card.warned_at, zone) + expires.warned
    return max(expires.ends(newest_stamp(card)), warned, card.until)


def ends_at(card: Card, expires: Expires, zone: str) -> Millis | None:
    """When they run out: at the end of that day, and a whole time of warning after its arrival."""
    last = last_day(card, expires, zone)
    return None if last is None else max(at_local(last + 1, 0, zone), card.warned_at + expires.warned * DAY)


def stamp_came(card: Card, day: Day) -> None:
    """A stamp was added on that day: nobody is warned any more."""
    card.stamped = max(card.stamped, day)
    card.warned_at = card.until = 0


def run_out(card: Card) -> int:
    """Take the stamps off; how many they were."""
    lost = card.balance
    card.expired, card.expired_day = card.expired + lost, newest_stamp(card)
    card.balance = card.warned_at = card.until = 0
    return lost


def absorbed(card: Card, day: Day, by: int) -> int:
    """By how much a card moves that loses stamps of a day: what has run out already is not taken once more."""
    if by >= 0 or not card.expired or day > card.expired_day:
        return by
    had = min(card.expired, -by)
    card.expired -= had
    return by + had
