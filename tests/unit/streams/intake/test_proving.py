"""Records that others wrote: taken over with the proof of their merchant, else laid aside with what is wrong with it."""

import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from stamgast.api_keys.model import ApiKey, NewKey, Scope, encode_key, make_key
from stamgast.api_keys.table import ApiKeyTable
from stamgast.clock.since import NEVER, Since
from stamgast.log.partitioning import partition_for
from stamgast.log.signatures import Signatures
from stamgast.producing import PROOF, Producing, proof_of
from stamgast.state import keys
from stamgast.state.views import NotLoadedError
from streams.intake.identity import Naming
from streams.intake.job import IntakeJob
from streams.intake.proving import Proving
from streams.intake.record_mac import Proofs
from streams.maintenance.verify import TransactionReplay
from streams.metrics import Metrics
from streams.runtime.position import Position
from tests.builders import ANNA, MERCHANT, T0, line, program, record, snapshot
from tests.fakes.clock import StillClock
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.fakes.records import LogRecord
from tests.steps import TOPICS, aside

PRODUCERS = b"q" * 32
SINCE = Since(everybody=T0 - 1_000)
SALE = snapshot(lines=[line("1", 700)])
SIGNING: dict[str, Any] = {"key": b"k" * 32, "open_topics": [TOPICS.purchases]}


def made(merchant: str = MERCHANT, *scopes: Scope) -> NewKey:
    return make_key(merchant, scopes or ("produce",), [], 0, PRODUCERS)


KEY = made()


class Register:
    async def resolve_many(self, merchant: str, references: Any, at: int) -> list[str]:
        return [ANNA for _ in references]

    async def unknown(self, merchant: str, customers: Any) -> frozenset[str]:
        return frozenset()


async def shops(merchant: str) -> Any:
    return program() if merchant == MERCHANT else None


class Ring:
    """The keys as Kafka has them; how often it was asked."""

    def __init__(self, *keys: ApiKey) -> None:
        self.found = list(keys)
        self.asked = 0

    async def keys(self, merchant: str) -> list[ApiKey]:
        self.asked += 1
        return [key for key in self.found if key.merchant == merchant]


async def table_of(*keys: ApiKey, revoked: dict[str, int] | None = None, time_type: int = 1) -> ApiKeyTable:
    table = ApiKeyTable()
    appended: list[Any] = [LogRecord(0, encode_key(key), key.id.encode()) for key in keys]
    for key in keys:
        if key.id in (revoked or {}):
            ended = ApiKey(key.id, key.merchant, key.scopes, key.digest, key.created_at, 1)
            at = (revoked or {})[key.id]
            appended.append(LogRecord(1, encode_key(ended), key.id.encode(), at, timestamp_type=time_type))
    await table.apply(appended, {})
    await table.open()
    return table


class Intake:
    """A worker's intake, and what a verification makes of the same records."""

    def __init__(self, table: ApiKeyTable, *found: ApiKey, since: Since = SINCE) -> None:
        self.metrics, self.ring = Metrics(), Ring(*found)
        self.signatures = Signatures(**SIGNING, proven_since=since)
        self.proofs = Proofs(b"p" * 32, self.signatures, TOPICS.purchases)
        people: Any = Register()
        self.job = IntakeJob(
            topics=TOPICS,
            naming=Naming(people, shops, people),
            proofs=self.proofs,
            proving=Proving(table, self.ring, PRODUCERS),
            aside=aside(),
            clock=StillClock(T0),
            metrics=self.metrics,
        )

    async def step(self, found: LogRecord) -> tuple[list[str], list[Any], int]:
        """Reasons of dead letters, records that were appended again, and events for customers."""
        partition = partition_for(found.key or b"", TOPICS.partitions)
        owned = OwnedByTest(MemoryLease(keys.transactions(partition)), Position())
        effects = await self.job.step(owned, [found])
        letters = [json.loads(each.value)["reason"] for each in effects.emissions if each.topic == TOPICS.dead_letters]
        again = [each for each in effects.emissions if each.topic == TOPICS.purchases]
        events = sum(each.topic == TOPICS.customer_events for each in effects.emissions)
        replay = TransactionReplay(partition, TOPICS.partitions, self.proofs, real_time=False)
        replay.apply(found)
        assert len(replay.states) == events, "a verification counts what the worker counts"
        return letters, again, events

    def ours(self, key: bytes, value: bytes, **how: Any) -> LogRecord:
        """A record as one of us appends it."""
        return LogRecord(0, value, key, headers=self.signatures.headers(TOPICS.purchases, key, value), **how)


def proven(key: NewKey = KEY, data: dict[str, Any] = SALE, merchant: str = MERCHANT, **how: Any) -> LogRecord:
    written = Producing(merchant, key.text).record(data)
    return LogRecord(0, written["value"], written["key"], headers=written["headers"], **how)


def bare(**attributes: Any) -> LogRecord:
    """As anybody can write it; by default just as we do ourselves."""
    key, value = record(SALE, T0)
    return LogRecord(0, json.dumps(json.loads(value) | attributes).encode(), key)


async def test_what_a_merchants_own_key_proves_is_appended_again_and_counts_then_once():
    intake = Intake(await table_of(KEY.record))
    letters, [again], events = await intake.step(proven())
    assert (letters, events, intake.ring.asked) == ([], 0, 0)
    ours = intake.ours(again.key, again.value)
    assert (await intake.step(ours))[2] == 1
    # Also where what is in the header was lost on the way: its own proof says that we wrote it.
    assert (await intake.step(replace(ours, headers=())))[2] == 1


async def test_a_time_that_a_producer_makes_up_is_replaced_by_ours():
    intake = Intake(await table_of(KEY.record))
    written = json.loads(proven().value or b"") | {"stamgastrecordedat": 5}
    value = json.dumps(written).encode()
    found = replace(proven(), value=value, headers=[(PROOF, proof_of(KEY.text, value).encode())])
    _, [again], _ = await intake.step(found)
    assert json.loads(again.value)["stamgastrecordedat"] == T0


@pytest.mark.parametrize(
    "found",
    [
        bare(),
        bare(stamgastsource=["t", 0, 2**40, 0]),
        bare(stamgastrecordedat=None),
        replace(bare(), headers=[("mac", b"x" * 16)]),
        replace(bare(), headers=[("traceparent", b"00-0")]),
        replace(bare(), headers=[("mac", None)]),
        replace(bare(), timestamp=T0 - 10_000, timestamp_type=0),
    ],
)
async def test_what_nobody_proves_counts_for_nothing(found: LogRecord):
    letters, again, events = await Intake(await table_of(KEY.record)).step(found)
    assert (again, events) == ([], 0)
    assert len(letters) == 1


async def test_what_we_append_ourselves_counts_as_it_stands_and_no_copy_under_another_name():
    intake = Intake(await table_of(KEY.record))
    key, value = record(SALE, T0)
    ours = intake.ours(key, value)
    assert (await intake.step(ours))[1:] == ([], 1)
    assert (await intake.step(replace(ours, key=b"elsewhere:" + key.partition(b":")[2])))[1:] == ([], 0)
    assert (await intake.step(replace(ours, value=value.replace(b"700", b"900"))))[1:] == ([], 0)


async def test_what_a_person_replays_is_taken_over_for_them():
    intake = Intake(await table_of(KEY.record))
    mended = bare(stamgastrecordedat=None)
    letters, again, _ = await intake.step(intake.ours(mended.key or b"", mended.value or b""))
    assert (letters, len(again)) == ([], 1)


@pytest.mark.parametrize("since", [NEVER, Since(merchants={"elsewhere": 0}), Since(everybody=T0 + 1)])
async def test_until_it_is_asked_for_everybody_is_believed_and_told(since: Since):
    intake = Intake(await table_of(), since=since)
    assert (await intake.step(bare()))[2] == 1
    assert len((await intake.step(bare(stamgastrecordedat=None)))[1]) == 1
    counted = intake.metrics.registry.get_sample_value("stamgast_unproven_purchases_total", {"merchant": MERCHANT})
    assert counted == 2
    key, value = record(SALE, T0)
    assert (await intake.step(intake.ours(key, value)))[2] == 1
    assert intake.metrics.registry.get_sample_value(
        "stamgast_unproven_purchases_total", {"merchant": MERCHANT}
    ) == counted, "ours are not told"  # fmt: skip


async def test_who_sends_a_proof_is_held_to_it_before_it_is_asked_for():
    intake = Intake(await table_of(KEY.record), since=NEVER)
    assert len((await intake.step(proven()))[1]) == 1
    letters, again, events = await intake.step(replace(proven(), headers=[(PROOF, b"x")]))
    assert (len(letters), again, events) == (1, [], 0)


async def test_a_merchant_that_is_asked_later_is_believed_meanwhile():
    since = Since(everybody=0, merchants={MERCHANT: T0 + 1})
    assert (await Intake(await table_of(), since=since).step(bare()))[2] == 1


OTHERS_KEY, HTTP_KEY = made("elsewhere"), made(MERCHANT, "intake", "read")
STRANGERS = replace(proven(), headers=[(PROOF, b"a" * 16 + b":" + b"0" * 64)])


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (bare(), f"nothing proves that it comes from {MERCHANT}: its header stamgast-proof is missing; in force: "),
        (replace(bare(), headers=[("Stamgast_Proof", b"x")]), "is missing, and Stamgast_Proof is not it; "),
        (replace(bare(), headers=[("mac", b"x" * 16)]), "its signature is not ours: was it made with another"),
        (replace(proven(), headers=[*proven().headers, *proven().headers]), "it has the header stamgast-proof 2 times"),
        (replace(proven(), headers=[(PROOF, None)]), "its header stamgast-proof is not `<the key's id>:<64 hex"),
        (replace(proven(), headers=[(PROOF, b"0612345678")]), "its header stamgast-proof is not `<the key's id>:<64 hex"),
        (STRANGERS, "its proof is wrong: there is no key aaaaaaaaaaaaaaaa; "),
        (proven(OTHERS_KEY), f"key {OTHERS_KEY.record.id} is not {MERCHANT}'s, whose purchase it says it is"),
        (proven(HTTP_KEY), f"key {HTTP_KEY.record.id} is for HTTP (intake, read)"),
        (replace(proven(), value=(proven().value or b"") + b" "), "it is not the HMAC-SHA256 of the value's bytes as they came"),
    ],
    ids=["none", "misspelt", "ours", "two", "empty", "shapeless", "strangers", "anothers", "http", "changed"],
)  # fmt: skip
async def test_what_is_wrong_with_a_proof_is_told_with_what_would_be_right(found: LogRecord, why: str):
    intake = Intake(await table_of(KEY.record, OTHERS_KEY.record, HTTP_KEY.record))
    [reason], again, events = await intake.step(found)
    assert why in reason
    assert reason.endswith(f"; in force: {KEY.record.id} (docs/producing.md, The proof)")
    assert (again, events, intake.ring.asked) == ([], 0, 0), "and for what strangers make up nobody is asked anything"
    assert "0612345678" not in reason


async def test_a_merchant_without_a_key_is_told_how_to_make_one():
    [reason], _, _ = await Intake(await table_of()).step(bare())
    assert reason.endswith(
        f"`stamgast keys create {MERCHANT} --scope produce` makes a key (docs/producing.md, The proof)"
    )


@pytest.mark.parametrize(
    ("key", "how"),
    [
        (f"{KEY.text}\n", "with a line's end behind the key"),
        (KEY.text.split("_", 2)[2], "with the last part of the key alone, and the whole key is needed"),
    ],
    ids=["with a line's end", "its last part"],
)
async def test_a_key_that_is_nearly_used_as_it_should_be_is_told(key: str, how: str):
    value = proven().value or b""
    header = f"{KEY.record.id}:{hmac.digest(key.encode(), value, 'sha256').hex()}".encode()
    [reason], _, _ = await Intake(await table_of(KEY.record)).step(replace(proven(), headers=[(PROOF, header)]))
    assert f"it was made {how}; " in reason


async def test_capital_digits_are_digits():
    [(name, proof)] = proven().headers
    key_id, _, mac = (proof or b"").partition(b":")
    shouted = replace(proven(), headers=[(name, key_id + b":" + mac.upper())])
    assert len((await Intake(await table_of(KEY.record)).step(shouted))[1]) == 1


async def test_two_keys_are_good_side_by_side_and_one_that_was_just_made_at_once():
    new = made()
    intake = Intake(await table_of(KEY.record), new.record)
    assert len((await intake.step(proven()))[1]) == 1
    assert len((await intake.step(proven(new)))[1]) == 1
    assert intake.ring.asked == 1


async def test_a_revoked_key_proves_what_was_appended_before_and_nothing_after():
    intake = Intake(await table_of(KEY.record, revoked={KEY.record.id: T0 + 500}), KEY.record)
    assert len((await intake.step(proven(timestamp=T0 + 499)))[1]) == 1
    for late in (proven(timestamp=T0 + 500), proven(timestamp=T0, timestamp_type=0)):
        [reason], again, _ = await intake.step(late)
        assert again == []
        assert f"its proof is of key {KEY.record.id}, which was revoked at 20" in reason
    assert intake.ring.asked == 0


async def test_a_key_proves_nothing_that_kafka_says_was_revoked_or_has_no_more():
    ended = ApiKey(KEY.record.id, MERCHANT, KEY.record.scopes, "", 0, 1)
    for intake in (Intake(await table_of(), ended), Intake(await table_of())):
        [reason], again, _ = await intake.step(proven())
        assert again == []
        assert f"its proof is of key {KEY.record.id}, which was revoked; " in reason


async def test_where_the_time_of_revoking_is_the_senders_nothing_of_that_key_is_believed():
    intake = Intake(await table_of(KEY.record, revoked={KEY.record.id: T0 + 500}, time_type=0))
    assert (await intake.step(proven(timestamp=T0)))[1] == []


async def test_while_the_keys_are_being_read_nobody_is_refused():
    with pytest.raises(NotLoadedError):
        await Intake(ApiKeyTable()).step(proven())
    with pytest.raises(NotLoadedError):
        await Intake(ApiKeyTable()).step(replace(proven(), headers=[(PROOF, b"x")]))
