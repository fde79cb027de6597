"""`/app/tills`: which tablets and phones are tills of this shop, and a code for another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.domain.units import Millis
from stamgast.users.names import clean_name
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.pairing import CODE_S, LONGEST_NAME, Pairing, give_out
from stamgast.web.access.visitors import Visitor, signed_in
from stamgast.web.deps import Deps, deps_of
from stamgast.web.pages.account.showing import back_to, program_of, show
from stamgast.web.problem import Problem
from stamgast.web.receipt_codes import picture_of

HERE: Final = "/app/tills"


@dataclass(frozen=True, slots=True)
class Row:
    """One that is paired."""

    id: str
    name: str
    store: str
    made_at: Millis
    seen_at: Millis


@dataclass(frozen=True, slots=True)
class Tills:
    """Those that are paired, and the code that was just made."""

    merchant: str
    rows: list[Row]
    stores: list[str]
    link: str = ""
    code: str = ""
    name: str = ""
    minutes: int = CODE_S // 60
    done: str = ""
    wrong: str = ""


def tills_of(deps: Deps, merchant: str) -> list[Row]:
    """A merchant's tills, oldest first."""
    roster = deps.roster
    return [
        Row(each.id, roster.seal.open(each.id, each.sealed_name), each.store, each.made_at, roster.table.seen_at(each))
        for each in roster.table.devices(merchant)
    ]


@open_to(Right.MANAGE_TILLS)
async def get_tills(request: Request) -> Response:
    """Show them."""
    visitor = await signed_in(request, Right.MANAGE_TILLS)
    return await _show(request, visitor, done=request.query_params.get("done", ""))


@open_to(Right.MANAGE_TILLS)
async def post_till(request: Request) -> Response:
    """`POST /app/tills`: a code that the tablet opens or types, once, within ten minutes."""
    visitor = await signed_in(request, Right.MANAGE_TILLS)
    name, store = clean_name(str(visitor.form.get("name", ""))), str(visitor.form.get("store", ""))
    deps = deps_of(request)
    program = await program_of(deps, visitor.merchant)
    if store and (program is None or store not in program.stores):
        raise Problem(422, "store", "There is no such store. Look at the list again.")
    if not name or len(name) > LONGEST_NAME:
        return await _show(request, visitor, wrong="name", status=422)
    code = await give_out(deps, Pairing(visitor.merchant, store, name, visitor.user.id))
    return await _show(request, visitor, code=code, name=name)


@open_to(Right.MANAGE_TILLS)
async def post_revoke(request: Request) -> Response:
    """`POST /app/tills/{device}/revoke`: it is no till any more, within a second."""
    visitor = await signed_in(request, Right.MANAGE_TILLS)
    deps, named = deps_of(request), request.path_params["device"]
    if any(each.id == named for each in deps.roster.table.devices(visitor.merchant)):
        await deps.roster.end(named, deps.clock.now(), visitor.user.id)
        await note(deps.audit, visitor.who, Did.TILL_REVOKED, About(visitor.merchant, till=named))
    return back_to(HERE, "revoked")


async def _show(
    request: Request,
    visitor: Visitor,
    *,
    code: str = "",
    name: str = "",
    done: str = "",
    wrong: str = "",
    status: int = 200,
) -> Response:
    deps = deps_of(request)
    program = await program_of(deps, visitor.merchant)
    link = f"{deps.public_url.rstrip('/')}/till/pair/{code}" if code else ""
    model = Tills(
        visitor.merchant,
        tills_of(deps, visitor.merchant),
        sorted(program.stores) if program is not None else [],
        link=link,
        code=code,
        name=name,
        done=done,
        wrong=wrong,
    )
    picture = picture_of(link, "svg") if link else ""
    options = [(each, each) for each in model.stores]
    return await show(request, "tills.html", model, visitor, HERE, status=status, picture=picture, options=options)
