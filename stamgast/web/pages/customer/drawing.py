"""What is drawn on the pages of customers: the shop's logo and mark, and what a till scans."""

import base64
from functools import lru_cache
from typing import Final

import segno
from markupsafe import Markup

from stamgast.domain.look import Look

OUR_MARK: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="M5.5 12.6l4.2 4.3 8.8-9.4" fill="none" '
    'stroke="currentColor" stroke-width="3.2" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)
"""Of a stamp, where the shop has none of its own."""
_QUIET: Final = 4


def logo_of(look: Look) -> str:
    """As an image of its own, in the page itself; empty: there is none."""
    return f"data:image/svg+xml;base64,{base64.b64encode(look.logo.encode()).decode()}" if look.logo else ""


def mark_of(look: Look) -> Markup:
    """The mark as a symbol, which each stamp of a page uses."""
    inside = (look.stamp or OUR_MARK).removeprefix("<svg").removesuffix("</svg>")
    return Markup(f'<symbol id="mark"{inside}</symbol>')  # noqa: S704  ours, or made anew of shapes alone


@lru_cache(maxsize=500)
def qr(text: str) -> Markup:
    """A QR that a till scans: black on white in the dark as well, since scanners want it so."""
    made = segno.make(text, micro=False, error="m", boost_error=False)
    drawn = made.svg_inline(border=_QUIET, omitsize=True, dark="#000", light="#fff", svgclass="qr", lineclass=None)
    return Markup(drawn.replace("<svg ", '<svg aria-hidden="true" ', 1))  # noqa: S704  of our own making
