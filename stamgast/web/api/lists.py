"""Lists, a page at a time: of one person's, never of everybody."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse

from rules.yaml.problems import suggest
from stamgast.domain.events import key_of
from stamgast.people.pages import MOST, USUAL, Asked, BadCursorError, purchases_page, read_cursor, vouchers_page
from stamgast.web.access.doors import KeyWith, open_to
from stamgast.web.api.customers import customer_in, look_up, reference_in, shown, state_of, with_card, without_codes
from stamgast.web.auth import Entrance, enter
from stamgast.web.deps import Deps, deps_of
from stamgast.web.problem import Problem

_PAGED: Final = frozenset({"limit", "cursor"})
_NAMES: Final = ("phone", "membership_number", "provider_customer_id")


@open_to(KeyWith("read"))
async def get_customers(request: Request) -> JSONResponse:
    """`GET /v1/merchants/{merchant}/customers?phone=`: whom it names, or nobody."""
    deps = deps_of(request)
    entrance = await enter(request, "read")
    query, asked = _asked(request, frozenset(_NAMES))
    named = {name: query[name] for name in _NAMES if query.get(name)}
    if not named:
        names = ", ".join(f"`{each}`" for each in _NAMES[:-1])
        detail = f"Name somebody: {names} or `{_NAMES[-1]}`. There is no list of all customers."
        raise Problem(422, "invalid", detail)
    customer, warnings = await look_up(deps, entrance, reference_in(named))
    found: list[dict[str, Any]] = []
    if customer and asked.after is None:  # a page behind the only one is empty
        document = shown(deps, entrance, customer, await state_of(deps, entrance, customer), warnings)
        found = [await with_card(deps, entrance, document)]
    return JSONResponse({"customers": found, "next": None})


@open_to(KeyWith("read"))
async def get_purchases(request: Request) -> JSONResponse:
    """`GET …/customers/{customer}/purchases`: what the ledger keeps of each, newest first."""
    deps = deps_of(request)
    entrance = await enter(request, "read")
    customer = customer_in(request)
    _, asked = _asked(request)
    read = partial(state_of, deps, entrance, customer)
    await read()  # nobody, or a partition that is being filled
    page = await purchases_page(deps.redis, _ledger(deps, entrance, customer), read, asked)
    return JSONResponse({"purchases": page.items, "currency": entrance.program.currency, "next": page.next})


@open_to(KeyWith("read"))
async def get_vouchers(request: Request) -> JSONResponse:
    """`GET …/customers/{customer}/vouchers`: in whatever state, newest first."""
    deps = deps_of(request)
    entrance = await enter(request, "read")
    customer = customer_in(request)
    _, asked = _asked(request)
    read = partial(state_of, deps, entrance, customer)
    page = await vouchers_page(deps.redis, _ledger(deps, entrance, customer), read, entrance.program, asked)
    without_codes(entrance, page.items)
    return JSONResponse({"vouchers": page.items, "next": page.next})


def _ledger(deps: Deps, entrance: Entrance, customer: str) -> str:
    return deps.slot_of(key_of(entrance.merchant, customer)).ledger(entrance.merchant, customer)


def _asked(request: Request, beside: frozenset[str] = frozenset()) -> tuple[Mapping[str, str], Asked]:
    """The query, and which page it asks for. Raises `Problem` 422."""
    query = request.query_params
    for name in query:
        if name not in _PAGED | beside:
            raise Problem(422, "invalid", f"`{name}` is not asked for here. {suggest(name, _PAGED | beside)}")
    limit = query.get("limit", str(USUAL))
    if not (limit.isascii() and limit.isdecimal() and len(limit) < len(str(MOST)) + 1 and 1 <= int(limit) <= MOST):
        raise Problem(422, "invalid", f"`limit` is {limit[:20]!r}: send a whole number from 1 to {MOST}.")
    if "cursor" not in query:
        return query, Asked(int(limit))
    try:
        return query, Asked(int(limit), read_cursor(query["cursor"]))
    except BadCursorError:
        detail = "`cursor` is none that was given out: send `next` of the page before, or leave it out."
        raise Problem(422, "invalid", detail) from None
