"""`GET /app/customers`: somebody is found by phone or number; `/app/customers/{customer}` shows them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.clock.shop_time import format_time
from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.events import key_of
from stamgast.identity.references import perhaps_named_by
from stamgast.marketer.customers import customer_page
from stamgast.marketer.reading import InForce
from stamgast.marketer.rule_files import conditions_said, rules_of
from stamgast.people.consents import Told, read_consents
from stamgast.people.erasure import erase_person
from stamgast.service import Bundle
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import Visitor, signed_in
from stamgast.web.auth import CUSTOMER
from stamgast.web.deps import Deps, deps_of
from stamgast.web.pages.marketer.rules import in_force_or_refuse
from stamgast.web.pages.marketer.showing import show, show_later, speaks
from stamgast.web.problem import Problem

_HERE: Final = "/app/customers"
_LONGEST: Final = 200


@open_to(Right.READ_CUSTOMERS)
async def get_search(request: Request) -> Response:
    """Ask whom."""
    visitor = await signed_in(request, Right.READ_CUSTOMERS)
    found = await in_force_or_refuse(request, visitor)
    return _asking(request, visitor, found, nobody=False)


@open_to(Right.READ_CUSTOMERS)
async def post_search(request: Request) -> Response:
    """Lead to whoever is meant; what was asked for stands in no address, and so in no log."""
    visitor = await signed_in(request, Right.READ_CUSTOMERS)
    found, deps = await in_force_or_refuse(request, visitor), deps_of(request)
    text = str(visitor.form.get("who", "")).strip()[:_LONGEST]
    customer: str | None = text if CUSTOMER.fullmatch(text) else None
    for each in perhaps_named_by(text, found.program.home) if text and customer is None else ():
        customer = customer or await deps.identities.customer_of(visitor.merchant, each)
    if customer is None:
        return _asking(request, visitor, found, nobody=True)
    return RedirectResponse(f"{_HERE}/{customer}", 303)


@open_to(Right.READ_CUSTOMERS)
async def get_customer(request: Request) -> Response:
    """Show one."""
    visitor = await signed_in(request, Right.READ_CUSTOMERS)
    deps, found, customer = deps_of(request), await in_force_or_refuse(request, visitor), customer_in(request)
    state, profile = await known(deps, visitor.merchant, customer)
    bundle = Bundle(0, "", found.program, await asyncio.to_thread(rules_of, found.packed))
    model = customer_page(
        customer, state, bundle, deps.clock.now(), profile, in_full=visitor.may(Right.SEE_PHONES)
    )  # fmt: skip
    said = await asyncio.to_thread(_conditions_said, found, bundle, speaks(request, found.program))
    return show(request, "customer.html", model, visitor=visitor, program=found.program, here=_HERE, said=said)


@open_to(Right.READ_CUSTOMERS)
async def get_consents(request: Request) -> Response:
    """Show what they agreed to and took back, with the proofs, as the log has it."""
    visitor = await signed_in(request, Right.READ_CUSTOMERS)
    deps, found, customer = deps_of(request), await in_force_or_refuse(request, visitor), customer_in(request)
    key = await deps.identities.key_of(visitor.merchant, customer)

    async def read() -> dict[str, Any]:
        told = await read_consents(deps.kafka, deps.topics, (visitor.merchant, customer), key)
        lines = [_consent(each) for each in reversed(told)]
        return {"customer": customer, "consents": lines, "at": format_time(deps.clock.now())}

    return await show_later(
        request, "customer_consents.html", read, visitor=visitor, program=found.program, here=_HERE, customer=customer
    )  # fmt: skip


def _consent(told: Told) -> dict[str, Any]:
    return {
        "at": told.said_at,
        "about": told.topic or told.field or f"{told.purpose}:{told.channel}",
        "granted": told.granted,
        "wording": told.proof.wording if told.proof else None,
        "source": told.proof.origin if told.proof else None,
    }


@open_to(Right.ERASE)
async def get_erase(request: Request) -> Response:
    """Ask whether that is meant."""
    visitor = await signed_in(request, Right.ERASE)
    found, customer = await in_force_or_refuse(request, visitor), customer_in(request)
    await known(deps_of(request), visitor.merchant, customer)
    return show(
        request, "customer_erase.html", {"customer": customer}, visitor=visitor, program=found.program, here=_HERE
    )  # fmt: skip


@open_to(Right.ERASE)
async def post_erase(request: Request) -> Response:
    """Forget the person."""
    visitor = await signed_in(request, Right.ERASE)
    deps, customer = deps_of(request), customer_in(request)
    person = (visitor.merchant, customer)
    state = partial(_state_of, deps, *person)
    done = await erase_person(
        deps.identities, deps.appender.append, deps.topics, person, state=state, at=deps.clock.now()
    )  # fmt: skip
    if not done.known and not done.has_state:
        raise Problem(404, "no-customer", f"{visitor.merchant} has no customer with this id.")
    await note(deps.audit, visitor.who, Did.CUSTOMER_ERASED, About(visitor.merchant, customer=customer))
    return RedirectResponse(f"{_HERE}/{customer}", 303)


def _conditions_said(found: InForce, bundle: Bundle, language: str) -> dict[str, dict[str, str]]:
    """Rule -> what it asks, and how that is said."""
    return {rule: conditions_said(found.packed, rule, language) for rule in bundle.rules.by_id}


def _asking(request: Request, visitor: Visitor, found: InForce, *, nobody: bool) -> Response:
    return show(
        request, "customers.html", {"nobody": nobody}, visitor=visitor, program=found.program, here=_HERE,
        status=404 if nobody else 200,
    )  # fmt: skip


def customer_in(request: Request) -> str:
    """Whom the address names. Raises `Problem` 404."""
    customer: str = request.path_params["customer"]
    if not CUSTOMER.fullmatch(customer):
        raise Problem(404, "no-customer", "This is not a customer id. Search by phone or number at /app/customers.")
    return customer


async def known(deps: Deps, merchant: str, customer: str) -> tuple[Customer, Any]:
    """Their state and profile. Raises `Problem` 404 where there is neither."""
    state, profile = await _state_of(deps, merchant, customer), await deps.identities.profile(merchant, customer)
    if state is None and profile is None:
        raise Problem(404, "no-customer", f"{merchant} has no customer with this id.")
    return state or Customer(), profile


async def _state_of(deps: Deps, merchant: str, customer: str) -> Customer | None:
    slot = deps.slot_of(key_of(merchant, customer))
    value = await deps.filling.value(slot, slot.customer(merchant, customer))
    return None if value is None else decode_customer(value)
