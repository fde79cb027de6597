"""`GET /app/inbox`: what customers wrote, their pictures (each look is noted), what they think, and draws."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.domain.program import Program
from stamgast.marketer.reading import UnknownMerchantError
from stamgast.media.looking import NotSeenError
from stamgast.media.store import StoreError
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import Visitor, signed_in
from stamgast.web.deps import Deps, deps_of
from stamgast.web.pages.marketer.showing import no_programme, reading_of, show
from stamgast.web.problem import Problem, unavailable

_HERE: Final = "/app/inbox"
_ALONE: Final = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@open_to(Right.READ_INBOX)
async def get_inbox(request: Request) -> Response:
    """Show it."""
    visitor = await signed_in(request, Right.READ_INBOX)
    deps = _ready(request)
    program = await _program(request, visitor)
    asked = request.query_params
    model = await deps.inbox.page(
        program, deps.clock.now(), deps.slot_of, start=_start(asked.get("start", "")), with_photos="photos" in asked
    )  # fmt: skip
    return show(request, "inbox.html", model, visitor=visitor, program=program, here=_HERE)


@open_to(Right.READ_INBOX)
async def get_photo(request: Request) -> Response:
    """Show a picture, and note who looked at it."""
    visitor = await signed_in(request, Right.READ_INBOX)
    deps, photo = _ready(request), request.path_params["photo"]
    said = deps.inbox.record(visitor.merchant, photo)
    if said is None:
        raise Problem(404, "no-picture", "Nothing is known of such a picture. /app/inbox?photos has those there are.")
    try:
        jpeg = await deps.inbox.picture(said)
    except NotSeenError as error:
        raise Problem(404, "no-picture", f"It cannot be looked at: {error}.") from None
    except StoreError as error:
        raise unavailable(f"The store of pictures does not answer: {error}") from None
    about = About(visitor.merchant, customer=said.customer, words=photo)
    await note(deps.audit, visitor.who, Did.PICTURE_SEEN, about)
    return Response(jpeg, media_type="image/jpeg", headers=_ALONE)


def _ready(request: Request) -> Deps:
    deps = deps_of(request)
    if not deps.inbox.loaded:
        raise unavailable("Not ready: what customers sent is still being read.")
    return deps


async def _program(request: Request, visitor: Visitor) -> Program:
    try:
        return (await reading_of(request).in_force(visitor.merchant)).program
    except UnknownMerchantError as error:
        raise no_programme(error) from None


def _start(text: str) -> int:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise Problem(422, "invalid", f"start={text!r} is no number of messages: 0 is the newest.")
    return int(text or 0)
