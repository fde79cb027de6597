"""A device remembers the cards that were opened on it, for the pages of receipts alone."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from stamgast.identity.card_tokens import LENGTH

_COOKIE: Final = "card-"
_MERCHANTS: Final = 5
"""Letters of a token that go by its merchant: one card is remembered for each shop."""
_MOST: Final = 10
_KEPT_S: Final = 365 * 86_400
_WHERE: Final = "/r"


def remember(request: Request, answer: Response, token: str) -> None:
    """Remember a card that was opened. The cookie goes to pages of receipts, and to no script."""
    name = _COOKIE + token[:_MERCHANTS]
    secure = request.url.scheme == "https"
    answer.set_cookie(name, token, max_age=_KEPT_S, path=_WHERE, httponly=True, secure=secure, samesite="lax")


def cards_in(request: Request) -> list[str]:
    """Tokens that a device has remembered."""
    found = (value for name, value in request.cookies.items() if name.startswith(_COOKIE))
    return [each for each in found if len(each) == LENGTH][:_MOST]
