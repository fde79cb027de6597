"""`JOIN <code>`: how somebody becomes a customer by writing to a shop (docs/adr/0183)."""

from typing import Final

LONGEST_CODE: Final = 20
