"""An answer that leads somewhere else, from wherever it was found that a visitor has to go there."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

SIGN_IN: Final = "/app/sign-in"
PAIR: Final = "/till/pair"
_PLACE: Final = re.compile(r"/(?:app|till)(?:[/?][\x21-\x7e]*)?")
_BEYOND: Final = re.compile(r"//|\\|\.\.|@|%2f|%5c", re.IGNORECASE)
_LONGEST: Final = 1_000


class ElsewhereError(Exception):
    """Look there instead (303)."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


async def answer_elsewhere(_request: Request, error: Exception) -> Response:
    """Starlette's handler for it."""
    if not isinstance(error, ElsewhereError):
        raise error
    return RedirectResponse(error.where, 303)


def to_sign_in(request: Request) -> ElsewhereError:
    """Sign in, then come back."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = safe_next(here) if request.method == "GET" else ""
    return ElsewhereError(f"{SIGN_IN}?next={quote(back, safe='/')}" if back else SIGN_IN)


def safe_next(text: str) -> str:
    """Where to go on after signing in, if that is a page of ours; else nothing, whatever a link says."""
    path = text.partition("?")[0]
    fine = len(text) <= _LONGEST and _PLACE.fullmatch(text) and not _BEYOND.search(path)
    return text if fine and not path.startswith(SIGN_IN) else ""


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks, who can be sent to another page; scripts are told 401."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted
