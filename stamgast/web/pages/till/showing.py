"""What the till's page shows: the customer before it, what was just done, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from stamgast.clock.shop_time import on_the_wall
from stamgast.domain.apart import still_open
from stamgast.domain.customer import Customer
from stamgast.domain.program import Program
from stamgast.domain.till_events import HandReason
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Purpose, VoucherState
from stamgast.filling import NotFilledError
from stamgast.identity.records import Profile
from stamgast.people.shown_card import Stamps, name_of_reward, stamps_on
from stamgast.people.view import show_voucher
from stamgast.people.worth_words import times_left, worth_in_words
from stamgast.web.api.customers import state_of
from stamgast.web.pages.customer.join import agreed_to
from stamgast.web.pages.languages import LOCALES, N_, NAMES, language_of, texts
from stamgast.web.pages.looks import OURS
from stamgast.web.pages.rendering import CONNECTS, answer
from stamgast.web.pages.till.standing import Stand, new_key
from stamgast.web.problem import Problem

REASONS: Final = {
    HandReason.FORGOTTEN: N_("The card was forgotten"),
    HandReason.TILL_DOWN: N_("The till was down"),
    HandReason.OLD_CARD: N_("From a paper card"),
    HandReason.GOODWILL: N_("Goodwill"),
    HandReason.OTHER: N_("Another reason"),
}

WHY: Final = {
    "nobody": N_("Nobody is known by this. Look at it again, or enrol them."),
    "no-customer": N_("Nobody is known by this. Look at it again, or enrol them."),
    "no-voucher": N_("There is no voucher with this code. Compare it with the customer's message."),
    "closed": N_("This voucher was used, has ended or was withdrawn."),
    "not-redeemable": N_("This voucher was used, has ended or was withdrawn. Nothing was redeemed now."),
    "taken-back": N_("This was undone. Nothing was redeemed now."),
    "not-yet": N_("This voucher cannot be used yet. Nothing was redeemed now."),
    "total-needed": N_(
        "This voucher needs the total of the receipt, and may ask for more than that. Nothing was redeemed now."
    ),
    "total": N_("Write the total as an amount of money, such as 12.50."),
    "too-many": N_("Too many tries. Wait a moment; a code that is scanned is taken at once."),
    "happened-at": N_("By this device's clock it was more than seven days ago, or is still to come. Set the clock."),
    "no-stamps": N_("The card takes no stamps now. Nothing was given."),
    "undo-over": N_("It is longer than two minutes ago, or was done at another till. Ask an owner."),
    "phone": N_("That is no mobile number we can read. With the country in front it always works."),
    "phone-unused-for-long": N_("This phone was somebody's who has not been here for long. Ask whose it is."),
    "no-receipt": N_("This receipt is not known yet. Try again in a minute."),
    "already-claimed": N_("This receipt is somebody's already."),
    "too-late": N_("This receipt is too old to be attached."),
    "nothing-to-claim": N_("Nothing of this receipt counts: it is open, voided, or was given back."),
    "refused": N_("The shop has looked at this receipt and refused it."),
    "idempotency-key-reused": N_("This was sent before with something else in it. Begin again."),
}
"""By the slug of what refused it."""
_AGREED: Final = (Purpose.MARKETING.value, Purpose.UTILITY.value)
_OTHERWISE: Final = N_("That cannot be done like this. Nothing was changed. Look at what was written.")


class Deed(StrEnum):
    """What was just done."""

    REDEEMED = "redeemed"
    STAMPED = "stamped"
    UNDONE = "undone"
    ENROLLED = "enrolled"
    KNOWN = "known"
    """They were a customer already."""
    ATTACHED = "attached"
    LOOKED_AT = "looked_at"
    """Somebody of the shop looks at what was to be attached."""


@dataclass(frozen=True, slots=True)
class Undo:
    """What a form sends that undoes it, and for how long it may."""

    what: str
    customer: str
    code: str
    key: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Done:
    """What was just done. `pending`: the customer's owner has not answered yet."""

    deed: Deed
    pending: bool = False
    reward: str = ""
    card: str = ""
    stamps: int = 0
    discount: int | None = None
    rest: int | None = None
    uses_left: int | None = None
    undo: Undo | None = None
    again: str = ""
    """The form's key, to ask again what became of it."""


@dataclass(frozen=True, slots=True)
class Voucher:
    """One that can be redeemed now. `until` is its last business day."""

    code: str
    short: str
    reward: str
    worth: str
    wants_total: bool
    uses_left: int
    until: str
    not_before: str
    """The day from which it can be used, of one that cannot yet."""


@dataclass(frozen=True, slots=True)
class Person:
    """The customer before the till, and nothing about them that it does not need."""

    customer: str
    name: str
    cards: Sequence[Stamps]
    vouchers: Sequence[Voucher]
    more_vouchers: int
    found: str
    """The code that was scanned or typed."""
    language: str
    agreed: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """What somebody agrees to, in one language; `version` stands in the proof."""

    language: str
    name: str
    sentences: Sequence[str]


@dataclass(frozen=True, slots=True)
class TillPage:
    """All that the page shows, and its JSON has."""

    shop: str
    till: str
    store: str
    operator: str
    person: Person | None = None
    done: Done | None = None
    why: str = ""
    """What refused it."""
    typed: str = ""
    """What was looked for and not found."""
    phone: str = ""
    enrolling: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of a request, beside the page itself."""

    customer: str = ""
    found: str = ""
    done: Done | None = None
    problem: Problem | None = None
    typed: str = ""
    phone: str = ""
    enrolling: bool = False


def person_of(whose: tuple[str, Program, Customer, Profile], language: str, at: Millis, found: str = "") -> Person:
    """A customer at a moment, as a till has to see them."""
    customer, program, state, profile = whose
    open_ = [each for each in state.vouchers if each.state == VoucherState.OPEN and each.expires_at > at]
    open_.sort(key=lambda each: (each.code != found, each.expires_at, each.code))
    return Person(
        customer=customer,
        name=profile.first_name,
        cards=[stamps_on(state, card, program, language) for card in program.cards.values()],
        vouchers=[_voucher(each, program, language, at) for each in open_],
        more_vouchers=sum(still_open(state.apart).values()),
        found=found,
        language=profile.language or state.language,
        agreed=bool(state.consents) and not state.stopped_at,
    )


def _voucher(voucher: Any, program: Program, language: str, at: Millis) -> Voucher:
    shown, terms = show_voucher(voucher, program), voucher.terms
    waits = terms is not None and terms.usable_from > at
    return Voucher(
        code=shown["code"],
        short=shown["short_code"],
        reward=name_of_reward(program, shown["reward"], language) or shown["reward"],
        worth=worth_in_words(terms, program.currency, language),
        wants_total=terms is not None and (terms.worth is not None or bool(terms.least)),
        uses_left=times_left(terms),
        until=shown["valid_until"],
        not_before=on_the_wall(shown["usable_from"], program.time_zone).split()[0] if waits else "",
    )


def wordings(program: Program) -> list[Wording]:
    """What is read to whoever is enrolled, in each language that the shop writes in and pages speak."""
    spoken = [each[:2] for each in program.languages if each[:2] in LOCALES]
    return [Wording(each, NAMES[each], agreed_to(program, _AGREED, each)) for each in dict.fromkeys(spoken or ["en"])]


async def show(request: Request, at: Stand, shown: Shown) -> Response:
    """Answer with the till's page, or with what it shows as JSON. Raises `NotFilledError`."""
    program, device, problem = at.program, at.device, shown.problem
    language = language_of(request, program.languages[0])
    person = None
    if shown.customer:
        try:
            person = await _person(at, shown, language)
        except NotFilledError:
            if shown.done is None:
                raise  # what was done is told all the same
    if problem is None and shown.found and person and shown.found not in {each.code for each in person.vouchers}:
        problem = Problem(409, "closed", "") if shown.done is None else None
    model = TillPage(
        shop=program.name,
        till=device.name,
        store=device.store,
        operator=device.operator,
        person=person,
        done=shown.done,
        why=problem.slug if problem else "",
        typed=shown.typed,
        phone=shown.phone,
        enrolling=shown.enrolling,
    )
    say = texts(language).gettext
    return answer(
        request,
        "till/till.html",
        model,
        status=problem.status if problem else 202 if shown.done and shown.done.pending else 200,
        headers=problem.headers if problem else {},
        usual=program.languages[0],
        colour=program.look.colour or OURS,
        allow=[CONNECTS],
        device=device,
        currency=program.currency,
        why=say(WHY.get(model.why, _OTHERWISE)) if model.why else "",
        reasons=[(each.value, say(text)) for each, text in REASONS.items()],
        cards=[(each.id, each.name(language)) for each in program.cards.values()],
        wordings=wordings(program),
        new_key=new_key,
    )


async def _person(at: Stand, shown: Shown, language: str) -> Person:
    state = await state_of(at.deps, at.entrance, shown.customer)
    profile = await at.deps.identities.profile(at.merchant, shown.customer) or Profile()
    return person_of((shown.customer, at.program, state, profile), language, at.deps.clock.now(), shown.found)
