"""What one event can do at most (docs/adr/0057), and what of it is left."""

from typing import Final

from msgspec import Struct

MOST_FIRINGS: Final = 1_000
"""Firings of rules that one event brings at most."""
MOST_MESSAGES: Final = 20
"""Messages that one event asks for at most."""
MOST_STAMPS: Final = 200
"""Stamps that rules put on cards in one event at most, so that each rule that answers a full card comes to an end."""
MOST_NOTICES: Final = 10
"""Things that one event tells staff at most."""
MOST_VOUCHERS: Final = 1_000
"""Vouchers that one event gives at most, by cards and rules together."""
MOST_ENTRIES: Final = 100
"""Entries in draws that one event makes at most."""
MOST_SAMPLES: Final = 1_000
"""Lines that one event tells at most of rules that only look on, or look away."""


class Left(Struct, gc=False):
    """What one event may still do (docs/adr/0057). It counts down."""

    firings: int = MOST_FIRINGS
    messages: int = MOST_MESSAGES
    vouchers: int = MOST_VOUCHERS
    samples: int = MOST_SAMPLES
    stamps: int = MOST_STAMPS
    notices: int = MOST_NOTICES
    entries: int = MOST_ENTRIES
