"""The live states of a merchant's customers, piece by piece."""

from collections.abc import AsyncIterator
from typing import Any

from stamgast.domain.customer import Customer, encode_customer
from stamgast.domain.days import decode_days
from stamgast.domain.units import DAY, HOUR
from stamgast.state import customer_states
from stamgast.state.customer_states import live_states
from stamgast.state.keys import customers
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, program
from tests.fakes.in_memory import Owner


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


async def test_of_a_regular_of_years_all_days_are_told_though_the_state_let_go_of_the_oldest(monkeypatch):
    """A fit would take them for somebody who has come for two years."""
    owner = Owner(bundle(program()))
    visits = [T0 // DAY + day for day in range(0, 1500, 5)]
    for day in visits:
        owner.apply(bought(f"t{day}", day * DAY + 12 * HOUR))
    assert len(decode_days(owner.state().days)) < len(visits)

    async def keys_like(_node: Any, _pattern: str) -> AsyncIterator[str]:
        yield customers(0).customer(MERCHANT, ANNA)

    class Redis:
        async def masters(self) -> list[None]:
            return [None]

        async def session(self, _key: str) -> Any:
            return self

        async def call(self, command: str, *names: str) -> list[bytes]:
            if command == "MGET":
                return [owner.states[ANNA]]
            assert names == (customers(0).ledger(MERCHANT, ANNA),)
            return [word for pair in owner.ledgers[ANNA].items() for word in pair]

    monkeypatch.setattr(customer_states, "keys_like", keys_like)
    redis: Any = Redis()
    [(_, state)] = [each async for piece in live_states(redis, 1, MERCHANT) for each in piece]
    assert [day for day, _ in decode_days(state.days)] == visits
