"""Three pictures that a person at the sandbox may send, drawn here, with what a phone writes into its photos."""

import io
from enum import StrEnum
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw


class Sample(StrEnum):
    """What stands on them."""

    LOAF = "loaf"
    CAKE = "cake"
    RECEIPT = "receipt"


_SIZE: Final = (960, 720)
_MAKE: Final = 0x010F
_GPS: Final = 0x8825
_LATITUDE: Final = {1: "N", 2: (51.0, 3.0, 16.0), 3: "E", 4: (3.0, 43.0, 12.0)}
"""A market square: whoever keeps the file as it came keeps that too."""


@lru_cache
def picture_of(sample: Sample) -> bytes:
    """A JPEG of it, which says where it was taken."""
    image = Image.new("RGB", _SIZE, "#e8d9c0")
    _DRAWN[sample](ImageDraw.Draw(image))
    exif = Image.Exif()
    exif[_MAKE] = "Sandbox phone"
    exif.get_ifd(_GPS).update(_LATITUDE)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=88, exif=exif)
    return written.getvalue()


def _loaf(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 520, 960, 720), fill="#9c7a55")
    draw.rounded_rectangle((170, 260, 790, 560), radius=150, fill="#b06a2c", outline="#7a4417", width=10)
    for left in (290, 440, 590):
        draw.line((left, 330, left + 90, 470), fill="#f0d5a5", width=22)


def _cake(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((140, 540, 820, 660), fill="#c9c4bd")
    draw.rectangle((240, 360, 720, 590), fill="#f6e7ea", outline="#d9a4b1", width=6)
    draw.rectangle((240, 360, 720, 420), fill="#c94f6d")
    for left in (320, 480, 640):
        draw.rectangle((left - 8, 250, left + 8, 360), fill="#5b8fb9")
        draw.ellipse((left - 14, 205, left + 14, 255), fill="#f2b233")


def _receipt(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((330, 40, 630, 690), fill="#fdfdf8", outline="#c8c4b8", width=3)
    for row, width in enumerate((200, 150, 220, 130, 180, 210, 120)):
        draw.rectangle((360, 90 + row * 60, 360 + width, 112 + row * 60), fill="#55524c")
    draw.rectangle((360, 560, 600, 640), fill="#22201d")


_DRAWN: Final = {Sample.LOAF: _loaf, Sample.CAKE: _cake, Sample.RECEIPT: _receipt}
