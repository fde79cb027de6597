"""`GET /design`: every part of pages on one page, with any merchant's colour."""

from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from stamgast.web.access.doors import Way, open_to
from stamgast.web.pages.languages import language_of, texts
from stamgast.web.pages.looks import COLOUR, OURS
from stamgast.web.pages.rendering import page

_COLOURS: Final = (OURS, "#0b6e4f", "#1d4ed8", "#f2c94c", "#111111", "#ffffff", "#d81b60")
_DAYS: Final = (4, 6, 5, 7, 9, 12, 3)


@open_to(Way.PUBLIC)
async def get_design(request: Request) -> Response:
    """Show the parts."""
    say = texts(language_of(request)).gettext
    colour = f"#{request.query_params.get('colour', '')}"
    rows = [
        ("2026-10-03", say("Live"), "good", 12_345, 1_234_550),
        ("2026-10-02", say("Paused"), "warn", 87, 99_000),
        ("2026-10-01", say("Draft"), "", 0, 0),
    ]
    chosen = colour if COLOUR.fullmatch(colour) else OURS
    return page(request, "design.html", colour=chosen, colours=_COLOURS, rows=rows, drawing=_bars())


def _bars() -> Markup:
    """Drawn as charts are: colours by the classes of components.css, sizes by attributes, no style of its own."""
    bars = "".join(
        f'<rect class="bar" x="{place * 40 + 6}" y="{120 - height * 10}" width="28" height="{height * 10}" rx="4"/>'
        for place, height in enumerate(_DAYS)
    )
    return Markup(f'<svg viewBox="0 0 280 120" aria-hidden="true">{bars}</svg>')  # noqa: S704  figures of our own
