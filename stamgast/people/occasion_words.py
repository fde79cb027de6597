"""What a rule fired for, as people read it: `card:bread:1-3` is the first three cards of bread.

A voucher's occasion has its code in it, and whoever has the code can redeem it: of that only the last letters are told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from stamgast.clock.shop_time import format_time, on_the_wall
from stamgast.domain.calendar import date_of
from stamgast.domain.counting import so_many
from stamgast.domain.occasions import VOUCHERS

_DIGITS_OF_MILLIS: Final = 13
_LAST: Final = 4
"""Letters of a code that tell one voucher from another: 60 of its 80 bits stay unknown."""
_CODE: Final = re.compile(r"(?<=:)[0-9A-F]+-[A-Z2-7]+")
_VOUCHER: Final[Mapping[str, str]] = {
    "given": "being given the voucher {}",
    "ending": "the voucher {} about to end",
    "expired": "the voucher {} ending unused",
    "voucher": "the voucher {}",
}


def without_code(occasion: str) -> str:
    """The same with no code of a voucher that could be redeemed: `ending:…GMQA`."""
    if not occasion.startswith(VOUCHERS):
        return occasion
    return _CODE.sub(lambda found: _hidden(found[0]), occasion, count=1)


def in_words(occasions: Iterable[str], zone: str) -> list[str]:
    """Each of them in words, once: moments by the shop's clock, and days by their dates."""
    return list(dict.fromkeys(_one(each, zone) for each in occasions))


def _one(occasion: str, zone: str) -> str:
    kind, _, rest = occasion.partition(":")
    say = _BY_KIND.get(kind)
    said = say(rest) if say is not None else None
    if kind in _VOUCHER_KINDS:
        said = _of_a_voucher(kind, rest)
    return said or _moment(occasion, zone)


def _moment(occasion: str, zone: str) -> str:
    before, _, moment = occasion.rpartition(":")
    if len(moment) != _DIGITS_OF_MILLIS or not moment.isdecimal():
        return occasion  # a transaction, by the till's own number
    return f"{before} {on_the_wall(format_time(int(moment)), zone)}".strip()


def _of_a_voucher(kind: str, rest: str) -> str:
    day, _, reward = rest.partition(":")
    if reward and day.isdecimal():
        return f"{reward} ending unused on {_day(day)}"
    return _VOUCHER[kind].format(rest if rest.startswith("…") else _hidden(rest))


def _hidden(code: str) -> str:
    return f"…{code[-_LAST:]}"


def _day(number: str) -> str:
    return str(date_of(int(number)))


def _dated(text: str) -> Callable[[str], str | None]:
    """`<day>`, or `<day>-<day>` of a run."""

    def say(rest: str) -> str | None:
        first, _, last = rest.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            return None
        return text.format(_day(first) + (f" to {_day(last)}" if last else ""))

    return say


def _of_some(text: str) -> Callable[[str], str | None]:
    """`<which>:<day>`."""

    def say(rest: str) -> str | None:
        which, _, day = rest.rpartition(":")
        return text.format(which, _day(day)) if which and day.isdecimal() else None

    return say


def _card(rest: str) -> str | None:
    card, _, numbers = rest.rpartition(":")
    first, _, last = numbers.partition("-")
    if not (card and first.isdecimal()):
        return None
    return f"{card} cards {first} to {last}" if last else f"{card} card {first}"


def _week(rest: str) -> str | None:
    year, _, week = rest.partition("-W")
    return f"week {int(week)} of {year}" if week.isdecimal() else None


def _customer(rest: str) -> str:
    """Of a count its threshold, for an edit may have changed it; of money the trigger's own words have it."""
    figure, _, threshold = rest.rpartition(":")
    thing = figure.partition(":")[2]
    which = f" ({thing}, time {threshold})" if thing else f" (visit {threshold})" if figure == "visits" else ""
    return f"this customer for good{which}"


def _draw(rest: str) -> str:
    name, _, entry = rest.partition(":")
    return f"an entry in {name}" if entry else f"the draw {name}"


def _anniversary(rest: str) -> str | None:
    of, _, years = rest.rpartition(":")
    return f"{so_many(int(years), 'year')} since {of.replace('_', ' ')}" if of and years.isdecimal() else None


def _spend(rest: str) -> str | None:
    span, _, year = rest.rpartition(":")
    return f"what was spent in {span}, in {year}" if span else None


def _lying(rest: str) -> str | None:
    card, _, days = rest.rpartition(":")
    told = _dated("{}")(days)
    return f"the {card} card without a new stamp since {told}" if card and told else None


_BY_KIND: Final[Mapping[str, Callable[[str], str | None]]] = {
    "card": _card,
    "quiet": _dated("staying away after {}"),
    "back": _dated("coming back after {}"),
    "expiring": _lying,
    "day": _dated("{}"),
    "week": _week,
    "month": lambda rest: rest or None,
    "year": lambda rest: rest or None,
    "customer": _customer,
    "entered": _of_some("coming into {} on {}"),
    "left": _of_some("leaving {} on {}"),
    "tier": _of_some("coming to {} on {}"),
    "posted": lambda _: "an event that was posted",
    "answered": lambda rest: f"an answer to {rest.partition(':')[0]}",
    "drawn": _draw,
    "friend": lambda friend: f"friend {friend} buying",
    "invited": lambda _: "their own first purchase as a friend",
    "birthday": lambda year: f"the birthday in {year}",
    "anniversary": _anniversary,
    "spend": _spend,
    "reply": lambda _: "something they wrote",
}
_VOUCHER_KINDS: Final = frozenset(_VOUCHER)
