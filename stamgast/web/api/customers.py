"""Enrolment, and what is known of a customer."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.events import key_of
from stamgast.domain.units import Millis
from stamgast.identity.ids import Identifier
from stamgast.identity.joining import Resolved
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.records import Profile
from stamgast.identity.references import opened, usable_identifiers_of
from stamgast.identity.sealing import SealError
from stamgast.people.enrolment import PhoneUnusedForLongError, Told, identifiers_in, phone_in, profile_of
from stamgast.people.enrolment_request import check_birthday, doubts_about_enrolment, read_enrolment
from stamgast.people.erasure import erase_person
from stamgast.people.view import show_customer
from stamgast.pos.canonical import CustomerReference
from stamgast.pos.documents import read_document
from stamgast.pos.doubt import Doubt
from stamgast.pos.misnamed import asked_about
from stamgast.pos.problems import RefusedError, problems_of
from stamgast.pos.warnings import misnamed_customer
from stamgast.web.api.scanned import customer_of, is_scanned, names_of, read_scanned
from stamgast.web.auth import CUSTOMER, Entrance, enter, enter_to_change, read_body
from stamgast.web.deps import Deps, deps_of
from stamgast.web.problem import Problem


async def post_customer(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/customers`: enrol; the same person twice is the same customer."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "intake")
    body = await read_body(request, deps.limits.body_bytes)
    enrolment = read_enrolment(body)
    identifiers = identifiers_in(enrolment, entrance.program.home)
    phone = phone_in(identifiers)
    at = deps.clock.now()
    check_birthday(enrolment.birthday or "", date_of(business_day(at, entrance.program.time_zone)))
    profile = profile_of(enrolment, phone)
    if phone and enrolment.phone_changed_hands is None:
        await _ask_whose_phone(deps, entrance.merchant, identifiers, profile, at)
    changed_hands = enrolment.phone_changed_hands
    found = await deps.identities.enrol(entrance.merchant, identifiers, profile, at, changed_hands=changed_hands)
    phone_hash = deps.identities.hash_phone(entrance.merchant, phone) if phone else ""
    doubts = doubts_about_enrolment(enrolment, entrance.program)
    if phone:
        await deps.enrolling.keep_stopped(entrance.merchant, found.customer, phone, at)
    await deps.enrolling.tell((entrance.merchant, found.customer), enrolment, at, Told(phone_hash, doubts))
    where = f"/v1/merchants/{entrance.merchant}/customers/{found.customer}"
    answer: dict[str, Any] = {"customer": found.customer, "merchant": entrance.merchant, "new": found.is_new}
    if doubts:
        deps.metrics.doubts.note(entrance.merchant, doubts)
        answer["warnings"] = [doubt.as_json() for doubt in doubts]
    return JSONResponse(answer, 201 if found.is_new else 200, {"Location": where})


async def _ask_whose_phone(
    deps: Deps, merchant: str, identifiers: Sequence[Identifier], given: Profile, at: Millis
) -> None:
    try:
        await deps.enrolling.ask_whose_phone(merchant, identifiers, given, at)
    except PhoneUnusedForLongError as error:
        detail = (
            f"{error} Ask whose it is, and send this again with `phone_changed_hands`: true if it is this person's "
            "now, false if this is who had it before."
        )
        raise Problem(409, "phone-unused-for-long", detail) from None


async def get_customer(request: Request) -> JSONResponse:
    """`GET /v1/merchants/{merchant}/customers/{customer}`."""
    deps = deps_of(request)
    entrance = await enter(request, "read")
    customer = _customer_in(request)
    state = await _state_of(deps, entrance, customer)
    return _shown(deps, entrance, customer, state)


async def post_lookup(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/customers/lookup`: the same, by what the till scanned; nothing is written.

    In the body, since what stands in a URL stands in logs. Whoever is unknown stays so: 404.
    """
    deps = deps_of(request)
    entrance = await enter(request, "read")
    named = _named_in(deps, entrance, await read_body(request, deps.limits.body_bytes))
    if named.customer:
        found = Resolved(named.customer)
    else:
        found = await deps.identities.named_by(entrance.merchant, named.identifiers, deps.clock.now(), deps.last_heard)
    questions = asked_about(found.question, named.identifiers, sealed=named.sealed)
    if named.field:
        questions = tuple(each._replace(field=named.field) for each in questions)
    warnings = [misnamed_customer("", each) for each in questions]
    if not found.customer:
        why = f" Its {warnings[0].detail}." if warnings else ""
        raise Problem(404, "no-customer", f"{entrance.merchant} knows nobody by this.{why}")
    state = await _state_of(deps, entrance, found.customer)
    return _shown(deps, entrance, found.customer, state, warnings)


async def delete_customer(request: Request) -> JSONResponse:
    """`DELETE /v1/merchants/{merchant}/customers/{customer}`: forget the person; asking again changes nothing."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "admin")
    customer = _customer_in(request)
    person = (entrance.merchant, customer)
    at = deps.clock.now()
    state = partial(_stored, deps, *person)
    done = await erase_person(deps.identities, deps.appender.append, deps.topics, person, state=state, at=at)
    if not done.known and not done.has_state:
        raise Problem(404, "no-customer", f"{entrance.merchant} has no customer with this id.")
    return JSONResponse({"customer": customer, "erased": True, "identifiers": done.identifiers})


def _customer_in(request: Request) -> str:
    customer: str = request.path_params["customer"]
    if not CUSTOMER.fullmatch(customer):
        raise Problem(
            404,
            "no-customer",
            "This is not a customer id: that is c and 24 letters and digits, as enrolment answers it. "
            "POST …/customers/lookup finds a customer by phone or membership number.",
        )
    return customer


class _Named(NamedTuple):
    """Whom a till asks about: by an id, or by identifiers."""

    customer: str
    identifiers: list[Identifier]
    sealed: bool = False
    field: str = ""
    """Where all of it stands, if it stands in one."""


def _named_in(deps: Deps, entrance: Entrance, body: bytes) -> _Named:
    document = read_document(body)
    if is_scanned(document):
        text = read_scanned(document)
        customer = customer_of(text)
        return _Named(customer, [] if customer else names_of(text, entrance.program.home), field="scanned")
    reference = read_reference(body)
    if reference.customer_id:
        return _Named(reference.customer_id, [])
    return _Named("", _names_in(deps, entrance, reference), reference.sealed is not None)


def _names_in(deps: Deps, entrance: Entrance, reference: CustomerReference) -> list[Identifier]:
    unseal = partial(deps.identities.unseal, entrance.merchant)
    try:
        return usable_identifiers_of(opened(reference, unseal), entrance.program.home).identifiers
    except SealError as error:
        raise RefusedError([{"pointer": "/sealed", "detail": f"sealed {error}"}]) from None
    except BadPhoneError as error:
        raise RefusedError([{"pointer": "/phone", "detail": f"phone {error}"}]) from None


def _shown(
    deps: Deps, entrance: Entrance, customer: str, state: Customer, warnings: Sequence[Doubt] = ()
) -> JSONResponse:
    shown = show_customer(customer, state, entrance.program, deps.clock.now())
    if not entrance.key.allows("till"):
        for voucher in shown["vouchers"]:  # whoever knows a code can redeem it
            del voucher["code"]
    if warnings:
        shown["warnings"] = [doubt.as_json() for doubt in warnings]
    return JSONResponse(shown)


async def _stored(deps: Deps, merchant: str, customer: str) -> Customer | None:
    slot = deps.slot_of(key_of(merchant, customer))
    stored = await deps.filling.value(slot, slot.customer(merchant, customer))
    return None if stored is None else decode_customer(stored)


async def _state_of(deps: Deps, entrance: Entrance, customer: str) -> Customer:
    state = await _stored(deps, entrance.merchant, customer)
    if state is not None:
        return state
    if await deps.identities.profile(entrance.merchant, customer) is None:
        raise Problem(404, "no-customer", f"{entrance.merchant} has no customer with this id.")
    return Customer()  # enrolled a moment ago: nothing has happened to them yet


def read_reference(body: bytes) -> CustomerReference:
    """Read by what a customer is looked up. Raises as `read_enrolment`."""
    document = read_document(body)
    try:
        return CustomerReference.model_validate(document)
    except ValidationError as error:
        raise RefusedError(problems_of(error, CustomerReference)) from None
