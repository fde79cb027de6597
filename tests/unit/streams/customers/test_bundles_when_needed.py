"""A bundle is compiled when something of its merchant's is to be done, and memory keeps what is asked for."""

from typing import Any

import msgspec
import pytest

from stamgast.domain.events import encode_event
from stamgast.programs import in_force as web_side
from stamgast.programs.in_force import MerchantTable
from stamgast.programs.record import BundleRecord, bundle_hash, decode_bundle, encode_bundle, glance_at, load_record
from streams.customers import bundles as module
from streams.customers.batch import Batch
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing, bundle_of, come_into_force, concerned, judge_newest, standing_of
from streams.customers.state_cache import RecentStates
from tests.builders import KEY, T0, bought, sure
from tests.conftest import eventually
from tests.fakes.programs import ProgramsLog
from tests.fakes.records import LogRecord, log_of
from tests.steps import records_of
from tests.unit.streams.customers.published import BAD, PROGRAM, packed

RULE = "rule: greet\ndescription: x\nstatus: live\nwhen: purchase\nthen:\n  - tag: {add: greeted}\n"


class Shop:
    """Bundles over a log, and what was compiled of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log = ProgramsLog()
        self.compiled: list[str] = []
        self.bundles = Bundles(self.log)
        load = load_record

        def loads(record: BundleRecord) -> Any:
            self.compiled.append(record.merchant)
            return load(record)

        monkeypatch.setattr(module, "load_record", loads)

    async def publish(self, merchant: str, more: str = "", rule: str = "") -> tuple[int, str]:
        files = {"program.yaml": PROGRAM.format(merchant) + more} | ({"rules/greet.yaml": rule} if rule else {})
        value = encode_bundle(BundleRecord(merchant=merchant, hash=bundle_hash(files, {}), files=files))
        return await self.log.publish(value, self.bundles), decode_bundle(value).hash


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(monkeypatch)


def meta_of(**barriers: tuple[int, str]) -> dict[str, str]:
    return {f"b:{merchant}": f"{number}:{content}" for merchant, (number, content) in barriers.items()}


def purchase_of(merchant: str) -> bytes:
    return encode_event(msgspec.structs.replace(bought("t1", T0), merchant=merchant))


async def sorted_into(standing: Standing, shop: Shop, *values: bytes) -> Batch:
    nobody: Any = None
    batch = Batch(nobody, standing, shop.bundles, 0, KEY, recent=RecentStates())
    await batch.sort(records_of(*((b"", value) for value in values)))
    return batch


async def test_of_the_merchants_in_force_those_are_compiled_of_whom_something_happens(shop: Shop):
    barriers = {merchant: await shop.publish(merchant) for merchant in ("winkel", "elders", "ver")}
    standing = standing_of(meta_of(**barriers))
    await judge_newest(standing, shop.bundles)
    assert shop.compiled == []
    batch = await sorted_into(standing, shop, purchase_of("elders"), purchase_of("elders"), purchase_of("ver"))
    assert shop.compiled == ["elders", "ver"]
    assert [len(runs[0].items) for runs in batch.runs.values()] == [2, 1]
    assert batch.parked == {}


async def test_a_rule_rests_although_its_bundle_is_compiled_later_than_that_is_known(shop: Shop):
    barrier = await shop.publish("winkel", rule=RULE)
    standing = standing_of(meta_of(winkel=barrier) | {"p:winkel": "greet"})
    bundle = sure(await bundle_of(standing, "winkel", shop.bundles))
    assert bundle.rules.by_id["greet"].status == "paused"


async def test_a_bundle_that_cannot_be_used_leaves_the_one_before_it_in_force_that_nobody_has_asked_for_yet(shop: Shop):
    good, bad = await shop.publish("winkel"), await shop.publish("winkel", BAD)
    before = standing_of(meta_of(winkel=good))
    after = before.copy()
    assert not await come_into_force(after, "winkel", *bad, shop.bundles)
    assert after.changes_since(before) == {"b:winkel": f"{bad[0]}:{good[1]}"}
    assert sure(await bundle_of(after, "winkel", shop.bundles)).hash == good[1]


async def test_what_comes_into_force_counts_for_what_comes_after_it_and_the_one_before_for_what_came_before(shop: Shop):
    old, new = await shop.publish("winkel"), await shop.publish("winkel", "freshness: {purchases: 3 hours}\n")
    standing = standing_of(meta_of(winkel=old))
    assert not await come_into_force(standing, "winkel", *old, shop.bundles), "it is in force already"
    before = await sorted_into(standing.copy(), shop, purchase_of("winkel"))
    assert await come_into_force(standing, "winkel", *new, shop.bundles)
    after = await sorted_into(standing, shop, purchase_of("winkel"))
    assert [runs[0].bundle.hash for batch in (before, after) for runs in batch.runs.values()] == [old[1], new[1]]


async def test_the_newest_of_a_merchant_that_is_not_in_force_yet_is_judged_without_an_event(shop: Shop):
    good, _ = await shop.publish("winkel"), await shop.publish("winkel", BAD)
    await judge_newest(standing_of(meta_of(winkel=good)), shop.bundles)
    assert set(shop.bundles.refused) == {"winkel"}


async def test_those_who_ask_for_something_are_found_without_an_event_of_theirs_and_a_few_at_a_time(shop: Shop):
    barriers = {f"winkel{n}": await shop.publish(f"winkel{n}", "feed: {stale_after: 2 days}\n") for n in range(5)}
    barriers["ver"] = await shop.publish("ver")
    standing = standing_of(meta_of(**barriers))
    counts = [len(await concerned(standing, shop.bundles, lambda seen: seen.may_watch_feed, most=2)) for _ in range(4)]
    assert counts == [2, 4, 5, 5]
    assert "ver" not in shop.compiled


def test_a_key_that_is_written_with_escapes_is_not_overlooked():
    def seen(program: str, **files: str) -> Any:
        return glance_at(BundleRecord(merchant="m", hash="", files={"program.yaml": program} | files))

    assert not seen("name: x").may_watch_feed
    assert seen("feed: {stale_after: 2 days}").may_watch_feed
    assert seen('"f\\x65ed": {stale_after: 2 days}').may_watch_feed
    assert not seen("name: x", **{"rules/a.yaml": "rule: a"}).may_limit_days
    assert seen("name: x", **{"rules/a.yaml": "limits: {messages: 3 a day}"}).may_limit_days


async def test_what_nobody_asked_for_lately_is_read_from_the_log_again(shop, monkeypatch):
    monkeypatch.setattr(module, "MOST_PACKED_BYTES", 1)
    monkeypatch.setattr(module, "MOST_COMPILED", 1)
    *older, _ = [await shop.publish("winkel", f"freshness: {{purchases: {n} hours}}\n") for n in (1, 2, 3, 4)]
    for number, content in (*older, older[2], older[0]):
        assert (await shop.bundles.get("winkel", content, number)).hash == content
    assert shop.log.reads == [0, 1, 2, 0]
    assert shop.compiled == ["winkel"] * 4


async def test_a_log_that_does_not_answer_says_nothing_about_a_bundle(shop, monkeypatch):
    monkeypatch.setattr(module, "MOST_PACKED_BYTES", 1)
    (_, content), _ = await shop.publish("winkel"), await shop.publish("winkel", "freshness: {purchases: 1 hour}\n")
    shop.log.fails = 1
    with pytest.raises(OSError, match="away"):
        await shop.bundles.get("winkel", content)
    assert (await shop.bundles.get("winkel", content)).hash == content
    assert shop.bundles.refused == {}


async def test_a_log_that_is_read_again_from_its_beginning_takes_nobody_back(shop: Shop):
    old, new = await shop.publish("winkel"), await shop.publish("winkel", "freshness: {purchases: 1 hour}\n")
    await shop.bundles.apply([LogRecord(old[0], shop.log.values[0])], {("programs.v1", 0): 1})
    assert shop.bundles.newest["winkel"] == new


async def test_web_answers_as_soon_as_everything_is_read_and_compiles_the_others_meanwhile(monkeypatch):
    compiled: list[str] = []
    load = load_record

    def loads(record: BundleRecord) -> Any:
        compiled.append(record.merchant)
        return load(record)

    monkeypatch.setattr(web_side, "load_record", loads)
    table = MerchantTable()
    values = [packed(f"winkel{n}") for n in range(5)]
    await table.apply(log_of(values), {})
    assert compiled == []
    assert sure(await table.get("winkel3")).merchant == "winkel3"
    assert compiled == ["winkel3"]
    await table.open()
    await eventually(lambda: len(compiled) == 5)
    assert {program.merchant for program in await table.all()} == {f"winkel{n}" for n in range(5)}


async def test_web_finds_the_one_that_can_be_used_behind_any_number_that_cannot(monkeypatch):
    monkeypatch.setattr(web_side, "_MOST_WAITING", 3)
    table = MerchantTable()
    values = [packed("winkel"), *(packed("winkel", f"{BAD}# {n}\n") for n in range(20))]
    await table.apply(log_of(values), {})
    assert sure(await table.get("winkel")).merchant == "winkel"


async def test_whatever_is_raised_while_web_compiles_a_bundle_holds_up_its_merchant_alone(monkeypatch):
    load = load_record

    def breaks(record: BundleRecord) -> Any:
        if "hours" in record.files["program.yaml"]:
            raise RecursionError("nobody foresaw this")
        return load(record)

    monkeypatch.setattr(web_side, "load_record", breaks)
    table = MerchantTable()
    values = [packed("winkel"), packed("winkel", "freshness: {purchases: 3 hours}\n"), packed("elders")]
    await table.apply(log_of(values), {})
    assert [program.merchant for program in await table.all()] == ["winkel", "elders"]
