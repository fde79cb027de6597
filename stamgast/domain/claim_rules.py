"""What program.yaml says of receipts that somebody claims afterwards."""

from dataclasses import dataclass

from stamgast.domain.units import DAY, Millis


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """How late a receipt may be claimed, and how many claims within a day are not looked at."""

    within: Millis = 14 * DAY
    per_customer: int = 5
    per_operator: int = 30
    per_store: int = 200
