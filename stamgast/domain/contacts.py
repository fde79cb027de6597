"""When a customer was spoken to, by which rule and for what, in as few bytes as such a thing takes.

One list for each purpose and rule: the first moment, and of each that follows how long after the one before it was. So
a rule that speaks at every purchase takes five bytes a message where a moment with its words takes twenty-seven.

What is handed in is never changed: who tries something out puts the one of before back.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from stamgast.domain.units import Millis

Contacts = dict[str, list[Millis]]
"""`purpose:rule` -> the first moment, then gaps, oldest first."""
_BETWEEN: Final = ":"
"""No purpose has one."""


class Contact(NamedTuple):
    """One message that was submitted; without a purpose, an offer that came without one."""

    at: Millis
    purpose: str
    rule: str


def with_one_more(contacts: Contacts, new: Contact) -> Contacts:
    """Remember one, which is not older than the others."""
    key = f"{new.purpose}{_BETWEEN}{new.rule}"
    before = contacts.get(key)
    return {**contacts, key: [new.at] if before is None else [*before, new.at - sum(before)]}


def without_newest(contacts: Contacts, purpose: str, rule: str) -> Contacts:
    """Forget the newest one of a rule for a purpose, if there is any."""
    key = f"{purpose}{_BETWEEN}{rule}"
    left = contacts.get(key, ())[:-1]
    return _with(contacts, key, list(left))


def without(contacts: Contacts, gone: Contact) -> Contacts:
    """Forget what was then."""
    key = f"{gone.purpose}{_BETWEEN}{gone.rule}"
    moments = accumulate(contacts.get(key, ()))
    return _with(contacts, key, _gaps([when for when in moments if when != gone.at]))


def without_old(contacts: Contacts, since: Millis, remembers_since: Callable[[str], Millis]) -> Contacts:
    """Forget those before `since`, but not a rule's newest one where it is later than what the rule remembers since."""
    kept: Contacts = {}
    for key, gaps in contacts.items():
        when, place = gaps[0], 1
        while when < since and place < len(gaps):
            when += gaps[place]
            place += 1
        if when >= since:
            kept[key] = gaps if place == 1 else [when, *gaps[place:]]
            continue
        rule = key.partition(_BETWEEN)[2]
        if when == newest_of(contacts, rule) and when > remembers_since(rule):
            kept[key] = [when]
    return kept


def oldest(contacts: Contacts) -> Millis:
    """When the oldest was, of some."""
    return min(gaps[0] for gaps in contacts.values())


def count_of(contacts: Contacts) -> int:
    """How many are remembered."""
    return sum(map(len, contacts.values()))


def moments(contacts: Contacts, purpose: str | None = None) -> list[Millis]:
    """When there were any, ascending: for a purpose, or for whichever."""
    begins = None if purpose is None else purpose + _BETWEEN
    those = [gaps for key, gaps in contacts.items() if begins is None or key.startswith(begins)]
    if len(those) == 1:
        return list(accumulate(those[0]))
    return sorted([when for gaps in those for when in accumulate(gaps)])


def newest_of(contacts: Contacts, rule: str) -> Millis | None:
    """When a rule spoke last, for whatever; None: not that it is remembered."""
    ends = _BETWEEN + rule
    found = [sum(gaps) for key, gaps in contacts.items() if key.endswith(ends) and key.partition(_BETWEEN)[2] == rule]
    return max(found, default=None)


def newest_message(contacts: Contacts, rule: str = "") -> Contact | None:
    """The newest that was a message, of a rule or of whichever; None: none is remembered."""
    found = [Contact(sum(gaps), *_words(key)) for key, gaps in contacts.items() if not key.startswith(_BETWEEN)]
    return max([each for each in found if rule in {"", each.rule}], default=None)


def contacts_of(those: Sequence[tuple[Millis, str, str]]) -> Contacts:
    """Moments with purpose and rule, oldest first: as states of before schema 4 held them."""
    found: dict[str, list[Millis]] = {}
    for when, purpose, rule in those:
        found.setdefault(f"{purpose}{_BETWEEN}{rule}", []).append(when)
    return {key: _gaps(whens) for key, whens in found.items()}


def _words(key: str) -> tuple[str, str]:
    purpose, _, rule = key.partition(_BETWEEN)
    return purpose, rule


def _gaps(whens: list[Millis]) -> list[Millis]:
    return whens[:1] + [later - earlier for earlier, later in pairwise(whens)]


def _with(contacts: Contacts, key: str, gaps: list[Millis]) -> Contacts:
    others = {each: those for each, those in contacts.items() if each != key}
    return {**contacts, key: gaps} if gaps else others
