"""What an owner writes of its counters is what they are, however many there are and however much it forgets."""

from unittest.mock import patch

import pytest

from streams.customers import counters
from streams.customers.counters import Counters
from tests.fakes.memory_partition import MemoryPartition, Shelf


@pytest.mark.parametrize("room", [1, 3, 100])
async def test_counters_are_those_of_redis_and_what_is_added(room: int):
    partition = MemoryPartition(Shelf({}))
    stats = partition.redis.hashes[partition.lease.keys.stats]
    known, truth = Counters(), dict.fromkeys(map(str, range(9)), 0)
    stats["4"] = truth["4"] = 1_000
    with patch.object(counters, "MOST_KNOWN", room), patch.object(counters, "_ASKED_AT_ONCE", 2):
        for step in range(40):
            added = {str(n): step - n for n in range(9) if (step + n) % 4}
            after = await known.after(partition.lease, added)
            assert after == {name: truth[name] + by for name, by in added.items()}
            if step % 5:  # else it was refused
                truth |= after
                stats.update(after)
                known.keep(after)
    assert {name: value for name, value in stats.items() if value} == {n: v for n, v in truth.items() if v}
