"""The pictures of a pass, drawn of the merchant's colour and the stamps: a pass holds PNG, and a shop's logo is SVG."""

import io
from functools import lru_cache
from typing import Any, Final

from PIL import Image, ImageDraw

from stamgast.domain.contrast import channels_of, contrast

_SCALES: Final = {"": 1, "@2x": 2, "@3x": 3}
_ICON: Final = 29
"""Points, as Apple counts them: one pixel each, or two or three."""
_LOGO: Final = 50
_STRIP: Final = (375, 144)
_SMOOTH: Final = 3
"""Drawn so much larger and made smaller: round shapes have smooth edges."""
_MOST_ROUNDS: Final = 30
_ROOM: Final = 0.16
"""Of the strip's height is left free above and below."""
GOOGLE_LOGO: Final = 660
"""Pixels: what Google asks for."""

_Box = tuple[float, float, float, float]


def ink_on(colour: str) -> str:
    """Black or white, whichever can be read on it."""
    return max(("#ffffff", "#000000"), key=lambda ink: contrast(ink, colour))


@lru_cache(maxsize=200)
def apple_images(colour: str, stamps: int, of: int) -> dict[str, bytes]:
    """Name of a file in the pass -> PNG. `of` 0: there is no stamp card."""
    found: dict[str, bytes] = {}
    for name, scale in _SCALES.items():
        found[f"icon{name}.png"] = _mark(colour, _ICON * scale)
        found[f"logo{name}.png"] = _mark(ink_on(colour), _LOGO * scale, mark=colour)
        if of:
            found[f"strip{name}.png"] = _strip(colour, stamps, of, scale)
    return found


@lru_cache(maxsize=200)
def google_logo(colour: str) -> bytes:
    """A square that Google cuts a circle of."""
    return _mark(colour, GOOGLE_LOGO, inside=0.5)


def _mark(ground: str, side: int, *, mark: str = "", inside: float = 0.6) -> bytes:
    big = side * _SMOOTH
    image = Image.new("RGBA", (big, big), (*channels_of(ground), 0))
    pen = ImageDraw.Draw(image)
    if inside < 0.6:  # a whole square
        pen.rectangle((0, 0, big, big), fill=ground)
    else:
        pen.rounded_rectangle((0, 0, big - 1, big - 1), radius=big // 5, fill=ground)
    _check(pen, (big / 2, big / 2), big * inside / 2, mark or ink_on(ground))
    return _png(image.resize((side, side), Image.Resampling.LANCZOS))


def _strip(colour: str, stamps: int, of: int, scale: int) -> bytes:
    width, height = (each * scale * _SMOOTH for each in _STRIP)
    image = Image.new("RGB", (width, height), colour)
    pen = ImageDraw.Draw(image)
    ink = ink_on(colour)
    edge = int(height * _ROOM)
    if of > _MOST_ROUNDS:
        _bar(pen, (edge, height * 0.4, width - edge, height * 0.6), stamps / of, ink)
    else:
        rows = max(range(1, of + 1), key=lambda n: min((width - 2 * edge) / -(-of // n), (height - 2 * edge) / n))
        each = -(-of // rows)
        side = min((width - 2 * edge) / each, (height - 2 * edge) / rows)
        left, top = (width - side * each) / 2, (height - side * rows) / 2
        for place in range(of):
            centre = (left + side * (place % each + 0.5), top + side * (place // each + 0.5))
            _round(pen, centre, side * 0.4, on=place < stamps, inks=(ink, colour))
    small = image.resize((_STRIP[0] * scale, _STRIP[1] * scale), Image.Resampling.LANCZOS)
    return _png(small.quantize(32, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE))


def _bar(pen: Any, box: _Box, share: float, ink: str) -> None:
    left, top, right, bottom = box
    radius = (bottom - top) / 2
    pen.rounded_rectangle(box, radius=radius, outline=ink, width=int(radius / 5))
    if share > 0:
        filled = max(left + 2 * radius, left + (right - left) * share)
        pen.rounded_rectangle((left, top, filled, bottom), radius=radius, fill=ink)


def _round(pen: Any, centre: tuple[float, float], radius: float, *, on: bool, inks: tuple[str, str]) -> None:
    x, y = centre
    box = (x - radius, y - radius, x + radius, y + radius)
    ink, mark = inks
    if on:
        pen.ellipse(box, fill=ink)
        _check(pen, centre, radius * 0.6, mark)
        return
    for start in range(0, 360, 24):
        pen.arc(box, start, start + 14, fill=ink, width=max(2, int(radius / 12)))


def _check(pen: Any, centre: tuple[float, float], reach: float, ink: str) -> None:
    x, y = centre
    line = [(x - reach * 0.75, y), (x - reach * 0.2, y + reach * 0.6), (x + reach * 0.85, y - reach * 0.6)]
    pen.line(line, fill=ink, width=max(1, int(reach / 3)), joint="curve")


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
