"""What a connection's system tells of a sale (docs/adr/0146, 0178)."""

from enum import StrEnum


class Role(StrEnum):
    """Where a shop's sales come from, said of each connection."""

    SALE = "sale"
    """It tells what was sold: this is where its purchases come from."""
    PAYMENT = "payment"
    """Only how it was paid and by whom; another connection tells the sales, and nothing of this one is one."""
