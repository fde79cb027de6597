"""Charts, drawn as SVG without a style or a script of its own: `static/charts.css` says what its classes look like.

What a chart shows stands in a table beside it as well, so whoever cannot see it is not told of it (`aria-hidden`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import ceil
from typing import Any, Final

import pygal  # type: ignore[import-untyped]
from markupsafe import Markup
from pygal.etree import etree  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

# It looks for charts that are plug-ins at every import of anything, in a way that Python has no more.
sys.meta_path[:] = [each for each in sys.meta_path if type(each).__name__ != "PluginImportFixer"]

WIDTH: Final = 640
_ROW: Final = 34
_FEW: Final = 5
_KEPT: Final = 256
"""Drawings of some 10 kB: figures change less often than somebody looks, and drawing is half of what a page takes."""
_SIZES: Final = Style(label_font_size=15, major_label_font_size=15)
"""How large `charts.css` writes: room is left for that."""
_AROUND: Final = 60
_KEPT_OUT: Final = frozenset({"defs", "title", "desc", "script", "style"})
_EMPTY: Final = frozenset({"tooltip-overlay", "text-overlay", "overlay", "titles"})


def bars(
    labels: Sequence[str], values: Sequence[float], *, height: int = 220, every: int = 1, width: int = WIDTH
) -> Markup:
    """Columns from left to right, a label under every so many of them."""
    return _bars(tuple(labels), tuple(values), height, every, width)


@lru_cache(maxsize=_KEPT)
def _bars(labels: tuple[str, ...], values: tuple[float, ...], height: int, every: int, width: int) -> Markup:
    chart = _chart(pygal.Bar, height, values, width)
    chart.x_labels = list(labels)
    chart.x_labels_major = list(labels)[::every]
    chart.show_minor_x_labels = every == 1
    if min(values, default=0) >= 0 and max(values, default=0) < _FEW:
        chart.y_labels = [*range(max(1, ceil(max(values, default=0))) + 1)]  # a fourth of a purchase is none
    return _drawn(chart)


def rows(
    labels: Sequence[str], values: Sequence[float], write: Callable[[float], str], *, line: float | None = None
) -> Markup:
    """Bars below each other, each with its label in front; a line stands where `line` says."""
    return _rows(tuple(labels), tuple(values), write, line)


@lru_cache(maxsize=_KEPT)
def _rows(
    labels: tuple[str, ...], values: tuple[float, ...], write: Callable[[float], str], line: float | None
) -> Markup:
    most = max([*values, line or 0.0, 1.0])
    chart = _chart(pygal.HorizontalBar, _AROUND + _ROW * len(labels), list(values)[::-1])
    chart.x_labels = list(labels)[::-1]
    chart.range = (0, most * 1.02)
    chart.y_labels = [0.0, *([line] if line is not None else []), *([most] if most != line else [])]
    chart.y_labels_major = [] if line is None else [line]
    chart.value_formatter = write
    return _drawn(chart)


def _chart(kind: Any, height: int, values: Sequence[float], width: int = WIDTH) -> Any:
    chart = kind(
        css=[], js=[], disable_xml_declaration=True, no_prefix=True, show_legend=False, width=width, height=height,
        margin=8, spacing=4, truncate_label=-1, include_x_axis=True, style=_SIZES, max_scale=5, min_scale=2,
    )  # fmt: skip
    chart.value_formatter = _short
    chart.add("", list(values))
    return chart


def _short(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\u00a0")


def _drawn(chart: Any) -> Markup:
    """The drawing, but for what the policy of pages forbids and what only a script would show."""
    root = chart.render_tree()
    _strip(root)
    root.attrib.pop("id", None)
    if chart.config.width > WIDTH:
        root.set("class", f"{root.get('class', '')} broad".strip())
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    return Markup(etree.tostring(root, encoding="unicode"))  # noqa: S704  labels are escaped as they are written


def _strip(node: Any) -> None:
    for child in list(node):
        classes = set(str(child.get("class") or "").split())
        if not isinstance(child.tag, str) or child.tag.rpartition("}")[2] in _KEPT_OUT or classes & _EMPTY:
            node.remove(child)
        else:
            child.attrib.pop("style", None)
            _strip(child)
