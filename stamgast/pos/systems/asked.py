"""What a sale names by an id alone, a customer or a product: asked of the API once for a page of sales."""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from stamgast.pos.adapter import Api, GoneError

ABSENT: Final = {"stamgast_absent": True}
"""Stands for an object that the API has not, where that is to be expected and means nothing."""


def quoted(own: str) -> str:
    """An id as it may stand in a path."""
    return quote(own, safe="")


class Asked:
    """Objects of one kind by their id, as the API has them; one that is gone is None."""

    def __init__(self, api: Api, path: str) -> None:
        self._api = api
        self._path = path
        self._known: dict[str, Any] = {}

    async def get(self, own: str) -> Any:
        """The object; what the API wraps in `data` is taken out."""
        if own not in self._known:
            try:
                answer = await self._api.call("GET", self._path.format(quoted(own)))
            except GoneError:
                answer = None
            inner = answer.get("data") if isinstance(answer, dict) else None
            self._known[own] = inner if isinstance(inner, dict) else answer
        return self._known[own]

    async def each(self, owns: Iterable[str]) -> dict[str, Any]:
        """Those that are there, by id."""
        return {own: found for own in owns if isinstance(found := await self.get(own), dict)}
