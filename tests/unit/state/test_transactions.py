"""What is known of transactions is looked up by partition, and nobody loses a purchase by a look that failed."""

from typing import Any

from stamgast.domain.transactions import Transaction, encode_transaction
from stamgast.state.boxes import Boxed, digest_of, packed, write_box
from stamgast.state.errors import RefusedError, StateError
from stamgast.state.keys import transactions
from stamgast.state.transactions import KnownTransactions

KNOWN = Transaction(customer="c1", first_at=7)


class Redis:
    """Holds one transaction in each partition but the first, garbage in the second, does not answer for the third."""

    is_apart = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[Any]]] = []

    def begin_script(self, _script: Any, key: str, words: list[Any]) -> Any:
        self.asked.append((key, words))
        return self.answer(key, words)

    async def answer(self, key: str, words: list[Any]) -> list[Any]:
        assert len(self.asked) == 4, "all are asked before the first is heard"
        number = next(n for n in range(4) if key.startswith(f"{{{transactions(n).tag}}}"))
        if number == 2:
            raise StateError("away")
        return [[None, b"garbage", None, encode_transaction(KNOWN)][number] for _ in words[::2]]


async def test_each_partition_is_asked_once_and_what_cannot_be_had_is_not_known():
    redis: Any = Redis()
    known = KnownTransactions(redis, lambda key: int(key[-1:]) % 4)
    found = await known.of("bakery", [f"t{number}" for number in range(8)] * 2)
    assert found == {"t3": KNOWN, "t7": KNOWN}
    assert sorted(tuple(words[::2]) for _, words in redis.asked) == [
        tuple(transactions(n).transaction("bakery", f"t{number}") for number in (n, n + 4)) for n in range(4)
    ]


class OneNode:
    """Knows the transactions of one partition, one of them in a box, and counts its questions."""

    is_apart = False
    has_seen_the_script = False

    def __init__(self) -> None:
        self.asked: list[list[Any]] = []

    def begin_script(self, _script: Any, _key: str, words: list[Any]) -> Any:
        self.asked.append(words)
        return self.answer(words)

    async def answer(self, words: list[Any]) -> list[Any]:
        if not self.has_seen_the_script:
            raise RefusedError("NOSCRIPT No matching script.")
        tag, box = transactions(3).tag, write_box({digest_of("bakery:t7"): Boxed(1, packed(encode_transaction(KNOWN)))})
        found: list[Any] = [encode_transaction(KNOWN) if key.startswith(f"{{{tag}}}") else None for key in words[::2]]
        return [
            [box] if digest == digest_of("bakery:t7") else each for each, digest in zip(found, words[1::2], strict=True)
        ]

    async def run(self, _script: Any, _key: str, words: list[Any]) -> list[Any]:
        self.has_seen_the_script = True
        return await self.answer(words)


async def test_one_node_is_asked_once_for_all_partitions():
    redis: Any = OneNode()
    known = KnownTransactions(redis, lambda key: int(key[-1:]) % 4)
    assert await known.of("bakery", [f"t{number}" for number in range(8)]) == {"t3": KNOWN, "t7": KNOWN}
    [words] = redis.asked
    assert sorted(words[::2]) == sorted(transactions(n % 4).transaction("bakery", f"t{n}") for n in range(8))
