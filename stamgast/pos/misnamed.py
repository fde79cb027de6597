"""What is wrong with how a purchase names its customer, although it was taken."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from stamgast.identity.ids import Identifier
from stamgast.identity.joining import Question
from stamgast.identity.references import FIELDS, Usable

MisnamedKind = Literal["unusable_phone", "nobodys_phone", "unknown_customer", "unused_phone", "two_customers"]


class Misnamed(NamedTuple):
    """One thing that is wrong with it."""

    kind: MisnamedKind
    field: str
    """Of `customer`."""
    why: str = ""

    def in_words(self) -> tuple[str, str]:
        """What it is and comes to, and what is allowed instead."""
        detail, allowed = _WORDS[self.kind]
        return detail.format(field=self.field, why=self.why), allowed


UNKNOWN_CUSTOMER: Final = Misnamed("unknown_customer", "customer_id", "is nobody's id")

_WORDS: Final[Mapping[MisnamedKind, tuple[str, str]]] = {
    "unknown_customer": (
        "{field} {why}, or was forgotten: what was bought counts for nobody until a higher version names a known one",
        "the customer that enrolment, or an earlier purchase of theirs, was answered with",
    ),
    "unusable_phone": (
        "phone {why}. What stands beside it named the customer; no message reaches them by this phone",
        "a mobile number",
    ),
    "nobodys_phone": (
        "{field} {why}: what was bought counts for whom something else names, else for nobody until it is claimed",
        "the customer's own number, or none at all",
    ),
    "unused_phone": (
        "{field} holds a phone of somebody who has not been here for a year: what stands beside it counts, unjoined",
        "an enrolment of both with `phone_changed_hands`: true if it is this person's now, false if this is its owner",
    ),
    "two_customers": (
        "{field} names one customer and what stands beside it another: phone counts before number and provider's id",
        "identifiers of one customer; `stamgast customer merge` makes one of two who are one person",
    ),
}


def misnamed_phone(usable: Usable, field: str) -> tuple[Misnamed, ...]:
    """What is wrong with the phone that stands in that field of `customer`."""
    if not usable.bad_phone:
        return ()
    return (Misnamed("nobodys_phone" if usable.nobodys else "unusable_phone", field, usable.bad_phone),)


def asked_about(question: Question | None, identifiers: Sequence[Identifier], *, sealed: bool) -> tuple[Misnamed, ...]:
    """What somebody should be asked about identifiers, at the first of them."""
    if question is None:
        return ()
    return (Misnamed(question, "sealed" if sealed else FIELDS[identifiers[0].kind]),)
