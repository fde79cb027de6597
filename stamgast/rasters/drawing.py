"""A shop's logo or mark as an image, drawn once by a child (`stamgast.rasters.child`) and kept in this process.

What comes here was made anew of shapes alone (`rules.program.drawings`); what is not is refused once more. What cannot
be drawn, or not in time, is told in the log once, and the picture has ours in its place.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from functools import lru_cache
from threading import Lock
from typing import Final

from PIL import Image

from stamgast.domain.contrast import contrast
from stamgast.logs import get_logger

log = get_logger(__name__)

LONGEST_SIDE: Final = 768
"""Pixels: as large as any picture has it. Each use makes it smaller."""
_LARGEST: Final = 64_000
"""Letters: twice what a file may have, for each attribute is written out."""
_NO_SHAPE: Final = re.compile(
    r"<\s*(image|use|foreignObject|style|script|filter|mask|pattern|symbol|text|!|\?)|href|url\(\s*['\"]?\s*[^#'\"\s]",
    re.IGNORECASE,
)
_BOX: Final = re.compile(r'viewBox="\s*\S+?[\s,]+\S+?[\s,]+([\d.]+)[\s,]+([\d.]+)\s*"')
_SECONDS: Final = 6.0
_KEPT: Final = 128
_SEEN: Final = 40
"""From so opaque on a pixel counts for what colour a drawing has; of 255."""
_TOLD_APART: Final = 1.6
"""Contrast from which on a drawing stands out from what it lies on: it is large, and nobody reads it."""
_one_at_a_time = Lock()


def drawn(svg: str, ink: str = "") -> Image.Image | None:
    """Draw it, without anything around it; `ink` (`#rrggbb`) is what has no colour of its own. None: it cannot be."""
    with _one_at_a_time:
        return _drawn(svg, ink)


def fitted(svg: str, box: tuple[int, int], ink: str = "") -> Image.Image | None:
    """The same, as large as a box (of pixels) has room for."""
    image = drawn(svg, ink)
    if image is None:
        return None
    scale = min(box[0] / image.width, box[1] / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def stands_out(image: Image.Image, ground: str) -> bool:
    """Whether it can be seen on a ground of that colour."""
    small = image.resize((32, 32), Image.Resampling.BOX)
    seen = [small.getpixel((x, y)) for x in range(32) for y in range(32)]
    opaque = [each for each in seen if isinstance(each, tuple) and each[3] > _SEEN]
    if not opaque:
        return False
    apart = [contrast("#{:02x}{:02x}{:02x}".format(*each[:3]), ground) > _TOLD_APART for each in opaque]
    return sum(apart) * 2 > len(apart)


@lru_cache(maxsize=_KEPT)
def _drawn(svg: str, ink: str) -> Image.Image | None:
    why = _why_not(svg)
    if not why:
        size = _size_of(svg)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "stamgast.rasters.child", *map(str, size)],
                input=_inked(svg, ink).encode(), capture_output=True, timeout=_SECONDS, check=True,
            )  # fmt: skip
            with Image.open(io.BytesIO(done.stdout), formats=("PNG",)) as image:
                return image.convert("RGBA")
        except (OSError, subprocess.SubprocessError, Image.DecompressionBombError) as error:
            why = type(error).__name__
    log.warning("a shop's drawing cannot be drawn; ours stands in its place", begins=svg[:80], why=why)
    return None


def _why_not(svg: str) -> str:
    if len(svg) > _LARGEST:
        return f"it has {len(svg):,} characters"
    if _NO_SHAPE.search(svg):
        return "it is not of shapes alone"
    return "" if _BOX.search(svg) and min(_sides(svg)) > 0 else "it says nothing of its size"


def _sides(svg: str) -> tuple[float, float]:
    found = _BOX.search(svg)
    try:
        return (float(found[1]), float(found[2])) if found else (0.0, 0.0)
    except ValueError:
        return 0.0, 0.0


def _size_of(svg: str) -> tuple[int, int]:
    width, height = _sides(svg)
    scale = LONGEST_SIDE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _inked(svg: str, ink: str) -> str:
    if not ink:
        return svg
    root = svg[: svg.find(">")]
    given = "".join(f' {name}="{ink}"' for name in ("fill", "color") if f" {name}=" not in root)
    return svg.replace("<svg", f"<svg{given}", 1)
