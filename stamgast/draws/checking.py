"""Whether a draw holds: worked out anew from what the logs say of it, and from nothing that the engine keeps.

Only hashes are taken from the domain's own sentence: a ticket is HMAC-SHA256(seed, `customer|entry`), and the lowest
ones win. Whoever does not believe this module needs no more than that to write another one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from stamgast.domain.draw_events import DrawDrawn
from stamgast.domain.draws import Draw, Winner
from stamgast.draws.heard import Heard


class Ticket(NamedTuple):
    """In this order they win."""

    ticket: str
    customer: str
    entry: str


def problems_of(heard: Heard, draw: Draw | None, partitions: int) -> list[str]:
    """What does not hold, a sentence each; of a draw that is not drawn yet what can be said by then.

    `draw` is what the programme in force says of it, where it still does: the odds of an instant win stand there.
    """
    found = [*_of_commitments(heard)]
    newest = heard.newest
    if newest is None:
        return found
    seed = bytes.fromhex(newest.seed)
    found += _of_seed(heard, newest, seed)
    found += _of_all_partitions(heard, partitions)
    found += _of_passes(heard)
    if draw is not None and draw.instant:
        found += _of_instants(heard, draw, seed)
    else:
        best = best_tickets(heard, seed)
        found += _of_tickets(heard, best)
        found += _of_winners(heard, best)
        found += _of_prizes(heard, newest)
    return found


def best_tickets(heard: Heard, seed: bytes) -> list[Ticket]:
    """The lowest ticket of each customer who takes part, the lowest first."""
    best: dict[str, Ticket] = {}
    for customer, entry in heard.entries:
        mine = Ticket(ticket(seed, customer, entry), customer, entry)
        best[customer] = min(best.get(customer, mine), mine)
    return sorted(best.values())


def ticket(seed: bytes, customer: str, entry: str) -> str:
    """An entry's ticket."""
    return hmac.digest(seed, f"{customer}|{entry}".encode(), "sha256").hex()


def _of_commitments(heard: Heard) -> Iterator[str]:
    hashes = {commitment for commitment, _ in heard.opened.values()}
    if len(hashes) > 1:
        yield f"{len(hashes)} different hashes of its seed were published"
    for partition, first in sorted(heard.first_entry.items()):
        opened = heard.opened.get(partition)
        if opened is None:
            yield f"partition {partition} has entries, and the hash of the seed was never published there"
        elif opened[1] > first:
            yield f"partition {partition} has an entry from before the hash of the seed was published there"


def _of_seed(heard: Heard, newest: DrawDrawn, seed: bytes) -> Iterator[str]:
    is_now = hashlib.sha256(seed).hexdigest()
    if any(commitment != is_now for commitment, _ in heard.opened.values()):
        yield "the seed is not the one whose hash was published"
    if any(each.seed != newest.seed for those in heard.drawn.values() for each in those.values()):
        yield "more than one seed was published"


def _of_all_partitions(heard: Heard, partitions: int) -> Iterator[str]:
    for number, said in sorted(heard.drawn.items()):
        if len({(each.winners, each.entrants, each.entries) for each in said.values()}) > 1:
            yield f"partitions were told of different winners (number {number})"
    missing = sorted(set(range(partitions)) - heard.drawn.get(0, {}).keys())
    if missing:
        yield f"partitions that were not told yet who won: {', '.join(map(str, missing))}"
    if len({each.places for each in heard.called.values()}) > 1:
        yield "partitions were asked for different numbers of tickets"


def _of_tickets(heard: Heard, best: Sequence[Ticket]) -> Iterator[str]:
    """What each partition told of its own."""
    where = {customer: made.partition for (customer, _), made in heard.entries.items()}
    for partition, said in sorted(heard.told.items()):
        mine = [each for each in best if where[each.customer] == partition]
        entries = sum(made.partition == partition for made in heard.entries.values())
        if (said.entrants, said.entries) != (len(mine), entries):
            counted = f"{said.entrants} customers with {said.entries} entries"
            yield f"partition {partition} told of {counted}; the log has {len(mine)} with {entries}"
        elif not _are(said.lowest, mine[: len(said.lowest)]):
            yield f"the tickets that partition {partition} told of are not its lowest"


def _of_winners(heard: Heard, best: Sequence[Ticket]) -> Iterator[str]:
    first = next(iter(heard.drawn.get(0, {}).values()), None)
    if first is None:
        yield "nobody was told who won in the first place"
        return
    places = max((each.places for each in heard.called.values()), default=len(first.winners))
    if len(first.winners) != min(places, len(best)) or not _are(first.winners, best[: len(first.winners)]):
        yield "the winners are not those with the lowest tickets"
    if (first.entrants, first.entries) != (len(best), len(heard.entries)):
        counted = f"{first.entrants} customers with {first.entries} entries"
        yield f"it was drawn from {counted}; the log has {len(best)} with {len(heard.entries)}"


def _are(winners: Sequence[Winner], tickets: Sequence[Ticket]) -> bool:
    return [(each.ticket, each.customer, each.entry) for each in winners] == [tuple(each) for each in tickets]


def _of_passes(heard: Heard) -> Iterator[str]:
    """Each prize that went on went to the first reserve."""
    numbers = sorted(heard.drawn)
    if numbers != list(range(len(numbers))):
        yield "a prize went on, and what was drawn before that is not there"
        return
    for number in numbers[1:]:
        before = next(iter(heard.drawn[number - 1].values())).winners
        after = next(iter(heard.drawn[number].values())).winners
        if not any(after == _passed_on(before, place) for place in range(len(before))):
            yield f"prize number {number} that went on did not go to the next reserve"


def _passed_on(winners: Sequence[Winner], place: int) -> tuple[Winner, ...]:
    gone = winners[place]
    if not gone.reward or gone.passed:
        return ()
    after = list(winners)
    after[place] = Winner(gone.customer, gone.entry, gone.ticket, gone.reward, passed=True)
    for reserve, each in enumerate(winners):
        if not each.reward:
            after[reserve] = Winner(each.customer, each.entry, each.ticket, gone.reward)
            break
    return tuple(after)


def _of_prizes(heard: Heard, newest: DrawDrawn) -> Iterator[str]:
    """Whoever was given a prize won it."""
    won = {each.customer: each.reward for each in newest.winners if each.reward}
    for customer, rewards in sorted(heard.won.items()):
        if rewards != [won.get(customer)]:
            yield f"customer {customer} was given {', '.join(rewards)}, and won {won.get(customer) or 'nothing'}"


def _of_instants(heard: Heard, draw: Draw, seed: bytes) -> Iterator[str]:
    given: dict[str, int] = {}
    for (customer, entry), reward in heard.hits.items():
        hit = draw.hit_by(ticket(seed, customer, entry))
        should_be = hit.reward if hit is not None else ""
        if reward:
            given[reward] = given.get(reward, 0) + 1
        if reward != should_be and not (not reward and (customer, entry) in heard.out_of_stock):
            yield f"entry {entry} of customer {customer} won {reward or 'nothing'}; its ticket {should_be or 'nothing'}"
    undecided = heard.entries.keys() - heard.hits.keys()
    if undecided:
        yield f"{len(undecided)} entries were never decided"
