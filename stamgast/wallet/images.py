"""The pictures of a pass, drawn of the merchant's colour, logo and mark, and the stamps: a pass holds PNG."""

import hashlib
import io
from functools import lru_cache
from typing import Any, Final

from PIL import Image, ImageDraw

from stamgast.domain.contrast import channels_of, contrast
from stamgast.domain.look import NO_LOOK, Look
from stamgast.rasters.drawing import fitted, stands_out

_SCALES: Final = {"": 1, "@2x": 2, "@3x": 3}
_ICON: Final = 29
"""Points, as Apple counts them: one pixel each, or two or three."""
_LOGO: Final = 50
_WIDEST_LOGO: Final = 160
_STRIP: Final = (375, 144)
_SMOOTH: Final = 3
"""Drawn so much larger and made smaller: round shapes have smooth edges."""
_MOST_ROUNDS: Final = 30
_ROOM: Final = 0.16
"""Of the strip's height is left free above and below."""
GOOGLE_LOGO: Final = 660
"""Pixels: what Google asks for."""
_IN_CIRCLE: Final = 0.66
"""A square of so much of the side stands within the circle."""
_OF_ROUND: Final = 0.62
"""So much of a round its mark takes, as on the card's page."""
_PAPER: Final = "#ffffff"

_Box = tuple[float, float, float, float]


def ink_on(colour: str) -> str:
    """Black or white, whichever can be read on it."""
    return max(("#ffffff", "#000000"), key=lambda ink: contrast(ink, colour))


@lru_cache(maxsize=200)
def apple_images(colour: str, stamps: int, of: int, look: Look = NO_LOOK) -> dict[str, bytes]:
    """Name of a file in the pass -> PNG. `of` 0: there is no stamp card. `look` has the shop's own drawings."""
    found: dict[str, bytes] = {}
    for name, scale in _SCALES.items():
        found[f"icon{name}.png"] = _mark(colour, _ICON * scale, own=look.stamp)
        logo = _logo(look.logo, colour, (_WIDEST_LOGO * scale, _LOGO * scale)) if look.logo else None
        found[f"logo{name}.png"] = logo or _mark(ink_on(colour), _LOGO * scale, mark=colour, own=look.stamp)
        if of:
            found[f"strip{name}.png"] = _strip(colour, stamps, of, scale, look.stamp)
    return found


@lru_cache(maxsize=200)
def google_logo(colour: str, look: Look = NO_LOOK) -> bytes:
    """A square that Google cuts a circle of: the shop's logo, or else a stamp."""
    if look.logo and (whole := _in_a_circle(look.logo, colour)):
        return whole
    return _mark(colour, GOOGLE_LOGO, inside=0.5, own=look.stamp)


def pictured_as(colour: str, look: Look) -> str:
    """What tells a shop's pictures apart: twelve hexadecimal digits; empty: it has no drawing of its own."""
    if not (look.logo or look.stamp):
        return ""
    return hashlib.blake2b(f"{colour}\0{look.logo}\0{look.stamp}".encode(), digest_size=6).hexdigest()


def _logo(svg: str, ground: str, box: tuple[int, int]) -> bytes | None:
    """A logo for a pass of that colour: on a plate where it would not be seen. None: it cannot be drawn."""
    image = fitted(svg, box)
    if image is None:
        return None
    if stands_out(image, ground):
        return _png(image)
    pad = box[1] // 10
    image = fitted(svg, (box[0] - 2 * pad, box[1] - 2 * pad)) or image
    plate = Image.new("RGBA", (image.width + 2 * pad, image.height + 2 * pad))
    pen = ImageDraw.Draw(plate)
    pen.rounded_rectangle((0, 0, plate.width - 1, plate.height - 1), radius=2 * pad, fill=ink_on(ground))
    plate.paste(image, (pad, pad), image)
    return _png(plate)


def _in_a_circle(svg: str, colour: str) -> bytes | None:
    """A logo within the circle, on what it can be seen on. None: it cannot be drawn."""
    side = int(GOOGLE_LOGO * _IN_CIRCLE)
    image = fitted(svg, (side, side))
    if image is None:
        return None
    grounds = (_PAPER, colour, ink_on(_PAPER))
    ground = next((each for each in grounds if stands_out(image, each)), colour)
    whole = Image.new("RGB", (GOOGLE_LOGO, GOOGLE_LOGO), ground)
    whole.paste(image, ((GOOGLE_LOGO - image.width) // 2, (GOOGLE_LOGO - image.height) // 2), image)
    return _png(whole)


def _mark(ground: str, side: int, *, mark: str = "", inside: float = 0.6, own: str = "") -> bytes:
    big = side * _SMOOTH
    image = Image.new("RGBA", (big, big), (*channels_of(ground), 0))
    pen = ImageDraw.Draw(image)
    if inside < 0.6:  # a whole square
        pen.rectangle((0, 0, big, big), fill=ground)
    else:
        pen.rounded_rectangle((0, 0, big - 1, big - 1), radius=big // 5, fill=ground)
    if not _paste(image, own, (big // 2, big // 2), int(big * inside), mark or ink_on(ground)):
        _check(pen, (big / 2, big / 2), big * inside / 2, mark or ink_on(ground))
    return _png(image.resize((side, side), Image.Resampling.LANCZOS))


def _paste(image: Image.Image, svg: str, centre: tuple[int, int], side: int, ink: str) -> bool:
    """Draw the shop's own mark, if it has one that can be drawn."""
    own = fitted(svg, (side, side), ink) if svg and side > 0 else None
    if own is None:
        return False
    image.paste(own, (centre[0] - own.width // 2, centre[1] - own.height // 2), own)
    return True


def _strip(colour: str, stamps: int, of: int, scale: int, mark: str = "") -> bytes:
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
            is_on = place < stamps
            _round(pen, centre, side * 0.4, on=is_on, inks=(ink, colour if not mark else ""))
            middle = (int(centre[0]), int(centre[1]))
            if is_on and mark and not _paste(image, mark, middle, int(side * 0.8 * _OF_ROUND), colour):
                _check(pen, centre, side * 0.24, colour)
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
        if mark:
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
