"""A draw that holds holds, and whatever somebody changes of it afterwards is found out."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from stamgast.domain.draw_events import DrawCalled, DrawDrawn, DrawTicketed
from stamgast.domain.draws import Draw, Prize, Winner, awarded, commitment_of, lowest, seed_of, ticket_of
from stamgast.draws.checking import problems_of
from stamgast.draws.heard import Heard, Made

SEED = seed_of(b"key of a test", "shop", "december")
PARTITIONS = 3
ABOUT: dict[str, Any] = {"merchant": "shop", "customer": "", "draw": "december", "at": 1}
PRIZES = [("dinner", 1), ("loaf", 2)]


def honest() -> Heard:
    heard = Heard()
    tickets: dict[int, list[Winner]] = {number: [] for number in range(PARTITIONS)}
    for number in range(12):
        name, partition = f"c{number}", number % PARTITIONS
        entries = [f"e{number}-{each}" for each in range(1 + number % 2)]
        for entry in entries:
            heard.entries[name, entry] = Made(partition, 50)
        best = min((ticket_of(SEED, name, entry), entry) for entry in entries)
        tickets[partition].append(Winner(name, best[1], best[0]))
    for partition, mine in tickets.items():
        heard.opened[partition] = (commitment_of(SEED), 10)
        heard.first_entry[partition] = 50
        heard.called[partition] = DrawCalled(**ABOUT, places=4)
        count = sum(made.partition == partition for made in heard.entries.values())
        heard.told[partition] = DrawTicketed(
            **ABOUT, by=partition, of=PARTITIONS, entrants=len(mine), entries=count, lowest=lowest(mine, 4)
        )
    winners = awarded([each for mine in tickets.values() for each in mine], PRIZES, 1)
    drawn = DrawDrawn(**ABOUT, seed=SEED.hex(), entrants=12, entries=len(heard.entries), winners=winners)
    heard.drawn[0] = dict.fromkeys(range(PARTITIONS), drawn)
    heard.won = {each.customer: [each.reward] for each in winners if each.reward}
    return heard


def test_what_was_drawn_honestly_holds():
    assert problems_of(honest(), None, PARTITIONS) == []


def _another_seed(heard: Heard) -> None:
    heard.opened[1] = (commitment_of(b"x" * 32), 10)


def _too_late(heard: Heard) -> None:
    heard.opened[1] = (heard.opened[1][0], 60)


def _never_published(heard: Heard) -> None:
    del heard.opened[2]


def _an_entry_left_out(heard: Heard) -> None:
    del heard.entries["c1", "e1-0"]


def _an_entry_more(heard: Heard) -> None:
    heard.entries["c99", "e99"] = Made(0, 50)


def _somebody_else_wins(heard: Heard) -> None:
    first = heard.drawn[0][0]
    swapped = (first.winners[1], first.winners[0], *first.winners[2:])
    heard.drawn[0] = dict.fromkeys(range(PARTITIONS), msgspec.structs.replace(first, winners=swapped))


def _told_differently(heard: Heard) -> None:
    first = heard.drawn[0][0]
    heard.drawn[0] = heard.drawn[0] | {1: msgspec.structs.replace(first, winners=first.winners[:2])}


def _a_prize_for_a_friend(heard: Heard) -> None:
    heard.won["c_friend"] = ["dinner"]


def _passed_to_a_friend(heard: Heard) -> None:
    first = heard.drawn[0][0]
    gone = msgspec.structs.replace(first.winners[0], passed=True)
    friend = Winner("c_friend", "e", "0" * 64, "dinner")
    after = msgspec.structs.replace(first, winners=(gone, *first.winners[1:3], friend), number=1)
    heard.drawn[1] = dict.fromkeys(range(PARTITIONS), after)


def _somebody_not_told(heard: Heard) -> None:
    heard.drawn[0] = {0: heard.drawn[0][0]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_another_seed, "different hashes"),
        (_too_late, "from before the hash"),
        (_never_published, "never published there"),
        (_an_entry_left_out, "told of"),
        (_an_entry_more, "told of"),
        (_somebody_else_wins, "not those with the lowest tickets"),
        (_told_differently, "different winners"),
        (_a_prize_for_a_friend, "c_friend was given dinner, and won nothing"),
        (_passed_to_a_friend, "did not go to the next reserve"),
        (_somebody_not_told, "not told yet who won: 1, 2"),
    ],
)
def test_whatever_is_changed_is_found_out(change: Callable[[Heard], None], said: str):
    heard = honest()
    change(heard)
    assert said in "\n".join(problems_of(heard, None, PARTITIONS))


def test_of_an_instant_win_each_ticket_is_held_against_the_odds():
    wheel = Draw("december", 0, 1, 1, (Prize("loaf", 2, chance=500_000),), instant=True)
    heard = honest()
    heard.hits = {name: ("loaf" if wheel.hit_by(ticket_of(SEED, *name)) is not None else "") for name in heard.entries}
    assert problems_of(heard, wheel, PARTITIONS) == []
    lucky = next(name for name, reward in heard.hits.items() if reward)
    heard.hits[lucky] = ""
    assert "its ticket loaf" in "\n".join(problems_of(heard, wheel, PARTITIONS))
    heard.out_of_stock.add(lucky)
    assert problems_of(heard, wheel, PARTITIONS) == []
