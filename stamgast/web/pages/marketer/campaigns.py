"""`GET /app/campaigns`: what comes by the calendar, what was started by hand, and for whom; `/live` says what moved."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from stamgast.marketer.campaigns import CampaignsPage
from stamgast.marketer.reading import InForce, UnknownMerchantError
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import Visitor, signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.marketer.live import changes
from stamgast.web.pages.marketer.showing import no_programme, reading_of, show

_HERE: Final = "/app/campaigns"


@open_to(Right.SEE_OVERVIEW)
async def get_campaigns(request: Request) -> Response:
    """Show them."""
    visitor = await signed_in(request, Right.SEE_OVERVIEW)
    found, model = await _look(request, visitor)
    return show(request, "campaigns.html", model, visitor=visitor, program=found.program, here=_HERE, live=True)


@open_to(Right.SEE_OVERVIEW)
async def get_live(request: Request) -> Response:
    """Say when one has moved."""
    visitor = await signed_in(request, Right.SEE_OVERVIEW)

    async def figures() -> CampaignsPage:
        return (await _look(request, visitor))[1]

    return changes(request, figures)


async def _look(request: Request, visitor: Visitor) -> tuple[InForce, CampaignsPage]:
    reading, now = reading_of(request), deps_of(request).clock.now()
    try:
        found = await reading.in_force(visitor.merchant)
    except UnknownMerchantError as error:
        raise no_programme(error) from None
    return found, await reading.campaigns(found, now)
