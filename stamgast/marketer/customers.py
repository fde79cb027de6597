"""One customer: how they stand, what happened to them lately and why, and how each rule sees them now."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from msgspec import Struct

from stamgast.domain.calendar import at_local
from stamgast.domain.customer import Customer
from stamgast.domain.days import newest_days
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.identity.records import Profile
from stamgast.people.view import show_customer
from stamgast.people.why import explain_customer
from stamgast.service import Bundle

MOST_VISITS = 30
_DIGITS = 3


class Happened(StrEnum):
    """What a line of the timeline tells."""

    JOINED = "joined"
    VISIT = "visit"
    """A business day on which they bought something."""
    MESSAGE = "message"
    VOUCHER = "voucher"
    """A reward was given."""
    CONSENT = "consent"
    STOPPED = "stopped"
    ERASED = "erased"


class Moment(Struct, frozen=True, omit_defaults=True):
    """A line: of what (a template, a reward, a purpose and channel), by which rule, its status now, and why."""

    at: Millis
    happened: Happened
    what: str = ""
    rule: str = ""
    status: str = ""
    reason: str = ""
    """Name of a `stamgast.domain.vocabulary.Reason`."""


class Person(Struct, frozen=True):
    """What is known of the person. Without the right to see phones: the phone's last digits, and nothing else."""

    phone: str
    name: str = ""
    email: str = ""
    language: str = ""


class Standing(Struct, frozen=True):
    """Who it is and how they stand, as the state has it: `customer` and `person` of `CustomerPage`."""

    customer: dict[str, Any]
    person: Person | None


class CustomerPage(Struct, frozen=True):
    """`customer` is what `GET /v1/merchants/{merchant}/customers/{customer}` says, `rules` what `rules why` does."""

    customer: dict[str, Any]
    person: Person | None
    """None: nobody is known behind them, or they were forgotten."""
    timeline: list[Moment]
    """The newest first: what the state remembers, not all that ever was."""
    rules: list[dict[str, Any]]


def customer_page(
    customer: str, state: Customer, bundle: Bundle, at: Millis, profile: Profile | None, *, in_full: bool
) -> CustomerPage:
    """Make it."""
    stands = standing(customer, state, bundle.program, at, profile, in_full=in_full)
    return CustomerPage(
        customer=stands.customer,
        person=stands.person,
        timeline=sorted(_timeline(state, bundle.program.time_zone), key=lambda each: -each.at),
        rules=explain_customer(state, bundle, at, customer_id=customer),
    )


def standing(
    customer: str, state: Customer, program: Program, at: Millis, profile: Profile | None, *, in_full: bool
) -> Standing:
    """Say it. Without `in_full`, the right to see phones, also without what redeems a voucher."""
    document = show_customer(customer, state, program, at)
    if not in_full:
        for voucher in document["vouchers"]:
            del voucher["code"]  # whoever knows it can redeem it
    return Standing(document, None if profile is None else _person(profile, in_full=in_full))


def _person(profile: Profile, *, in_full: bool) -> Person:
    if in_full:
        return Person(profile.phone, _name_of(profile), profile.email, profile.language)
    return Person(f"…{profile.phone[-_DIGITS:]}" if profile.phone else "")


def _name_of(profile: Profile) -> str:
    """The whole name: what somebody gave as theirs mostly has the first name in it, for the one was taken from it."""
    if f"{profile.name} ".casefold().startswith(f"{profile.first_name} ".casefold()):
        return profile.name
    return " ".join(filter(None, (profile.first_name, profile.name)))


def _timeline(state: Customer, zone: str) -> Iterator[Moment]:
    if state.joined_at:
        yield Moment(state.joined_at, Happened.JOINED)
    for day in newest_days(state.days, state.last_day, MOST_VISITS):
        yield Moment(at_local(day, 0, zone), Happened.VISIT)
    for each in state.activations:
        yield Moment(each.changed_at, Happened.MESSAGE, each.template, each.rule, each.status, each.reason)
    for voucher in state.vouchers:
        yield Moment(voucher.issued_at, Happened.VOUCHER, voucher.reward, voucher.rule, voucher.state)
    for name, since in state.consents.items():
        yield Moment(since, Happened.CONSENT, name)
    if state.stopped_at:
        yield Moment(state.stopped_at, Happened.STOPPED)
    if state.erased_at:
        yield Moment(state.erased_at, Happened.ERASED)
