"""What `stamgast verify` finds in a partition beside customers, ledgers and counters, on a real Redis."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from unittest.mock import AsyncMock

import pytest

from stamgast.domain.events import (
    AnyEvent,
    Barrier,
    encode_event,
)
from stamgast.domain.till_events import VoucherRedeemed
from stamgast.domain.units import HOUR, MINUTE
from stamgast.local.redis_server import RedisServer
from stamgast.state.client import keys_like, members_of
from stamgast.state.doubts import Doubt, encode_doubt
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from stamgast.state.outbox import decode_submission
from stamgast.state.roll import entry_of
from stamgast.state.session import Session
from streams.maintenance.replay import PartitionReplay
from streams.maintenance.verified import META_VERIFIED
from streams.maintenance.verify_beside import beside_differences
from streams.maintenance.verify_roll import roll_differences
from streams.maintenance.verify_sending import meta_differences
from tests.builders import ANNA, BRAM, KEY, MERCHANT, bought, bundle, card, card_rule, consent, hello_rule, program
from tests.fakes.memory_partition import Shelf
from tests.fakes.records import log_of
from tests.fakes.redis_partition import RedisPartition

CEES = "cc" + "c" * 23
KEYS = PartitionKeys("c3")
NOW = int(time.time()) * 1_000
SHELF = Shelf({(MERCHANT, "hash1"): bundle(program(card()), card_rule(), hello_rule())})


class Verified:
    """A partition with a voucher that was redeemed, one that is open, and messages that wait."""

    def __init__(self, session: Session, replay: PartitionReplay) -> None:
        self.session, self.replay = session, replay

    async def found(self) -> list[str]:
        return [each async for each in beside_differences(self.session, KEYS, self.replay.beside, AsyncMock())]

    async def keys(self, kind: str) -> list[str]:
        return sorted([key async for key in keys_like(self.session, f"{{c3}}:{kind}:*")])


@pytest.fixture
async def verified(redis_server: RedisServer) -> AsyncIterator[Verified]:
    redis, replay = Redis(redis_server.url), PartitionReplay(KEYS.number, KEY, SHELF.find)
    partition = await RedisPartition.of(redis, KEYS, SHELF)
    await partition.forget()
    await partition.take()
    begin = NOW - HOUR
    events: list[AnyEvent] = [
        Barrier(merchant=MERCHANT, customer="", at=begin, number=1, hash="hash1"),
        *(consent(customer, when=begin) for customer in (ANNA, BRAM, CEES)),
        *(bought(f"t{n}", begin + n * MINUTE, recorded=begin + n * MINUTE) for n in range(6)),
        *(
            bought(f"o{customer}", NOW - 2 * MINUTE, customer=customer, recorded=NOW - 2 * MINUTE)
            for customer in (BRAM, CEES)
        ),
    ]
    known = PartitionReplay(KEYS.number, KEY, SHELF.find)
    for record in log_of([encode_event(event) for event in events]):
        known.apply(record.offset, record.value)
    code = next(iter(known.beside.owners)).partition(":")[2]
    events.append(VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=NOW - MINUTE, id="k1", code=code, store="dok"))
    records = log_of([encode_event(event) for event in events], key=b"k")
    for record in records:
        replay.apply(record.offset, record.value)
    await partition.step(records)
    yield Verified(await redis.session(KEYS.meta), replay)
    redis.close()


async def test_a_whole_partition_differs_in_nothing(verified: Verified):
    assert len(await verified.keys("v")) == 2
    assert await verified.keys("r")
    assert [name async for name in members_of(verified.session, "HSCAN", KEYS.outbox)]
    assert await verified.found() == []


async def test_an_owner_of_a_voucher_that_is_missing_wrong_or_of_no_voucher_is_told(verified: Verified):
    missing, wrong = await verified.keys("v")
    await verified.session.call("DEL", missing)
    await verified.session.call("SET", wrong, BRAM)
    await verified.session.call("SET", KEYS.voucher(MERCHANT, "3-NEVER"), ANNA)
    assert sorted(await verified.found()) == sorted(
        [
            f"voucher {missing.removeprefix('{c3}:v:')}: its owner is missing in Redis, should be {ANNA}",
            f"voucher {wrong.removeprefix('{c3}:v:')}: its owner is {BRAM}, should be {ANNA}",
            f"voucher {MERCHANT}:3-NEVER: its owner {ANNA} is in Redis and not in the log",
        ]
    )


async def test_who_is_missing_on_the_roll_stands_there_twice_or_is_nobody_is_told(verified: Verified):
    async def told() -> list[str]:
        return [each async for each in roll_differences(verified.session, KEYS, verified.replay, AsyncMock())]

    assert await told() == []
    call, roll = verified.session.call, KEYS.roll(MERCHANT)
    await call("LREM", roll, 0, entry_of(ANNA))
    await call("RPUSH", roll, entry_of(BRAM), entry_of("nobody"))
    await call("RPUSH", KEYS.roll("gone"), entry_of(ANNA))
    assert sorted(await told()) == sorted(
        [
            f"customer gone:{ANNA}: stands on the roll 1 times, should be 0",
            f"customer {MERCHANT}:{ANNA}: stands on the roll 0 times, should be 1",
            f"customer {MERCHANT}:{BRAM}: stands on the roll 2 times, should be 1",
            f"customer {MERCHANT}:nobody: stands on the roll 1 times, should be 0",
        ]
    )


async def test_a_code_that_is_long_over_may_be_forgotten(verified: Verified):
    for name, owner in verified.replay.beside.owners.items():
        verified.replay.beside.owners[name] = owner._replace(until=NOW - HOUR)
    for key in await verified.keys("v"):
        await verified.session.call("DEL", key)
    assert await verified.found() == []


async def test_an_answer_to_a_till_that_is_missing_or_another_is_told(verified: Verified):
    [answer] = await verified.keys("r")
    name = answer.removeprefix("{c3}:r:")
    await verified.session.call("SET", answer, "{}")
    assert await verified.found() == [f"answer to {name}: is not the log's"]
    await verified.session.call("DEL", answer)
    assert await verified.found() == [f"answer to {name}: is missing in Redis"]


async def test_a_message_that_would_never_leave_or_that_nobody_wanted_is_told(verified: Verified):
    waiting = sorted([name async for name in members_of(verified.session, "HSCAN", KEYS.outbox)])
    lost, adrift, held = waiting[:3]
    lane = KEYS.lane(MERCHANT, "sms")
    await verified.session.call("HDEL", KEYS.outbox, lost)
    await verified.session.call("ZREM", lane, adrift, held)
    await verified.session.call("HSET", KEYS.sending, held, "C|a|token|run|0")  # it is in somebody's hands
    await verified.session.call("HSET", KEYS.outbox, "nobodys", b"x")
    assert sorted(await verified.found()) == sorted(
        [
            f"message {lost}: is missing in Redis",
            f"message {adrift}: waits in no lane",
            "message nobodys: is in Redis and not in the log",
        ]
    )


async def test_what_sending_keeps_of_a_message_that_there_is_not_is_told(verified: Verified):
    call = verified.session.call
    await call("ZADD", KEYS.lane(MERCHANT, "sms"), 1, "nobodys")
    await call("ZADD", KEYS.lane(MERCHANT, "whatsapp"), 1, "nobodys")
    await call("HSET", KEYS.sending, "nobodys", "D|x")
    await call("SADD", KEYS.begun(MERCHANT, ANNA), "nobodys")
    await call("SADD", KEYS.doubts(MERCHANT, ANNA), "nobodys")
    await call("ZADD", KEYS.looks, 1, "nobodys")
    assert sorted(await verified.found()) == sorted(
        [
            f"message nobodys: stands in lane {MERCHANT}:sms and is not in the log",
            f"message nobodys: stands in lane {MERCHANT}:whatsapp and is not in the log",
            f"lane {MERCHANT}:whatsapp: is not among those that are worked at",
            "submission nobodys: is under way and not in the log",
            "message nobodys: has begun for its customer and nowhere else",
            "message nobodys: is in doubt for its customer and nowhere else",
            "doubt nobodys: is to be looked up, and nothing says what it is",
        ]
    )


async def test_a_doubt_that_is_never_looked_up_is_told(verified: Verified):
    call = verified.session.call
    names = sorted([name async for name in members_of(verified.session, "HSCAN", KEYS.outbox)])[:2]
    values = await call("HMGET", KEYS.outbox, *names)
    for name, value in zip(names, values, strict=True):
        submission = decode_submission(value)
        await call("HSET", KEYS.doubt, name, encode_doubt(Doubt(submission, "x", NOW)))
        await call("HSET", KEYS.sending, name, "D|x")
    whole = decode_submission(values[1])
    await call("ZADD", KEYS.looks, 1, names[1])
    told = [f"doubt {names[0]}: is never looked up", f"doubt {names[1]}: does not stand in its customer's set"]
    assert sorted(await verified.found()) == sorted(told)
    await call("SADD", KEYS.doubts(MERCHANT, whole.customer), names[1])
    assert await verified.found() == told[:1]


async def test_a_carriers_message_that_was_known_and_is_not_any_more_is_told(verified: Verified):
    verified.replay.beside.bound[f"{MERCHANT}:{ANNA}:SM1"] = NOW - HOUR
    assert await verified.found() == ["carrier's message SM1: it is not known whose it is"]
    await verified.session.call("SADD", KEYS.bound(MERCHANT, ANNA), "SM1")
    assert await verified.found() == []
    verified.replay.beside.bound[f"{MERCHANT}:{ANNA}:SM2"] = NOW - 72 * HOUR
    assert await verified.found() == [], "it may be forgotten by now"


async def test_what_stands_in_the_partitions_meta_is_compared_with_the_log(verified: Verified):
    prefixes = [each.prefix for each in META_VERIFIED]

    async def found() -> list[str]:
        flat = await verified.session.call("HGETALL", KEYS.meta)
        words = [word.decode() for word in flat]
        return meta_differences(verified.replay.meta(), dict(zip(words[::2], words[1::2], strict=True)), prefixes)

    assert await found() == []
    await verified.session.call("HSET", KEYS.meta, f"b:{MERCHANT}", "7:x", f"p:{MERCHANT}", "greet")
    assert await found() == [
        f"meta b:{MERCHANT}: is 7:x, should be 1:hash1",
        f"meta p:{MERCHANT}: is greet, should be missing",
    ]
