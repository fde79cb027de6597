"""`/till/sw.js`: the service worker that keeps the empty page, so that a till opens without a connection."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from stamgast.web.access.doors import Way, open_to
from stamgast.web.pages.static_files import files

_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
    "Service-Worker-Allowed": "/till",
    "X-Content-Type-Options": "nosniff",
}


@open_to(Way.PUBLIC)
async def get_worker(_request: Request) -> Response:
    """The script; it shows nothing of anybody, and browsers ask for it by themselves."""
    return Response(files()["till-worker.js"].content, headers=_HEADERS, media_type="text/javascript")
