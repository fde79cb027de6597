"""The live states of a merchant's customers, piece by piece."""

from collections.abc import AsyncIterator
from typing import Any

from stamgast.domain.customer import Customer, encode_customer
from stamgast.state import customer_states
from stamgast.state.customer_states import live_states
from stamgast.state.keys import customers
from tests.builders import MERCHANT


async def test_a_customer_whom_a_scan_tells_twice_is_valued_once(monkeypatch):
    keys = [customers(n % 2).customer(MERCHANT, f"c{n}") for n in (0, 1, 2, 1, 0, 3)]

    async def keys_like(_node: Any, pattern: str) -> AsyncIterator[str]:
        assert pattern.endswith(f":c:{MERCHANT}:*")
        for key in keys:
            yield key

    class Redis:
        async def masters(self) -> list[None]:
            return [None]

        async def session(self, _key: str) -> Any:
            return self

        async def call(self, _command: str, *names: str) -> list[bytes]:
            assert len({name.partition("}")[0] for name in names}) == 1, "one slot a question"
            return [encode_customer(Customer()) for _ in names]

    monkeypatch.setattr(customer_states, "keys_like", keys_like)
    redis: Any = Redis()
    found = [name async for piece in live_states(redis, 2, MERCHANT, at_once=1) for name, _ in piece]
    assert sorted(found) == ["c0", "c1", "c2", "c3"]
