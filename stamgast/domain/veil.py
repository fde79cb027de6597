"""What decisions need of a person, and nobody but the house may read: it stands behind a veil (docs/adr/0078).

A rebuild decides everything again, also after the person was forgotten; so what it reads cannot hang on the customer's
own key. Whoever reads topics or Redis sees nothing in it. Words from before there was a veil are read as they are.
"""

from typing import Final, Protocol

from stamgast.domain.shop_codes import sealed_in

MARK: Final = "~"
"""What is veiled begins with it; neither a source's name nor a birthday does."""


class Veil(Protocol):
    """A merchant's. It comes with the programme (`Program.veil`)."""

    def birthday(self, stored: str) -> str:
        """Return month and day, `MM-DD`, of what an event or a state holds; empty where nobody knows."""
        ...

    def source(self, name: str) -> str:
        """Return what stands for a source of acquisition: the same for the same name."""
        ...

    def code(self, request: str) -> str:
        """Return the six digits by which a phone confirms a request."""
        ...

    def shop_code(self, stored: str) -> str:
        """Return a code of the shop's own (`stamgast.domain.shop_codes`); empty where nobody can tell."""
        ...

    def code_mark(self, code: str) -> str:
        """Return by what a code of the shop's own is found: the same for the same code."""
        ...


class NoVeil:
    """Everything stands as it was said: in rule tests, and wherever nothing is kept."""

    def birthday(self, stored: str) -> str:
        """Nobody here sees through a veil."""
        return "" if stored.startswith(MARK) else stored

    def source(self, name: str) -> str:
        """The name itself."""
        return name

    def code(self, request: str) -> str:
        """Nobody here can make one that is believed."""
        return "000000" if request else ""

    def shop_code(self, stored: str) -> str:
        """Nobody here sees through a veil."""
        return sealed_in(stored)

    def code_mark(self, code: str) -> str:
        """The code itself."""
        return code


NO_VEIL: Final = NoVeil()
