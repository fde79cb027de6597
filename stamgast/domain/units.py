"""Units and names that every module shares."""

from typing import Final

Millis = int
"""A moment: milliseconds since 1970-01-01T00:00:00Z."""

Day = int
"""A business day: days since 1970-01-01 in the store's own calendar."""

Minor = int
"""Money: integer minor units (cents) of the currency that stands beside it."""

SECOND: Final = 1_000
MINUTE: Final = 60_000
HOUR: Final = 3_600_000
DAY: Final = 86_400_000
