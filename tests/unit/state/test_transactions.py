"""What is known of transactions is looked up by partition, and nobody loses a purchase by a look that failed."""

from typing import Any

from stamgast.domain.transactions import Transaction, encode_transaction
from stamgast.state.errors import StateError
from stamgast.state.keys import transactions
from stamgast.state.transactions import KnownTransactions

KNOWN = Transaction(customer="c1", first_at=7)


class Redis:
    """Holds one transaction in each partition but the first, garbage in the second, and does not answer for the third."""

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
