"""Every data key under the newest wrapping key, so that older ones can be dropped."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from stamgast.domain.units import Millis
from stamgast.identity.sealing import SealError
from stamgast.state.identities import IdentityStore

_AT_ONCE: Final = 32


@dataclass
class Rewrapped:
    """Counts. `unreadable`: wrapped by a key that is not among WRAPPING_KEYS (any more); left as they are.

    A Redis that grows meanwhile may name a key twice; then it counts twice.
    """

    looked_at: int = 0
    keys: int = 0
    rewrapped: int = 0
    unreadable: int = 0


async def rewrap_all(identities: IdentityStore, at: Millis, tell: Callable[[int], None]) -> Rewrapped:
    """Wrap what an older key wrapped; those done already are passed over, so that it can be cut short and repeated.

    Raises:
        NotLoadedError: the view of identities is not complete (any more); run it again.
        NotAppendedError: Kafka did not acknowledge; run it again.
    """
    done, piece = Rewrapped(), []
    async for name in identities.wrapped_customers():
        piece.append(name)
        if len(piece) == _AT_ONCE:
            await _rewrap_piece(identities, piece, at, done)
            tell(done.looked_at)
            piece = []
    await _rewrap_piece(identities, piece, at, done)
    return done


async def _rewrap_piece(
    identities: IdentityStore, piece: Sequence[tuple[str, str]], at: Millis, done: Rewrapped
) -> None:
    found = await asyncio.gather(*(_rewrap(identities, *name, at) for name in piece))
    done.looked_at += len(found)
    done.keys += sum(answer is not None for answer in found)
    done.rewrapped += found.count("now")
    done.unreadable += found.count("unreadable")


async def _rewrap(identities: IdentityStore, merchant: str, customer: str, at: Millis) -> str | None:
    """What became of one key; None if it is there no more."""
    try:
        if await identities.rewrap(merchant, customer, at):
            return "now"
        return "before" if await identities.has_key(merchant, customer) else None
    except SealError:
        return "unreadable"
