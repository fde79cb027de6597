"""Who changes what is in force, and why, for the commands that do."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from stamgast.commands.stamping import stamp_of

if TYPE_CHECKING:
    from stamgast.programs.publish import Signed
    from stamgast.settings import Settings

Why = Annotated[str, typer.Option("--why", help="Why, as `rules history` tells it.")]
By = Annotated[str, typer.Option("--by", help="Who; STAMGAST_WHO or the operating system's user if not said.")]


def sign(settings: Settings, why: str, by: str) -> Signed:
    """Return who does it, why and when."""
    from stamgast.programs.publish import Signed

    return Signed(stamp_of(settings), by or who_of(settings), why)


def who_of(settings: Settings) -> str:
    """Return who does it, if nobody says so."""
    if settings.who:
        return settings.who
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "unknown"
