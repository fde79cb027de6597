"""What is known of transactions is looked up by partition, and nobody loses a purchase by a look that failed."""

from typing import Any

from stamgast.domain.transactions import Transaction, encode_transaction
from stamgast.state.errors import StateError
from stamgast.state.keys import transactions
from stamgast.state.transactions import KnownTransactions

KNOWN = Transaction(customer="c1", first_at=7)


class Redis:
    """Holds one transaction in each partition but the first, garbage in the second, and does not answer for the third."""

    is_apart = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def begin(self, *words: str) -> int:
        self.asked.append(words)
        return len(self.asked)

    async def heard(self, answer: int, *words: str) -> list[bytes | None]:
        assert self.asked[answer - 1] == words
        assert len(self.asked) == 4, "all are asked before the first is heard"
        number = next(n for n in range(4) if words[1].startswith(f"{{{transactions(n).tag}}}"))
        if number == 2:
            raise StateError("away")
        return [[None, b"garbage", None, encode_transaction(KNOWN)][number] for _ in words[1:]]


async def test_each_partition_is_asked_once_and_what_cannot_be_had_is_not_known():
    redis: Any = Redis()
    known = KnownTransactions(redis, lambda key: int(key[-1:]) % 4)
    found = await known.of("bakery", [f"t{number}" for number in range(8)] * 2)
    assert found == {"t3": KNOWN, "t7": KNOWN}
    assert sorted(words[1:] for words in redis.asked) == [
        tuple(transactions(n).transaction("bakery", f"t{number}") for number in (n, n + 4)) for n in range(4)
    ]
    assert {words[0] for words in redis.asked} == {"MGET"}


class OneNode:
    """Knows the transactions of one partition, and counts its questions."""

    is_apart = False

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def begin(self, *words: str) -> int:
        self.asked.append(words)
        return len(self.asked)

    async def heard(self, _answer: int, *words: str) -> list[bytes | None]:
        known = transactions(3).tag
        return [encode_transaction(KNOWN) if key.startswith(f"{{{known}}}") else None for key in words[1:]]


async def test_one_node_is_asked_once_for_all_partitions():
    redis: Any = OneNode()
    known = KnownTransactions(redis, lambda key: int(key[-1:]) % 4)
    assert await known.of("bakery", [f"t{number}" for number in range(8)]) == {"t3": KNOWN, "t7": KNOWN}
    [(command, *keys)] = redis.asked
    assert command == "MGET"
    assert sorted(keys) == sorted(transactions(n % 4).transaction("bakery", f"t{n}") for n in range(8))
