"""The names of sources that states only have something standing for: in the profile of somebody who came that way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from stamgast.domain.program import Program
from stamgast.domain.standing import Standing
from stamgast.domain.veil import MARK
from stamgast.identity.records import Profile

_ASKED: Final = 3
"""Customers of one source that are asked for its name: who was forgotten meanwhile has none."""


class KnowsPeople(Protocol):
    """The identity store, as far as it is needed here."""

    async def profile(self, merchant: str, customer: str) -> Profile | None:
        """What is known of a customer."""
        ...


class UnnamedSources:
    """Takes in customers; knows of each source that the programme does not name who can tell its name."""

    def __init__(self, program: Program) -> None:
        self._merchant = program.merchant
        self._named = program.costs.source_names
        self._asked: dict[str, list[str]] = {}

    def add(self, customers: Iterable[tuple[str, Standing]]) -> None:
        """Take in some more: ids and states."""
        for name, state in customers:
            if state.source.startswith(MARK) and state.source not in self._named:
                asked = self._asked.setdefault(state.source, [])
                if len(asked) < _ASKED:
                    asked.append(name)

    def __bool__(self) -> bool:
        """Say whether there is any."""
        return bool(self._asked)

    async def names(self, people: KnowsPeople) -> dict[str, str]:
        """What stands for a source -> its name. Raises NotLoadedError."""
        found = {}
        for source, customers in self._asked.items():
            for customer in customers:
                profile = await people.profile(self._merchant, customer)
                if profile is not None and profile.source:
                    found[source] = profile.source
                    break
        return found
