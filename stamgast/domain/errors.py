"""What can be wrong with an event, as the core sees it."""

from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.DecodeError, RecursionError, ValueError)
"""What decoding raises for bytes that nobody here wrote: no document, one of another kind, brackets in brackets in
brackets, text that is none."""


class DomainError(Exception):
    """An event that cannot be applied; it goes to the dead letters with this text."""


class UnknownBeforeError(DomainError):
    """A change of a purchase whose part in the sums is no longer remembered."""

    def __init__(self, transaction: str) -> None:
        super().__init__(f"transaction {transaction!r} changed, but what it gave is no longer remembered")
