"""What the log tells of a customer: everything that happened, a piece at a time, and all of it as a file."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.domain.units import Millis
from stamgast.marketer.customers import standing
from stamgast.people.timeline import Happening, read_timeline
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import signed_in
from stamgast.web.deps import deps_of
from stamgast.web.kept import kept_of
from stamgast.web.pages.marketer.customers import customer_in, known
from stamgast.web.pages.marketer.rules import in_force_or_refuse
from stamgast.web.pages.marketer.showing import show, show_later
from stamgast.web.problem import unavailable

_HERE: Final = "/app/customers"


class Timeline(Struct, frozen=True):
    """Newest first; `before` is where older ones begin, None at the log's beginning."""

    customer: str
    lines: list[Happening]
    before: Millis | None
    newest: bool


@open_to(Right.READ_CUSTOMERS)
async def get_timeline(request: Request) -> Response:
    """Show who it is and how they stand, then what happened; `?before=` goes on where the page before ended."""
    visitor = await signed_in(request, Right.READ_CUSTOMERS)
    deps, found, customer = deps_of(request), await in_force_or_refuse(request, visitor), customer_in(request)
    state, profile = await known(deps, visitor.merchant, customer)
    given = request.query_params.get("before", "")
    before = int(given) if given.isascii() and given.isdigit() else None

    async def read() -> Timeline:
        piece = await read_timeline(deps.kafka, deps.topics, (visitor.merchant, customer), before)
        return Timeline(customer, piece.lines, piece.before, newest=before is None)

    in_full = visitor.may(Right.SEE_PHONES)
    stands = standing(customer, state, found.program, deps.clock.now(), profile, in_full=in_full)
    return await show_later(
        request, "customer_timeline.html", read, visitor=visitor, program=found.program, here=_HERE, stands=stands
    )  # fmt: skip


@open_to(Right.EXPORT)
async def get_export(request: Request) -> Response:
    """Ask whether that is meant."""
    visitor = await signed_in(request, Right.EXPORT)
    found, customer = await in_force_or_refuse(request, visitor), customer_in(request)
    await known(deps_of(request), visitor.merchant, customer)
    model = {"customer": customer}
    return show(request, "customer_export.html", model, visitor=visitor, program=found.program, here=_HERE)


@open_to(Right.EXPORT)
async def post_export(request: Request) -> Response:
    """Hand all that is kept of them over as a file of JSON, and note who took it. Nothing of it stays on the server."""
    visitor = await signed_in(request, Right.EXPORT)
    deps, found, customer = deps_of(request), await in_force_or_refuse(request, visitor), customer_in(request)
    await known(deps, visitor.merchant, customer)
    try:
        document = await kept_of(deps, found.program, customer)
    except TimeoutError:
        command = f"stamgast export --merchant {visitor.merchant} --customer {customer}"
        raise unavailable(f"The log is too long for a page. `{command}` reads all of it.") from None
    await note(deps.audit, visitor.who, Did.CUSTOMER_EXPORTED, About(visitor.merchant, customer=customer))
    text = msgspec.json.format(msgspec.json.encode(document), indent=2)
    headers = {
        "Content-Disposition": f'attachment; filename="{customer}.json"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(text, headers=headers, media_type="application/json")
