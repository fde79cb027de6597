"""Pages of HTML that need nothing beside them, with plots as SVG. matplotlib comes with the extra `plots`."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from importlib.util import find_spec
from io import StringIO
from typing import Any, Final

SIZE: Final = (7.2, 4.4)
_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
table { display: block; overflow-x: auto; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #e2e2e2; white-space: nowrap; }
th:first-child { text-align: left; } thead th { border-bottom: 2px solid #1b1b1b; } .best { background: #fff1e8; }
figure { margin: 2rem 0; } img { width: 100%; max-width: 46rem; height: auto; } figcaption, small { color: #555; }
blockquote { margin: .75rem 0; padding: .25rem 1rem; border-left: 3px solid #c2410c; overflow-wrap: anywhere; }
"""


class PlotsMissingError(Exception):
    """There is nothing to draw with; the text says how to get it."""


def check_plots() -> None:
    """Check that there is something to draw with.

    Raises:
        PlotsMissingError: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise PlotsMissingError(
            "plots need matplotlib, which is not installed; install the extra `plots`, "
            "in a checkout with: .venv/bin/python -m pip install -e '.[plots]'"
        )


def new_figure() -> tuple[Any, Any]:
    """Return a figure and its axes, without any state of the module that a second drawing would find."""
    from matplotlib.figure import Figure  # noqa: PLC0415  lazily: whoever draws nothing need not have it

    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def svg_of(figure: Any) -> str:
    """Return a figure as SVG; the same figure always is the same text."""
    import matplotlib as mpl  # noqa: PLC0415  as above

    buffer = StringIO()
    with mpl.rc_context({"svg.hashsalt": "stamgast", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def figure_of(title: str, caption: str, svg: str) -> str:
    """Return a plot with its title and what there is to see in it."""
    # As an image of its own: names inside several drawings on one page would meet.
    data = b64encode(svg.encode()).decode()
    return (
        f'<figure><h2>{escape(title)}</h2><img alt="{escape(title)}" src="data:image/svg+xml;base64,{data}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def page_of(title: str, body: str) -> str:
    """Return the whole page; `body` is HTML."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
{body}
</body>
</html>
"""
