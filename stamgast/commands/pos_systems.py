"""How commands find a system of tills, and what they say if they cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stamgast.commands.answering import fail, misuse

if TYPE_CHECKING:
    from stamgast.pos.adapter import Adapter
    from stamgast.pos.registry import Registry


def registry() -> Registry:
    """Every system that is installed; say what is wrong and exit where two have one name."""
    from stamgast.pos.registry import BadAdapterError, Registry

    try:
        return Registry()
    except BadAdapterError as error:
        fail(str(error))


def adapter_of(system: str) -> Adapter:
    """The adapter of a system; say which there are and exit if there is none."""
    from stamgast.pos.registry import BadAdapterError, UnknownSystemError

    try:
        return registry().get(system)
    except UnknownSystemError as error:
        misuse(str(error))
    except BadAdapterError as error:
        fail(str(error))
