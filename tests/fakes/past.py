"""Stands for what became of the rewards of full cards: `stamgast.domain.stamps.Past`."""

from collections.abc import Collection


class Past:
    """These numbers were used, and of these a reward is open."""

    def __init__(self, used: Collection[int] = (), unused: Collection[int] = ()) -> None:
        self._used = used
        self._unused = unused

    def newest_used(self, card: str, up_to: int) -> int:
        """As a case says it."""
        return max((number for number in self._used if number <= up_to), default=0)

    def unused(self, card: str, up_to: int) -> list[int]:
        """As a case says it."""
        return sorted((number for number in self._unused if number <= up_to), reverse=True)
