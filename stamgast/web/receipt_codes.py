"""A receipt's token as a QR code, for tills that print pictures and none of their own."""

import base64
import io
from typing import Final, Literal

import segno

Kind = Literal["png", "svg"]
"""What a picture is written as."""

_TYPES: Final = {"png": "image/png", "svg": "image/svg+xml"}
_PIXELS: Final = 6
"""A side of each square: 35 mm at 203 dots an inch, as receipts are printed, for a token of usual length."""
_QUIET: Final = 4
"""Squares of white around it, as ISO/IEC 18004 asks for."""


def picture_of(text: str, kind: Kind) -> str:
    """A data URI that an `<img>` or a printer's driver takes. Up to 2,300 bytes of text (error correction M)."""
    file = io.BytesIO()
    segno.make(text, micro=False, error="m", boost_error=False).save(file, kind=kind, scale=_PIXELS, border=_QUIET)
    return f"data:{_TYPES[kind]};base64,{base64.b64encode(file.getvalue()).decode()}"
