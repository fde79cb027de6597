"""Every bundle that was ever published, for what looks back: verify, and telling why."""

from __future__ import annotations

from typing import Final

from stamgast.domain.units import Millis
from stamgast.identity.veiling import Veils
from stamgast.programs.record import decode_bundle, load_record
from stamgast.programs.topic import all_bundles
from stamgast.service import Bundle

_MOST_COMPILED: Final = 1_024
"""Some 40 kB each."""


class BundleShelf:
    """Every bundle ever published, as it stands in the log; those that were asked for lately are kept compiled."""

    def __init__(self, veils: Veils | None = None) -> None:
        self._veils = veils
        self._packed: dict[tuple[str, str], bytes] = {}
        self._compiled: dict[tuple[str, str], Bundle] = {}
        self._at: dict[int, tuple[str, str]] = {}
        self.newest: dict[str, tuple[int, str]] = {}
        """merchant -> (number, hash) of the bundle published last."""
        self.published: dict[str, list[tuple[Millis, int, str]]] = {}
        """merchant -> when each was published, its number and hash; in order."""

    async def load(self, bootstrap: str, topic: str) -> None:
        """Read `programs.v1`."""
        async for number, packed, bundle in all_bundles(bootstrap, topic):
            self._packed[bundle.merchant, bundle.hash] = packed
            self.newest[bundle.merchant] = (number, bundle.hash)
            self._at[number] = (bundle.merchant, bundle.hash)
            self.published.setdefault(bundle.merchant, []).append((bundle.published_at, number, bundle.hash))

    def find(self, merchant: str, content: str, number: int) -> Bundle:
        """Return a bundle by its hash.

        Raises:
            KeyError: it was not published under that number.
            LookupError: it has errors.
        """
        if self._at.get(number) != (merchant, content):
            raise KeyError(content)
        key = (merchant, content)
        found = self._compiled.pop(key, None)
        if found is None:
            loaded = load_record(decode_bundle(self._packed[key]))
            if not loaded.ok:
                raise LookupError(f"bundle {content[:12]} of {merchant} has errors")
            program = loaded.program.behind(self._veils.of(merchant)) if self._veils else loaded.program
            found = Bundle(number, content, program, loaded.rules)
        self._compiled[key] = found  # behind the others: it was asked for last
        if len(self._compiled) > _MOST_COMPILED:
            del self._compiled[next(iter(self._compiled))]
        return found
