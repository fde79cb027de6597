"""What is in doubt by the log is looked up, also where Redis forgot it; what was settled is looked up no more."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest

from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.local.redis_server import RedisServer
from stamgast.service import Change
from stamgast.state import keys
from stamgast.state.doubts import Doubt, Doubts
from stamgast.state.nodes import Redis
from stamgast.state.partitions import Lease, Writes
from streams.customers.batch import Result
from streams.customers.doubts import write_doubts
from streams.customers.in_force import Standing
from streams.customers.writes import Written, write
from tests.builders import ANNA, MERCHANT, bought, card, hello_rule, program
from tests.message_scenes import MORNING, customer_of, outcome

LOOK = 2 * MINUTE


class Shop:
    """One customer's partition: what happens to her, step by step."""

    def __init__(self, lease: Lease) -> None:
        shop = program(card(stamps=1))
        shop = replace(shop, templates={"hello": replace(shop.templates["hello"], if_unproven="send_again")})
        self.lease, self.doubts = lease, Doubts(lease)
        self.anna = customer_of(hello_rule(), shop=shop)
        self.submission = self.anna.apply(bought("t1", MORNING)).submissions[0]
        self.first = self.anna.changes[-1]

    def told(self, status: str, when: int = MORNING, attempt: str = "attempt-1") -> Change:
        event = outcome(self.submission.activation, when, status)
        fields = {name: getattr(event, name) for name in event.__struct_fields__}
        return self.anna.apply(type(event)(**fields | {"attempt": attempt}))

    async def step(self, *changes: Change, now: int = MORNING) -> bool:
        """Commit them together; say whether there is something new to look up."""
        writes, written = Writes(), Written(Standing())
        results = [Result((MERCHANT, ANNA), None, list(changes), b"state", [])]
        write(results, self.lease.keys, writes, written, self.lease.watermark + 1, quiet=True)
        new = await write_doubts(results, self.lease, writes, now, LOOK)
        await self.lease.commit(self.lease.watermark + 1, writes)
        return new

    async def looked_up(self) -> tuple[list[str], float | None]:
        """Attempts whose look-up is due, and in how many seconds another one is."""
        due, wait = await self.doubts.due(10)
        return [doubt.attempt for doubt in due], wait

    async def nothing_is_in_doubt(self) -> bool:
        names = self.lease.keys
        return not await self.lease.call("EXISTS", names.doubt, names.looks, names.doubts(MERCHANT, ANNA))


@pytest.fixture
async def shop(redis_server: RedisServer) -> Any:
    redis = Redis(redis_server.url)
    lease = await Lease.take(redis, keys.PartitionKeys(f"c-{uuid.uuid4().hex[:8]}"), {"cluster": "k", "topic": "t"})
    yield Shop(lease)
    redis.close()


@pytest.mark.parametrize("together", [True, False])
async def test_what_redis_forgot_to_be_in_doubt_is_looked_up_when_the_log_is_read_anew(
    shop: Shop, together: bool
) -> None:
    doubt = shop.told("in_doubt")
    if together:
        assert await shop.step(shop.first, doubt)
    else:
        assert not await shop.step(shop.first)
        assert await shop.step(doubt)
    due, wait = await shop.looked_up()
    assert due == []
    assert wait is not None
    assert 115 < wait <= 120, "as long as anything in doubt waits for its first look-up"
    assert await shop.doubts.has_another(replace_name(shop.submission))


def replace_name(submission: Any) -> Any:
    """Another message of the same customer."""
    return type(submission)(**{n: getattr(submission, n) for n in submission.__struct_fields__} | {"activation": "x"})


async def test_what_was_in_doubt_an_hour_ago_is_looked_up_at_once_and_of_last_week_no_more(shop: Shop) -> None:
    await shop.step(shop.first)
    doubt = shop.told("in_doubt")
    assert not await shop.step(doubt, now=MORNING + 2 * DAY)
    assert await shop.nothing_is_in_doubt()
    await shop.step(shop.first)
    assert await shop.step(doubt, now=MORNING + HOUR)
    due, _ = await shop.looked_up()
    assert due == ["attempt-1"]


async def test_a_doubt_that_redis_knows_keeps_its_look_ups(shop: Shop) -> None:
    await shop.step(shop.first)
    await shop.doubts.put(Doubt(shop.submission, "attempt-1", 0, looked=2), 50.0)
    assert not await shop.step(shop.told("in_doubt"))
    due, wait = await shop.looked_up()
    assert due == []
    assert wait is not None
    assert 45 < wait <= 50


@pytest.mark.parametrize("status", ["delivered", "undelivered", "not_found"])
@pytest.mark.parametrize("together", [True, False])
async def test_what_was_settled_is_looked_up_no_more(shop: Shop, status: str, together: bool) -> None:
    doubt, settled = shop.told("in_doubt"), shop.told(status, MORNING + MINUTE)
    if together:
        await shop.step(shop.first, doubt, settled)
    else:
        await shop.step(shop.first)
        await shop.step(doubt)
        await shop.step(settled)
    assert await shop.nothing_is_in_doubt()


async def test_a_late_doubt_about_the_first_attempt_is_none_of_the_second(shop: Shop) -> None:
    await shop.step(shop.first, shop.told("in_doubt"), shop.told("not_found", MORNING + MINUTE))
    assert not await shop.step(shop.told("in_doubt", MORNING + 2 * MINUTE))
    assert await shop.nothing_is_in_doubt()


async def test_a_second_attempt_in_doubt_is_looked_up_where_redis_knows_of_the_first_one_only(shop: Shop) -> None:
    await shop.step(shop.first, shop.told("in_doubt"))
    gone, again = shop.told("not_found", MORNING + MINUTE), shop.told("in_doubt", MORNING + HOUR, "attempt-2")
    assert await shop.step(gone, again, now=MORNING + 2 * HOUR)
    due, _ = await shop.looked_up()
    assert due == ["attempt-2"]
    assert await shop.doubts.has_another(replace_name(shop.submission))
