"""Enrolment, and what is known of a customer."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.events import key_of
from stamgast.domain.referrals import Refused
from stamgast.domain.units import Millis
from stamgast.identity.ids import Identifier
from stamgast.identity.joining import Resolved
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.records import Profile
from stamgast.identity.references import opened, usable_identifiers_of
from stamgast.identity.sealing import SealError
from stamgast.people.enrolment import PhoneUnusedForLongError, identifiers_in, phone_in, profile_of
from stamgast.people.enrolment import Told as ToldOfEnrolment
from stamgast.people.enrolment_request import EnrolmentRequest, check_birthday, doubts_about_enrolment, read_enrolment
from stamgast.people.erasure import erase_person
from stamgast.people.referral import NOT_INVITED, Invitation
from stamgast.people.view import show_customer
from stamgast.pos.canonical import CustomerReference
from stamgast.pos.documents import read_document
from stamgast.pos.doubt import Doubt
from stamgast.pos.misnamed import asked_about
from stamgast.pos.problems import RefusedError, problems_of
from stamgast.pos.warnings import misnamed_customer
from stamgast.state.identities import Enrolment
from stamgast.state.newcomers import Newcomer
from stamgast.state.views import NotLoadedError
from stamgast.web.access.doors import KeyWith, open_to
from stamgast.web.api.scanned import customer_of, is_scanned, names_of, read_scanned
from stamgast.web.auth import CUSTOMER, Entrance, enter, enter_to_change, read_body, too_many
from stamgast.web.deps import Deps, deps_of
from stamgast.web.idempotency import one_request
from stamgast.web.owners_answer import Told
from stamgast.web.problem import Problem


@open_to(KeyWith("intake"))
async def post_customer(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/customers`: enrol; the same person twice is the same customer."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "intake")
    body = await read_body(request, deps.limits.body_bytes)
    async with one_request(request, entrance.merchant, body):
        told = await enrol(deps, entrance, read_enrolment(body))
        return told.response()


async def enrol(deps: Deps, entrance: Entrance, enrolment: EnrolmentRequest, said_at: Millis = 0) -> Told:
    """Enrol. `said_at` is when consents were given, where that was before (0: now): a STOP since then stays.

    Raises `Problem`, `RefusedError`.
    """
    identifiers = identifiers_in(enrolment, entrance.program.home)
    phone = phone_in(identifiers)
    at = deps.clock.now()
    check_birthday(enrolment.birthday or "", date_of(business_day(at, entrance.program.time_zone)))
    profile = profile_of(enrolment, phone)
    held = await deps.identities.customers_of(entrance.merchant, identifiers)
    joined = None if held else await deps.newcomers.enrol(entrance.merchant, Newcomer(identifiers, profile), at)
    if joined is not None:
        found = Enrolment(joined.customer, profile, is_new=True)
    else:
        changed_hands = enrolment.phone_changed_hands
        if phone and changed_hands is None:
            await _ask_whose_phone(deps, entrance.merchant, identifiers, profile, at, held=held)
        found = await deps.identities.enrol(entrance.merchant, identifiers, profile, at, changed_hands=changed_hands)
    phone_hash = deps.identities.hash_phone(entrance.merchant, phone) if phone else ""
    doubts = doubts_about_enrolment(enrolment, entrance.program)
    if phone and (joined is None or joined.stopped is not None):
        await deps.enrolling.keep_stopped(entrance.merchant, found.customer, phone, at)
    invitation = NOT_INVITED
    if (code := enrolment.referral_code) is not None:
        invitation = await _invited(deps, entrance, code, found.customer, profile)
        doubt = invitation.doubt("/referral_code", code)
        doubts += [] if doubt is None else [doubt]
    since = (said_at,) * len(enrolment.consents) if said_at else ()
    about = ToldOfEnrolment(phone_hash, doubts, consents_since=since, invitation=invitation)
    key = None if joined is None else joined.key
    await deps.enrolling.tell((entrance.merchant, found.customer), enrolment, at, about, key)
    where = f"/v1/merchants/{entrance.merchant}/customers/{found.customer}"
    answer: dict[str, Any] = {"customer": found.customer, "merchant": entrance.merchant, "new": found.is_new}
    answer = await with_card(deps, entrance, answer)
    if doubts:
        deps.metrics.doubts.note(entrance.merchant, doubts)
        answer["warnings"] = [doubt.as_json() for doubt in doubts]
    return Told(answer, 201 if found.is_new else 200, {"Location": where})


async def _invited(deps: Deps, entrance: Entrance, code: str, customer: str, profile: Profile) -> Invitation:
    """Whose code they join by. Many that are nobody's are somebody trying out codes."""
    if seconds := deps.wrong_codes.wait(entrance.key.id):
        raise too_many("codes that do not exist", seconds)
    invitation = await deps.inviting.by_code(entrance.program, code, customer, profile)
    if invitation.refused == Refused.NOBODYS:
        deps.wrong_codes.take(entrance.key.id)
    return invitation


async def _ask_whose_phone(
    deps: Deps,
    merchant: str,
    identifiers: Sequence[Identifier],
    given: Profile,
    at: Millis,
    *,
    held: Mapping[Identifier, str],
) -> None:
    try:
        await deps.enrolling.ask_whose_phone(merchant, identifiers, held, given, at)
    except PhoneUnusedForLongError as error:
        detail = (
            f"{error} Ask whose it is, and send this again with `phone_changed_hands`: true if it is this person's "
            "now, false if this is who had it before."
        )
        raise Problem(409, "phone-unused-for-long", detail) from None


@open_to(KeyWith("read"))
async def get_customer(request: Request) -> JSONResponse:
    """`GET /v1/merchants/{merchant}/customers/{customer}`."""
    deps = deps_of(request)
    entrance = await enter(request, "read")
    customer = customer_in(request)
    state = await state_of(deps, entrance, customer)
    return JSONResponse(await with_card(deps, entrance, shown(deps, entrance, customer, state)))


@open_to(KeyWith("read"))
async def post_lookup(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/customers/lookup`: the same, by what the till scanned; nothing is written.

    In the body, since what stands in a URL stands in logs. Whoever is unknown stays so: 404.
    """
    deps = deps_of(request)
    entrance = await enter(request, "read")
    body = await read_body(request, deps.limits.body_bytes)
    if is_scanned(document := read_document(body)):
        customer, warnings = await look_up_scanned(deps, entrance, read_scanned(document))
    else:
        customer, warnings = await look_up(deps, entrance, read_reference(body))
    if not customer:
        why = f" Its {warnings[0].detail}." if warnings else ""
        raise Problem(404, "no-customer", f"{entrance.merchant} knows nobody by this.{why}")
    state = await state_of(deps, entrance, customer)
    return JSONResponse(await with_card(deps, entrance, shown(deps, entrance, customer, state, warnings)))


async def look_up(deps: Deps, entrance: Entrance, reference: CustomerReference) -> tuple[str | None, list[Doubt]]:
    """Whom a reference names, if anybody, and what is doubtful about it. Raises `RefusedError`."""
    if reference.customer_id:
        found, identifiers = Resolved(reference.customer_id), []
    else:
        identifiers = _names_in(deps, entrance, reference)
        found = await deps.identities.named_by(entrance.merchant, identifiers, deps.clock.now(), deps.last_heard)
    questions = asked_about(found.question, identifiers, sealed=reference.sealed is not None)
    return found.customer, [misnamed_customer("", each) for each in questions]


async def look_up_scanned(deps: Deps, entrance: Entrance, text: str) -> tuple[str | None, list[Doubt]]:
    """The same of a text that was scanned or typed, and may be any of them."""
    if customer := customer_of(text):
        return customer, []
    names = names_of(text, entrance.program.home)
    found = await deps.identities.named_by(entrance.merchant, names, deps.clock.now(), deps.last_heard)
    questions = asked_about(found.question, names, sealed=False)
    return found.customer, [misnamed_customer("", each._replace(field="scanned")) for each in questions]


@open_to(KeyWith("admin"))
async def delete_customer(request: Request) -> JSONResponse:
    """`DELETE /v1/merchants/{merchant}/customers/{customer}`: forget the person; asking again changes nothing."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "admin")
    customer = customer_in(request)
    person = (entrance.merchant, customer)
    at = deps.clock.now()
    state = partial(stored, deps, *person)
    async with one_request(request, entrance.merchant):
        done = await erase_person(deps.identities, deps.appender.append, deps.topics, person, state=state, at=at)
    if not done.known and not done.has_state:
        raise Problem(404, "no-customer", f"{entrance.merchant} has no customer with this id.")
    await note(deps.audit, entrance.who, Did.CUSTOMER_ERASED, About(entrance.merchant, customer=customer))
    return JSONResponse({"customer": customer, "erased": True, "identifiers": done.identifiers})


def customer_in(request: Request) -> str:
    """The customer whom a path names. Raises `Problem` 404 for what cannot be one."""
    customer: str = request.path_params["customer"]
    if not CUSTOMER.fullmatch(customer):
        raise Problem(
            404,
            "no-customer",
            "This is not a customer id: that is c and 24 letters and digits, as enrolment answers it. "
            "POST …/customers/lookup finds a customer by phone or membership number.",
        )
    return customer


def _names_in(deps: Deps, entrance: Entrance, reference: CustomerReference) -> list[Identifier]:
    unseal = partial(deps.identities.unseal, entrance.merchant)
    try:
        return usable_identifiers_of(opened(reference, unseal), entrance.program.home).identifiers
    except SealError as error:
        raise RefusedError([{"pointer": "/sealed", "detail": f"sealed {error}"}]) from None
    except BadPhoneError as error:
        raise RefusedError([{"pointer": "/phone", "detail": f"phone {error}"}]) from None


def shown(
    deps: Deps, entrance: Entrance, customer: str, state: Customer, warnings: Sequence[Doubt] = ()
) -> dict[str, Any]:
    """A customer as this key may see them."""
    document = show_customer(customer, state, entrance.program, deps.clock.now())
    without_codes(entrance, document["vouchers"])
    if warnings:
        document["warnings"] = [doubt.as_json() for doubt in warnings]
    return document


async def with_card(deps: Deps, entrance: Entrance, document: dict[str, Any]) -> dict[str, Any]:
    """Beside it where their card is, for a till: whoever has that address sees codes, and can change things.

    While it is still being read which addresses were revoked there is none: a till waits for no address.
    """
    if entrance.key.allows("till"):
        with suppress(NotLoadedError):
            token = await deps.identities.cards.token(entrance.merchant, document["customer"])
            document["card_url"] = f"{deps.public_url.rstrip('/')}/c/{token}"
    return document


def without_codes(entrance: Entrance, vouchers: list[dict[str, Any]]) -> None:
    """Take the codes off, unless the key is a till's: whoever knows a code can redeem it."""
    if not entrance.key.allows("till"):
        for voucher in vouchers:
            del voucher["code"], voucher["short_code"]


async def stored(deps: Deps, merchant: str, customer: str) -> Customer | None:
    """What a worker keeps of a customer. Raises `NotFilledError`."""
    slot = deps.slot_of(key_of(merchant, customer))
    stored = await deps.filling.value(slot, slot.customer(merchant, customer))
    return None if stored is None else decode_customer(stored)


async def state_of(deps: Deps, entrance: Entrance, customer: str) -> Customer:
    """What is kept of a customer. Raises `Problem` 404, `NotFilledError`."""
    state = await stored(deps, entrance.merchant, customer)
    if state is not None:
        return state
    if await deps.identities.profile(entrance.merchant, customer) is None:
        raise Problem(404, "no-customer", f"{entrance.merchant} has no customer with this id.")
    return Customer()  # enrolled a moment ago: nothing has happened to them yet


def read_reference(body: bytes) -> CustomerReference:
    """Read by what a customer is looked up. Raises as `read_enrolment`."""
    return reference_in(read_document(body))


def reference_in(document: Any) -> CustomerReference:
    """Read it from what was a body, or a query. Raises `RefusedError`."""
    try:
        return CustomerReference.model_validate(document)
    except ValidationError as error:
        raise RefusedError(problems_of(error, CustomerReference)) from None
