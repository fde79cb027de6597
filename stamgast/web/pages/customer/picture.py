"""`GET /c/{token}.png`: the card as an image, for WhatsApp and for whoever keeps it among their pictures.

Each version has an address of its own (`?v=`): what fetched one once may keep it for ever, and shows no old card.
"""

import asyncio
import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import segno
from PIL import Image, ImageDraw, ImageFont
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stamgast.domain.look import Look
from stamgast.people.shown_card import Stamps
from stamgast.rasters.drawing import fitted, stands_out
from stamgast.web.access.doors import Way, open_to
from stamgast.web.pages.customer.card import CardPage, page_of
from stamgast.web.pages.customer.holder import holder_of, speaks
from stamgast.web.pages.formats import filters
from stamgast.web.pages.languages import texts
from stamgast.web.pages.looks import OURS, shades

SIZE: Final = (1080, 1350)
"""Four to five: as large as a telephone shows a picture in a talk. At most some 60 kB."""
MOST_CARDS: Final = 2
_FONT: Final = Path(__file__).parent / "font" / "card.ttf"
_PAPER: Final = "#faf5ec"
_CARD: Final = "#fffdf9"
_INK: Final = "#2a1d14"
_SOFT: Final = "#6a584a"
_EDGE: Final = 72
_TWICE: Final = 2
"""Drawn twice as large and made smaller: round shapes have smooth edges."""
_MOST_ROUNDS: Final = 20
_QR: Final = 300
_NAME: Final = 64
_LINE: Final = 96
"""As high as a logo may be beside the shop's name."""
_WIDEST_LOGO: Final = 420
_OF_ROUND: Final = 0.62
"""So much of a round its mark takes, as on the page."""

_Draw = Any


@open_to(Way.LINK)
async def get_picture(request: Request) -> Response:
    """Draw it; what is no longer how the card is leads to what is."""
    holder = await holder_of(request)
    language = speaks(request, holder.usual)
    shown = await page_of(holder, language)
    if f"v={request.query_params.get('v', '')}" != shown.picture.rpartition("&")[2]:
        return RedirectResponse(shown.picture, 302, headers={"Cache-Control": "no-store"})
    drawn = await asyncio.to_thread(draw, shown, holder.program.look, language)
    headers = {
        "Cache-Control": "private, max-age=31536000, immutable",
        "X-Robots-Tag": "noindex, nofollow",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(drawn, headers=headers, media_type="image/png")


def draw(shown: CardPage, look: Look, language: str) -> bytes:
    """The card as PNG, with the shop's own logo and mark."""
    brand, on_brand, text = shades(look.colour or OURS, dark=False)
    whole = Image.new("RGB", (SIZE[0] * _TWICE, SIZE[1] * _TWICE), _PAPER)
    pen = ImageDraw.Draw(whole)
    width, height = whole.size
    edge = _EDGE * _TWICE
    _head(whole, pen, shown.shop, look.logo, brand)
    stamp = _Stamp(whole, brand, on_brand, look.stamp)
    cards = sorted(shown.cards, key=lambda each: (-each.stamps / each.of, each.card))[:MOST_CARDS]
    below = height - edge - _QR * _TWICE
    top, room = edge + 130 * _TWICE, (below - edge - 130 * _TWICE) // max(1, len(cards))
    for place, each in enumerate(cards):
        box = (edge, top + place * room, width - edge, top + (place + 1) * room - 40 * _TWICE)
        pen.rounded_rectangle(box, radius=48 * _TWICE, fill=_CARD)
        _stamps(pen, each, box, stamp, language)
    _ready(pen, shown, (edge, below, width - edge - (_QR + 40) * _TWICE, height - edge), (text, language))
    _code(whole, shown.customer.upper(), (width - edge - _QR * _TWICE, below))
    file = io.BytesIO()
    small = whole.resize(SIZE, Image.Resampling.LANCZOS)
    small.quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


class _Stamp(NamedTuple):
    """How a stamp is drawn, and on what: the shop's mark in `ink` on a round of `fill`."""

    whole: Image.Image
    fill: str
    ink: str
    mark: str


def _head(whole: Image.Image, pen: _Draw, shop: str, logo: str, brand: str) -> None:
    """The shop's name, its logo before it: on a plate of its colour where paper would hide it."""
    width, edge, line = whole.width, _EDGE * _TWICE, _LINE * _TWICE
    image = fitted(logo, (_WIDEST_LOGO * _TWICE, line)) if logo else None
    if image is None:
        _write(pen, shop, (width // 2, edge), _NAME, _INK, width=width - 2 * edge, anchor="ma")
        return
    gap = 32 * _TWICE
    room = width - 2 * edge - image.width - gap
    name, size = _fitted(pen, shop, _NAME, room)
    left = (width - image.width - gap - int(pen.textlength(name, font=_font(size)))) // 2
    top = edge - 12 * _TWICE + (line - image.height) // 2
    if not stands_out(image, _PAPER):
        pad = 14 * _TWICE
        box = (left - pad, top - pad, left + image.width + pad, top + image.height + pad)
        pen.rounded_rectangle(box, radius=pad, fill=brand)
    whole.paste(image, (left, top), image)
    where = (left + image.width + gap, edge - 12 * _TWICE + line // 2)
    _write(pen, name, where, size, _INK, width=room, anchor="lm")


def _stamps(pen: _Draw, card: Stamps, box: tuple[int, int, int, int], stamp: _Stamp, language: str) -> None:
    left, top, right, bottom = box
    pad = 48 * _TWICE
    _write(pen, f"{card.stamps} / {card.of}", (right - pad, top + pad), 44, _SOFT, width=300 * _TWICE, anchor="ra")
    _write(pen, card.name, (left + pad, top + pad), 44, _INK, width=right - left - 2 * pad - 320 * _TWICE)
    wide, below = right - left - 2 * pad, bottom - pad
    if card.until:
        _write(pen, runs_out(card, language), (left + pad, below), 32, _SOFT, width=wide, anchor="ls")
        below -= 48 * _TWICE
    _write(pen, missing(card, language), (left + pad, below), 40, _INK, width=wide, anchor="ls")
    if card.of > _MOST_ROUNDS:
        return
    rounds = _rows(card.of, wide, below - top - pad - 150 * _TWICE)
    for place, (x, y, radius) in enumerate(rounds):
        centre = (left + pad + x, top + pad + 80 * _TWICE + y)
        _round(pen, centre, radius, place < card.stamps, stamp)


def _rows(count: int, width: int, height: int) -> Sequence[tuple[int, int, int]]:
    """Where each round is: in as many rows as make them largest."""
    sizes = [(min(width // -(-count // rows), height // rows), rows) for rows in range(1, count + 1)]
    side, rows = max(sizes)
    side = min(side, 190 * _TWICE)
    each = -(-count // rows)
    return [
        (place % each * side + side // 2, place // each * side + side // 2, side * 42 // 100) for place in range(count)
    ]


def _round(pen: _Draw, centre: tuple[int, int], radius: int, on: bool, stamp: _Stamp) -> None:
    x, y = centre
    box = (x - radius, y - radius, x + radius, y + radius)
    whole, fill, ink, mark = stamp
    if not on:
        for start in range(0, 360, 24):
            pen.arc(box, start, start + 14, fill=fill, width=5 * _TWICE)
        return
    pen.ellipse(box, fill=fill)
    side = int(radius * 2 * _OF_ROUND)
    own = fitted(mark, (side, side), ink) if mark else None
    if own is not None:
        whole.paste(own, (x - own.width // 2, y - own.height // 2), own)
        return
    third = radius // 3
    line = [(x - third - third // 3, y), (x - third // 4, y + third), (x + third + third // 2, y - third)]
    pen.line(line, fill=ink, width=max(6, radius // 5), joint="curve")


def missing(card: Stamps, language: str) -> str:
    """What is missing to the next reward, in words."""
    says = texts(language).ngettext
    if card.owed:
        words = says(
            "A return took %(num)d stamp that was used already: your next one makes up for it.",
            "A return took %(num)d stamps that were used already: your next ones make up for them.",
            card.owed,
        )
        return words % {"num": card.owed}
    if card.reward:
        words = says("%(num)d more stamp: %(reward)s", "%(num)d more stamps: %(reward)s", card.missing)
        return words % {"num": card.missing, "reward": card.reward}
    words = says("%(num)d more stamp fills your card", "%(num)d more stamps fill your card", card.missing)
    return words % {"num": card.missing}


def runs_out(card: Stamps, language: str) -> str:
    """The last day of its stamps, in words."""
    day = filters(language)["day"](card.until)
    return texts(language).gettext("These stamps run out after %(day)s.") % {"day": day}


def _ready(pen: _Draw, shown: CardPage, box: tuple[int, int, int, int], how: tuple[str, str]) -> None:
    left, top, right, _ = box
    ink, language = how
    say = texts(language).gettext
    if not shown.vouchers:
        _write(pen, say("At the till"), (left, top + 60 * _TWICE), 40, _SOFT, width=right - left)
        return
    _write(pen, say("Ready for you"), (left, top + 40 * _TWICE), 36, _SOFT, width=right - left)
    for place, each in enumerate(shown.vouchers[:2]):
        where = (left, top + (100 + place * 110) * _TWICE)
        _write(pen, each.reward, where, 44, ink, width=right - left)
        _write(pen, each.short, (left, where[1] + 54 * _TWICE), 30, _INK, width=right - left)


def _code(whole: Image.Image, text: str, where: tuple[int, int]) -> None:
    made = segno.make(text, micro=False, error="m", boost_error=False)
    file = io.BytesIO()
    made.save(file, kind="png", scale=10, border=3)
    side = _QR * _TWICE
    whole.paste(Image.open(file).convert("RGB").resize((side, side), Image.Resampling.NEAREST), where)


def _write(
    pen: _Draw, text: str, where: tuple[int, int], size: int, ink: str, *, width: int, anchor: str = "la"
) -> None:
    """A line, made smaller until it fits, and cut off where that is not enough."""
    text, size = _fitted(pen, text, size, width)
    pen.text(where, text, font=_font(size), fill=ink, anchor=anchor)


def _fitted(pen: _Draw, text: str, size: int, width: int) -> tuple[str, int]:
    while size > 24 and pen.textlength(text, font=_font(size)) > width:
        size -= 2
    while len(text) > 1 and pen.textlength(text, font=_font(size)) > width:
        text = text[:-2].rstrip() + "…"
    return text, size


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONT, size * _TWICE)
