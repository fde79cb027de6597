"""Makes a picture anew from what somebody sent: nothing of the file goes on but how it looks.

Where a photo was taken, by whom and with what stands in it beside the picture (EXIF, XMP, a preview), and a file can be
two things at once. So it is read as one of a few kinds of pictures, by its content and not by its name, and written as
a JPEG without anything beside it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_FILE: Final = 5 * 1024 * 1024
"""Bytes of a file that is looked at."""
_KINDS: Final = ("JPEG", "PNG", "WEBP", "GIF")
_MOST_PIXELS: Final = 25_000_000
"""A file of a few kilobytes can say that it is as wide as a house: it would fill the memory."""
_LONGEST_SIDE: Final = 2048
_QUALITY: Final = 85


class NoPictureError(ValueError):
    """It is none of the kinds that are read, or it is broken, or too many pixels."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG, and its size in pixels."""

    jpeg: bytes
    width: int
    height: int


def clean(raw: bytes) -> Picture:
    """Make it anew, upright, at most 2,048 pixels wide and high; of a film its first picture.

    Raises:
        NoPictureError: see there.
    """
    try:
        with Image.open(io.BytesIO(raw), formats=_KINDS) as image:
            plain = _on_white(_small(image))
        written = io.BytesIO()
        plain.save(written, "JPEG", quality=_QUALITY)
    except NoPictureError:
        raise
    except UnidentifiedImageError:
        raise NoPictureError(f"is none of {', '.join(_KINDS)}") from None
    except Exception as error:  # noqa: BLE001  its decoders raise what they like on what is broken
        raise NoPictureError(f"cannot be read: {type(error).__name__}") from None
    return Picture(written.getvalue(), plain.width, plain.height)


def _small(image: Image.Image) -> Image.Image:
    image.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))  # a JPEG is not even unpacked much larger than it is kept
    if image.width * image.height > _MOST_PIXELS:
        raise NoPictureError(f"{image.width} x {image.height} pixels are more than {_MOST_PIXELS:,}")
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    return upright


def _on_white(image: Image.Image) -> Image.Image:
    """The same without a see-through ground, and a picture of its own: without what hangs on the one that was read."""
    seen = image.convert("RGBA") if image.has_transparency_data else image.convert("RGB")
    plain = Image.new("RGB", seen.size, "white")
    plain.paste(seen, mask=seen.getchannel("A") if seen.mode == "RGBA" else None)
    return plain
