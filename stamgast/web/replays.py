"""Plays dead letters of a merchant again, as `stamgast dead-letters replay` and `stamgast pos replay` do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from aiokafka.errors import KafkaError

from stamgast.domain.program import Program
from stamgast.log.appender import NotAppendedError, RecordTooLargeError
from stamgast.log.dead_letters import DeadLetter
from stamgast.log.letters_again import NotPlayableError, again, find_letters, played
from stamgast.logs import get_logger
from stamgast.pos.adapter import ApiError, Context
from stamgast.pos.connections import SecretError
from stamgast.pos.problems import RefusedError
from stamgast.pos.registry import BadAdapterError, UnknownSystemError
from stamgast.tills.letters import Delivery, delivery_in
from stamgast.tills.record import Name
from stamgast.tills.replaying import take_again
from stamgast.web.deps import Deps
from stamgast.web.problem import unavailable

log = get_logger(__name__)

MOST_AT_ONCE: Final = 100
"""Letters that one click plays again: each is acknowledged by Kafka before the next."""


class Outcome(NamedTuple):
    """What became of a letter: nothing to say of one that was played."""

    id: str
    why: str = ""

    @property
    def is_played(self) -> bool:
        """Whether it stands in the log again."""
        return not self.why


async def play_again(deps: Deps, program: Program, wanted: Sequence[str]) -> list[Outcome]:
    """Play these again, the oldest first; they are the merchant's. Raises `Problem` 503."""
    table = deps.reading.letters
    try:
        letters = await find_letters(deps.kafka, deps.topics, table.seal, frozenset(wanted))
    except (KafkaError, OSError, TimeoutError):
        raise unavailable("Kafka does not answer. Nothing was played again.") from None
    found: list[Outcome] = []
    for each in wanted:
        letter = letters.get(each)
        if letter is None:
            found.append(Outcome(each, "it is gone, or sealed under a key that is not here"))
            continue
        found.append(await _play(deps, program, letter))
    return found


async def _play(deps: Deps, program: Program, letter: DeadLetter) -> Outcome:
    try:
        held = delivery_in(letter)
        if held is None:
            topic, key, value = again(deps.topics, letter)
            await deps.appender.append(topic, [(key, value)])
        elif why := await _deliver(deps, program, *held):
            return Outcome(letter.id, why)
        note = played(letter, deps.clock.now())
        await deps.appender.append(deps.topics.dead_letters, [note])
    except (NotPlayableError, RefusedError, ApiError, SecretError, UnknownSystemError, BadAdapterError) as error:
        return Outcome(letter.id, str(error))
    except (NotAppendedError, RecordTooLargeError) as error:
        log.warning("a dead letter was not played again", id=letter.id, why=str(error))
        return Outcome(letter.id, f"{error}; look whether it happened before you try again")
    deps.reading.letters.note(*note)  # at once: the page that comes next does not show it
    return Outcome(letter.id)


async def _deliver(deps: Deps, program: Program, name: Name, delivery: Delivery) -> str:
    """Take in what a till delivered; returns why it still cannot be taken, empty if it was."""
    tills = deps.tills
    mine = (
        []
        if tills is None
        else [each for each in tills.connections.all(program.merchant) if each.name == name.connection]
    )
    if tills is None or not mine:
        raise NotPlayableError(f"there is no connection {name.connection!r} any more")
    door = deps.tills_door
    came = await take_again(tills, door, Context(mine[0], program), delivery, deps.clock.now())
    return came.reason if came.refused else ""
