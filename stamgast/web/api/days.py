"""What a day came to, as `stamgast day` reckoned it last: web may not read the logs that it takes (ADR 130)."""

from datetime import date
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from stamgast.state.kept_days import KEPT_DAYS, kept_day
from stamgast.web.access.doors import KeyWith, open_to
from stamgast.web.auth import enter
from stamgast.web.deps import deps_of
from stamgast.web.problem import Problem

_LENGTH: Final = len("2026-11-29")


@open_to(KeyWith("read"))
async def get_day(request: Request) -> Response:
    """`GET /v1/merchants/{merchant}/days/{date}`: the JSON of `stamgast day`; `reckoned_at` says as of when."""
    deps = deps_of(request)
    entrance = await enter(request, "read")
    day = _day_of(request.path_params["date"])
    document = await kept_day(deps.redis, entrance.merchant, day)
    if document is None:
        how = f"`stamgast day --merchant {entrance.merchant} --date {day} --keep`"
        detail = (
            f"{day} was not reckoned, or is more than {KEPT_DAYS} days past. {how} does it; "
            "with `--every` in the place of --date, today and yesterday are kept up to date."
        )
        raise Problem(404, "no-day", detail)
    return Response(document, media_type="application/json")


def _day_of(text: str) -> str:
    try:
        day = date.fromisoformat(text).isoformat()
    except ValueError:
        day = ""
    if not day or len(text) != _LENGTH:
        raise Problem(422, "invalid", "This is no day: write it as 2026-11-29.")
    return day
