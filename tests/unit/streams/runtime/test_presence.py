"""What a worker says of itself follows from how its partitions are."""

from types import SimpleNamespace
from typing import Any

import pytest

from stamgast.state.workers import Doing, Held, Part
from streams.runtime.presence import Presence, doing_of


def partition(**how: Any) -> Any:
    values = {"working": True, "trouble": "", "stalled": "", "refused_because": "", "laid_aside": ()}
    return SimpleNamespace(**(values | how))


@pytest.mark.parametrize(
    ("how", "doing"),
    [
        ({}, Doing.AT_WORK),
        ({"trouble": "it was away once"}, Doing.AT_WORK),
        ({"working": False}, Doing.STARTING),
        ({"working": False, "trouble": "Redis is away"}, Doing.IN_TROUBLE),
        ({"stalled": "Kafka takes nothing"}, Doing.IN_TROUBLE),
        ({"working": False, "refused_because": "another cluster"}, Doing.REFUSED),
    ],
)
def test_a_partition_is_as_its_owner_is_with_it(how: dict[str, Any], doing: Doing) -> None:
    assert doing_of(partition(**how)) is doing


def test_a_word_names_each_partition_and_says_nothing_of_why() -> None:
    owned = {3: partition(working=False, trouble="redis://somewhere is away"), 1: partition(laid_aside=(7,))}
    service: Any = SimpleNamespace(job=SimpleNamespace(name="customers"), owned=owned, behind=lambda _owned: 5)
    redis: Any = None
    said = Presence(redis, [service]).word()
    assert said.held == (
        Held(Part.CUSTOMERS, 1, Doing.AT_WORK, 5, 1), Held(Part.CUSTOMERS, 3, Doing.IN_TROUBLE, 5)
    )  # fmt: skip
    assert "somewhere" not in repr(said)
    assert said.version
