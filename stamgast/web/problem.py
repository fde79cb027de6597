"""Refusals as `application/problem+json` (RFC 9457): what is wrong, and what to mend."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stamgast.clock.bounded import ClockUnknownError
from stamgast.filling import NotFilledError
from stamgast.log.appender import NotAppendedError, RecordTooLargeError
from stamgast.logs import get_logger
from stamgast.pos.problems import MOST_PROBLEMS, RefusedError, UnreadableError
from stamgast.pos.reading import TooManyError
from stamgast.purchases.accept import ReceiptTooLargeError
from stamgast.state.errors import NoWritesError, StateError
from stamgast.state.identities import IdentityConflictError
from stamgast.state.views import NotLoadedError

log = get_logger(__name__)

RETRY_AFTER_S = 2
_TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}
"""As RFC 9110 has them; Python knows them by older names before 3.13."""


class Problem(Exception):  # noqa: N818  it is an answer, not an error of ours
    """An answer that refuses. `slug` names its kind for programs, `detail` says what to mend for people."""

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """Write the answer."""
        content: dict[str, Any] = {
            "type": f"urn:stamgast:problem:{self.slug}",
            "title": _TITLES.get(self.status) or HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            content["errors"] = list(self.errors)
        return JSONResponse(content, self.status, self.headers, media_type="application/problem+json")


def unavailable(detail: str, *, after_s: int = RETRY_AFTER_S) -> Problem:
    """Not now: ask again in a moment."""
    return Problem(503, "unavailable", detail, headers={"Retry-After": str(after_s)})


def as_problem(error: Exception) -> Problem | None:
    """What an error of the layers below means to an HTTP client; None for one that is our own mistake."""
    match error:
        case Problem():
            return error
        case RefusedError():
            return _refused(error)
        case TooManyError():
            return Problem(413, "batch-too-large", f"{error}. Send several requests.")
        case ReceiptTooLargeError() | RecordTooLargeError():
            limit = ": one purchase takes at most 1 MB." if isinstance(error, RecordTooLargeError) else ""
            return Problem(413, "record-too-large", f"{error}{limit}")
        case IdentityConflictError():
            detail = (
                "These identifiers belong to different customers already. Send those of one person only, with "
                "`phone_changed_hands`: true if the phone was the other one's before and is this person's now, "
                "false if they are one person after all, of whom only purchases were known under the other."
            )
            return Problem(409, "identity-conflict", detail)
        case NotAppendedError():
            return unavailable("Kafka did not acknowledge. Send the same request again; a repeat changes nothing.")
        case StateError():
            return unavailable(f"Redis {_of_redis(error)}. Send the same request again; a repeat changes nothing.")
        case ClockUnknownError():
            return unavailable(f"Not ready: {error}. Send the same request again in a moment.")
        case NotLoadedError():
            return unavailable(f"Not ready: {error}. Send the same request again in a moment.")
    return None


def _refused(error: RefusedError) -> Problem:
    if isinstance(error, UnreadableError):
        return Problem(400, "malformed", f"Nothing of the request was accepted: {error.problems[0]['detail']}.")
    which = f" (the first {MOST_PROBLEMS} of what is wrong)" if error.more else ""
    detail = f"Nothing of the request was accepted. Mend what `errors` lists{which} and send it again."
    return Problem(422, "invalid", detail, errors=error.problems)


def _of_redis(error: StateError) -> str:
    match error:
        case NotFilledError():
            return f"lost what it held: {error}"
        case NoWritesError():
            return f"takes no writes now ({error})"
    return "does not answer"


async def answer_problem(_request: Request, error: Exception) -> Response:
    """Starlette's handler for errors that have an answer."""
    problem = as_problem(error)
    if problem is None:
        raise error
    return problem.response()


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Starlette's own refusals (no such route, no such method) in the same form."""
    if not isinstance(error, HTTPException):
        raise error
    details = {
        404: ("not-found", f"There is nothing at {request.url.path}. /openapi.json lists what there is."),
        405: ("method-not-allowed", f"{request.method} is not for this path. /openapi.json lists what is."),
    }
    slug, detail = details.get(error.status_code, ("refused", str(error.detail)))
    return Problem(error.status_code, slug, detail, headers=error.headers).response()


async def answer_failure(request: Request, error: Exception) -> Response:
    """Our own mistake: logged without the request's body, told without details."""
    log.error("request failed", path=request.scope.get("route_name", ""), kind=type(error).__name__, exc_info=error)
    return Problem(500, "failed", "This is our mistake, and it was logged. Send the same request again.").response()
