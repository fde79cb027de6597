"""Whom several identifiers name together: the first known one counts, but for a phone that may be somebody else's now.

Numbers are handed on. One whose customer was not heard of for so long is not joined with what stands beside it until a
person has said whose it is (`phone_changed_hands` of an enrolment); alone, it names who had it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from stamgast.domain.units import DAY, Millis
from stamgast.identity.ids import Identifier
from stamgast.identity.records import Alias

UNUSED: Final[Millis] = 365 * DAY
"""Nothing heard of a customer for so long: their phone may be somebody else's."""

LastHeard = Callable[[str, str], Awaitable[Millis | None]]
"""Merchant and customer -> when they last bought, joined or wrote; None for one of whom nothing is kept."""

Question = Literal["unused_phone", "two_customers"]


class Resolved(NamedTuple):
    """Whom identifiers name, and what somebody should be asked about it."""

    customer: str
    """Empty for nobody who is known, where nobody is to be made."""
    question: Question | None = None


class Together(NamedTuple):
    """Which of some identifiers name one customer."""

    identifiers: Sequence[Identifier]
    question: Question | None = None


async def belonging_together(
    identifiers: Sequence[Identifier],
    known: Mapping[Identifier, Alias],
    at: Millis,
    last_heard: Callable[[str], Awaitable[Millis | None]],
) -> Together:
    """Say which of these identifiers, the phone first, name the customer of the first of them that is known."""
    if len(identifiers) == 1:
        return Together(identifiers)
    owners = [known[each].customer for each in identifiers if each in known and known[each].customer]
    phone, *others = identifiers
    if (
        phone.kind == "phone"
        and (alias := known.get(phone)) is not None
        and alias.customer
        and owners.count(alias.customer) == 1
        and at - alias.at >= UNUSED  # the cheaper question first: it was given to them lately
        and is_unused(await last_heard(alias.customer), at)
    ):
        return Together(others, "unused_phone")
    return Together(identifiers, "two_customers" if len(set(owners)) > 1 else None)


def is_unused(heard: Millis | None, at: Millis) -> bool:
    """Whether who was last heard of then may have another phone by now."""
    return heard is not None and at - heard >= UNUSED


def held_by(known: Mapping[Identifier, Alias], identifier: Identifier) -> str:
    """The customer whom the identifier belongs to; empty for nobody."""
    return known[identifier].customer if identifier in known else ""


def erasures_of(known: Mapping[Identifier, Alias], identifier: Identifier) -> int:
    """How often whom it belonged to was forgotten."""
    return known[identifier].erasures if identifier in known else 0
