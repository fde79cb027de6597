"""Which version of a card a picture shows: another as soon as anything on it changes."""

import hashlib
from typing import Any, Final

import msgspec

from stamgast.domain.look import Look

DRAWN_AS: Final = 2
"""Goes up when the drawing itself changes."""


def version_of(shown: Any, look: Look) -> str:
    """Twelve hexadecimal digits."""
    drawings = [look.logo, look.stamp] if look.logo or look.stamp else []
    content = msgspec.json.encode([DRAWN_AS, shown, look.colour, *drawings])
    return hashlib.blake2b(content, digest_size=6).hexdigest()
