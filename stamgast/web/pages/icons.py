"""A page that is put on a phone's or a tablet's screen: its manifest, and an icon in the shop's colour."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from PIL import Image, ImageDraw
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stamgast.web.access.doors import Way, open_to
from stamgast.web.pages.looks import COLOUR, shades
from stamgast.web.pages.static_files import unchanging
from stamgast.web.problem import Problem

SIZES: Final = (180, 192, 512)
"""Pixels: what iOS asks for, and the two that Android wants before it offers to install."""
_SMOOTH: Final = 4
_TICK: Final = ((0.30, 0.52), (0.44, 0.66), (0.71, 0.37))
"""Of the mark, within the four fifths that no mask of a launcher cuts off."""
_STROKE: Final = 0.10
_MANIFEST: Final = "application/manifest+json"


@open_to(Way.PUBLIC)
async def get_icon(request: Request) -> Response:
    """`GET /look/{colour}-{size}.png`."""
    colour, size = f"#{request.path_params['colour']}", request.path_params["size"]
    if not COLOUR.fullmatch(colour) or size not in SIZES:
        detail = f"An icon is named by a colour of six hexadecimal digits and its size: {', '.join(map(str, SIZES))}."
        raise Problem(404, "not-found", detail)
    drawn = await asyncio.to_thread(icon, colour, size)
    return unchanging(request, drawn, "image/png", f"{colour.removeprefix('#')}-{size}")


@lru_cache(maxsize=200)
def icon(colour: str, size: int) -> bytes:
    """The mark on the shop's colour, to the edges: launchers cut the shape that they like out of it."""
    shown = shades(colour, dark=False)
    large = Image.new("RGB", (size * _SMOOTH, size * _SMOOTH), shown.fill)
    pen, side = ImageDraw.Draw(large), size * _SMOOTH
    points = [(x * side, y * side) for x, y in _TICK]
    pen.line(points, fill=shown.on_fill, width=round(_STROKE * side), joint="curve")
    for x, y in (points[0], points[-1]):
        half = _STROKE * side / 2
        pen.ellipse((x - half, y - half, x + half, y + half), fill=shown.on_fill)
    file = io.BytesIO()
    large.resize((size, size), Image.Resampling.LANCZOS).save(file, "PNG", optimize=True)
    return file.getvalue()


def icon_url(colour: str, size: int) -> str:
    """Where an icon is."""
    return f"/look/{colour.removeprefix('#')}-{size}.png"


def manifest(name: str, start: str, colour: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with the manifest of a page that begins at `start` and stays below it."""
    content: dict[str, Any] = {
        "name": name,
        "short_name": name if len(name) <= 12 else name.split(maxsplit=1)[0],
        "id": start,
        "start_url": start,
        "scope": start,
        "display": "standalone",
        "background_color": "#faf5ec",
        "theme_color": shades(colour, dark=False).fill,
        "icons": [
            {"src": icon_url(colour, size), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
            for size in SIZES[1:]
            for purpose in ("any", "maskable")
        ],
    }
    return JSONResponse(
        content, headers={"Cache-Control": "private, no-store", **(headers or {})}, media_type=_MANIFEST
    )
