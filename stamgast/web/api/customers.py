"""Enrolment, and what is known of a customer."""

import hashlib
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.event import Event
from stamgast.domain.events import ConsentChanged, Enrolled, OptedOut, encode_event, key_of
from stamgast.domain.names import LONGEST_FIRST_NAME, tidy_name
from stamgast.domain.region import Region
from stamgast.domain.units import Millis
from stamgast.identity.ids import Identifier
from stamgast.identity.joining import Resolved, is_unused
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.proofs import Proof, seal_proof
from stamgast.identity.records import Profile
from stamgast.identity.references import identifiers_of, opened, usable_identifiers_of
from stamgast.identity.sealing import SealError
from stamgast.people.erasure import erase_person
from stamgast.people.view import show_customer
from stamgast.pos.canonical import CustomerReference
from stamgast.pos.documents import read_document
from stamgast.pos.doubt import Doubt
from stamgast.pos.misnamed import asked_about
from stamgast.pos.problems import RefusedError, problems_of
from stamgast.pos.warnings import misnamed_customer
from stamgast.web.api.enrolment import EnrolmentRequest, check_birthday, doubts_about_enrolment, read_enrolment
from stamgast.web.auth import CUSTOMER, Entrance, enter, enter_to_change, read_body
from stamgast.web.deps import Deps, deps_of
from stamgast.web.problem import Problem

_BIRTHDAY = re.compile(r"(\d{4}|-)-(\d{2}-\d{2})", re.ASCII)


async def post_customer(request: Request) -> JSONResponse:
    """`POST /v1/merchants/{merchant}/customers`: enrol; the same person twice is the same customer."""
    deps = deps_of(request)
    entrance = await enter_to_change(request, "intake")
    body = await read_body(request, deps.limits.body_bytes)
    enrolment = read_enrolment(body)
    home = entrance.program.home
    elsewhere = enrolment.region not in {None, home.country}
    identifiers = _identifiers(enrolment, Region(enrolment.region or "") if elsewhere else home)
    phone = next((each.value for each in identifiers if each.kind == "phone"), "")
    at = deps.clock.now()
    check_birthday(enrolment.birthday or "", date_of(business_day(at, entrance.program.time_zone)))
    name = tidy_name(enrolment.name or "")
    profile = Profile(
        phone=phone,
        first_name=tidy_name(enrolment.first_name or "") or name.partition(" ")[0].rstrip(".")[:LONGEST_FIRST_NAME],
        name=name,
        email=enrolment.email or "",
        language=enrolment.language or "",
        birthday=enrolment.birthday or "",
        source=enrolment.acquisition_source or "",
    )
    if phone and enrolment.phone_changed_hands is None:
        await _ask_whose_phone(deps, entrance.merchant, identifiers, profile, at)
    changed_hands = enrolment.phone_changed_hands
    found = await deps.identities.enrol(entrance.merchant, identifiers, profile, at, changed_hands=changed_hands)
    phone_hash = deps.identities.hash_phone(entrance.merchant, phone) if phone else ""
    doubts = doubts_about_enrolment(enrolment, entrance.program)
    who = (entrance.merchant, found.customer)
    if phone:
        await _keep_stopped(deps, entrance.merchant, found.customer, phone, at)
    await _append(deps, who, enrolment, at, phone_hash=phone_hash, doubts=doubts)
    where = f"/v1/merchants/{entrance.merchant}/customers/{found.customer}"
    answer: dict[str, Any] = {"customer": found.customer, "merchant": entrance.merchant, "new": found.is_new}
    if doubts:
        deps.metrics.doubts.note(entrance.merchant, doubts)
        answer["warnings"] = [doubt.as_json() for doubt in doubts]
    return JSONResponse(answer, 201 if found.is_new else 200, {"Location": where})


async def _ask_whose_phone(
    deps: Deps, merchant: str, identifiers: Sequence[Identifier], given: Profile, at: Millis
) -> None:
    """Raise `Problem` where a phone unused for long would make somebody the one who had it before."""
    phone, *others = sorted(identifiers, key=lambda each: each.kind != "phone")
    holder = await deps.identities.customer_of(merchant, phone)
    if holder is None or holder in [await deps.identities.customer_of(merchant, each) for each in others]:
        return
    known = await deps.identities.profile(merchant, holder)
    renamed = bool(given.name and known and known.name and known.name.casefold() != given.name.casefold())
    if not (others or renamed) or not is_unused(await deps.last_heard(merchant, holder), at):
        return
    detail = (
        "This phone names somebody who has not been here for a year; numbers are given to others after so long. Ask "
        "whose it is, and send this again with `phone_changed_hands`: true if it is this person's now, false if this "
        "is who had it before."
    )
    raise Problem(409, "phone-unused-for-long", detail)


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
    reference = read_reference(await read_body(request, deps.limits.body_bytes))
    if reference.customer_id:
        found, identifiers = Resolved(reference.customer_id), []
    else:
        identifiers = _names_in(deps, entrance, reference)
        found = await deps.identities.named_by(entrance.merchant, identifiers, deps.clock.now(), deps.last_heard)
    questions = asked_about(found.question, identifiers, sealed=reference.sealed is not None)
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


def _identifiers(enrolment: EnrolmentRequest, region: Region) -> list[Identifier]:
    try:
        found = identifiers_of(enrolment, region)
    except BadPhoneError as error:
        raise RefusedError([{"pointer": "/phone", "detail": f"phone {error}"}]) from None
    if not found:
        detail = "nobody is named: give phone, membership_number or provider_customer_id"
        raise RefusedError([{"pointer": "", "detail": detail}])
    return found


async def _append(
    deps: Deps,
    who: tuple[str, str],
    enrolment: EnrolmentRequest,
    at: Millis,
    *,
    phone_hash: str,
    doubts: Sequence[Doubt],
) -> None:
    """Append the enrolment to the customer's stream in one piece, its consents first: a welcome asks for them."""
    merchant, customer = who
    veil = deps.identities.veil(merchant)
    key = await deps.identities.key_of(merchant, customer) if enrolment.consents else None
    birthday = _BIRTHDAY.fullmatch(enrolment.birthday or "")
    events: list[Event] = [
        ConsentChanged(
            merchant=merchant,
            customer=customer,
            at=at,
            purpose=consent.purpose,
            channel=consent.channel,
            granted=consent.granted,
            # Without a key they were forgotten a moment ago.
            proof="" if key is None else seal_proof(key, who, Proof(consent.wording_version, consent.source)),
        )
        for consent in enrolment.consents
    ]
    events.append(
        Enrolled(
            merchant=merchant,
            customer=customer,
            at=at,
            language=enrolment.language,
            acquisition_source=veil.source(enrolment.acquisition_source) if enrolment.acquisition_source else None,
            birthday=veil.hide_birthday(birthday[2]) if birthday else None,
            phone=phone_hash,
            warned=tuple(doubt.noted for doubt in doubts),
        )
    )
    stream = key_of(merchant, customer)
    await deps.appender.append(deps.topics.customer_events, [(stream, encode_event(event)) for event in events])


async def _keep_stopped(deps: Deps, merchant: str, customer: str, phone: str, at: Millis) -> None:
    """A phone that said STOP stays stopped, whoever enrols it; only its own START lifts that."""
    phone_hash = deps.identities.hash_phone(merchant, phone)
    since = await deps.identities.stopped_at(merchant, phone_hash)
    if since is None:
        return
    key = key_of(merchant, customer)
    event = OptedOut(merchant=merchant, customer=customer, at=at, id=_event_id("stopped", phone_hash, str(since)))
    await deps.appender.append(deps.topics.customer_events, [(key, encode_event(event))])
    await deps.redis.set(deps.slot_of(key).stop(merchant, phone_hash), since)


def _event_id(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
