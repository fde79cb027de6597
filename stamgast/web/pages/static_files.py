"""Files that browsers keep for ever: what one holds is part of its address.

They lie in `static/`. `pages.css` is written of the sheets that every page needs, so that one request brings all.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from stamgast.web.access.doors import Way, open_to
from stamgast.web.pages.looks import COLOUR, stylesheet
from stamgast.web.problem import Problem

FOLDER: Final = Path(__file__).parent / "static"
ALL: Final = "pages.css"
SHEETS: Final = ("tokens.css", "ground.css", "components.css", "print.css")
_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_HASH_CHARS: Final = 16
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Of a file that somebody opens by itself: an SVG draws, and runs nothing."""


class Kept(NamedTuple):
    """A file as it is served."""

    content: bytes
    hash: str
    type: str


@cache
def files() -> dict[str, Kept]:
    """Every file by its name in `static/`, read once."""
    found = {
        str(path.relative_to(FOLDER).as_posix()): _kept(path.read_bytes(), path.suffix)
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in _TYPES
    }
    return found | {ALL: _kept(b"".join(found[name].content for name in SHEETS), ".css")}


def url_of(name: str) -> str:
    """The address of a file. Raises `KeyError` for one that is not there."""
    return f"/static/{files()[name].hash}/{name}"


@open_to(Way.PUBLIC)
async def get_static(request: Request) -> Response:
    """`GET /static/{hash}/{name}`: the file, if it is that one still."""
    kept = files().get(request.path_params["name"])
    if kept is None or kept.hash != request.path_params["hash"]:
        raise Problem(404, "not-found", "There is no such file any more: load the page again.")
    return unchanging(request, kept.content, kept.type, kept.hash)


@open_to(Way.PUBLIC)
async def get_look(request: Request) -> Response:
    """`GET /look/{colour}.css`: the variables of a merchant's colour."""
    colour = f"#{request.path_params['colour']}"
    if not COLOUR.fullmatch(colour):
        raise Problem(404, "not-found", "A colour is six hexadecimal digits in small letters, as in a4471c.")
    return unchanging(request, stylesheet(colour).encode(), "text/css", colour.removeprefix("#"))


def unchanging(request: Request, content: bytes, media_type: str, tag: str) -> Response:
    """Answer with what never is another under the same address: 304 to whoever has it."""
    headers = {
        "ETag": f'"{tag}"',
        "Cache-Control": _FOR_EVER,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": _POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if f'"{tag}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


def _kept(content: bytes, suffix: str) -> Kept:
    return Kept(content, hashlib.sha256(content).hexdigest()[:_HASH_CHARS], _TYPES[suffix])
