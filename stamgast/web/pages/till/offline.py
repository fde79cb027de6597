"""`/till/sw.js`: the service worker that keeps the empty page, so that a till opens without a connection."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from stamgast.web.access.doors import Way, open_to
from stamgast.web.pages.icons import manifest
from stamgast.web.pages.languages import language_of, texts
from stamgast.web.pages.looks import COLOUR, OURS
from stamgast.web.pages.static_files import files

_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
    "Service-Worker-Allowed": "/till",
    "X-Content-Type-Options": "nosniff",
}


@open_to(Way.PUBLIC)
async def get_manifest(request: Request) -> Response:
    """`GET /till/app.webmanifest?colour=a4471c`: the till on a tablet's screen. It is asked for without a cookie."""
    colour = f"#{request.query_params.get('colour', '')}"
    return manifest(texts(language_of(request)).gettext("Till"), "/till", colour if COLOUR.fullmatch(colour) else OURS)


@open_to(Way.PUBLIC)
async def get_worker(_request: Request) -> Response:
    """The script; it shows nothing of anybody, and browsers ask for it by themselves."""
    return Response(files()["till-worker.js"].content, headers=_HEADERS, media_type="text/javascript")
