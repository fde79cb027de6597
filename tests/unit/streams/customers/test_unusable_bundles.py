"""A bundle that cannot be used holds up its own merchant, says so, and is forgotten with the next good one."""

import json
import zlib
from typing import Any

import pytest

from stamgast.domain.events import Barrier, RulePaused, decode_event, encode_event
from stamgast.domain.facts import Fact
from stamgast.programs.in_force import MerchantTable
from stamgast.programs.record import BundleRecord, decode_bundle, load_record
from stamgast.service import Bundle
from streams.customers import bundles as module
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing, bundle_of, come_into_force, standing_of
from streams.runtime.job import own_of
from tests.builders import MERCHANT, T0, bought, bundle, program, rule, tag_rule
from tests.fakes.programs import ProgramsLog
from tests.fakes.records import log_of
from tests.steps import customers_job, customers_partition, records_of
from tests.unit.streams.customers.published import BAD, packed


class Programmes:
    """What was published, in order."""

    def __init__(self) -> None:
        self.bundles = Bundles()
        self._log = ProgramsLog()

    async def publish(self, merchant: str, more: str = "") -> tuple[int, str]:
        """Append a merchant's files, good or bad, and return number and hash."""
        value = packed(merchant, more)
        return await self.append(value), decode_bundle(value).hash

    async def append(self, value: bytes) -> int:
        return await self._log.publish(value, self.bundles)


async def test_a_first_bundle_that_cannot_be_used_lets_its_merchant_wait_until_the_next():
    shop, standing = Programmes(), Standing()
    bad, good = await shop.publish("winkel", BAD), await shop.publish("elders")
    assert not await come_into_force(standing, "winkel", *bad, shop.bundles)
    assert await come_into_force(standing, "elders", *good, shop.bundles)
    assert set(standing.in_force) == {"elders"}
    assert shop.bundles.refused == {"winkel": '`cards` takes words with values, not "12"'}
    assert await come_into_force(standing, "winkel", *await shop.publish("winkel"), shop.bundles)
    assert set(standing.in_force) == {"elders", "winkel"}
    assert shop.bundles.refused == {}


async def test_whatever_is_raised_while_a_bundle_is_compiled_holds_up_its_merchant_alone(
    monkeypatch: pytest.MonkeyPatch,
):
    load = load_record

    def breaks(record: BundleRecord) -> Any:
        if record.merchant == "winkel":
            raise RecursionError("nobody foresaw this")
        return load(record)

    monkeypatch.setattr(module, "load_record", breaks)
    shop, standing = Programmes(), Standing()
    assert not await come_into_force(standing, "winkel", *await shop.publish("winkel"), shop.bundles)
    assert await come_into_force(standing, "elders", *await shop.publish("elders"), shop.bundles)
    assert shop.bundles.refused == {"winkel": "RecursionError on our side"}


async def test_a_bundle_in_force_that_cannot_be_had_any_more_stops_no_other_merchant_and_no_pause_outlives_it():
    shop = Programmes()
    bad, good = await shop.publish("winkel", BAD), await shop.publish("elders")
    meta = {"b:winkel": f"{bad[0]}:{bad[1]}", "b:elders": f"{good[0]}:{good[1]}", "b:weg": "1:ff", "p:winkel": "rule"}
    standing = standing_of(meta)
    assert [await bundle_of(standing, each, shop.bundles) is not None for each in ("winkel", "elders", "weg")] == [
        False, True, False,
    ]  # fmt: skip
    assert set(standing.in_force) == {"elders"}
    assert standing.numbers == {"winkel": bad[0], "elders": good[0], "weg": 1}
    assert set(shop.bundles.refused) == {"winkel"}
    after = standing.copy()
    mended = await shop.publish("winkel")
    assert await come_into_force(after, "winkel", *mended, shop.bundles)
    assert after.changes_since(standing) == {"b:winkel": f"{mended[0]}:{mended[1]}", "p:winkel": ""}


async def test_names_are_read_by_the_newest_programme_that_can_be_used():
    shop = Programmes()
    assert await program_in(shop) is None
    await shop.publish("winkel", BAD)
    assert await program_in(shop) is None
    await shop.publish("winkel")
    await shop.publish("winkel", "cards: {bread: {stamps: 3}}\n")
    await shop.publish("winkel", BAD)
    assert set((await program_in(shop)).cards) == {"bread"}


async def program_in(shop: Programmes) -> Any:
    await shop.bundles.open()
    return await shop.bundles.program_of("winkel")


async def test_web_goes_on_with_the_newest_bundle_that_can_be_used_also_when_it_reads_all_of_them_at_once():
    values = [packed("winkel"), packed("winkel", "cards: {bread: {stamps: 3}}\n"), packed("winkel", BAD), b"garbage"]
    table = MerchantTable()
    await table.apply(log_of(values), {})
    program = await table.get("winkel")
    assert program is not None
    assert set(program.cards) == {"bread"}


async def test_a_programme_of_any_depth_is_passed_over_where_it_cannot_be_read():
    deep = json.dumps({"merchant": "winkel", "hash": "x", "files": {}, "clv": {}}).replace("{}}", "[" * 50_000)
    shop = Programmes()
    with pytest.raises(ValueError, match="not a bundle"):
        decode_bundle(compressed(deep))
    await shop.append(compressed(deep))
    assert shop.bundles.newest == {}


def compressed(text: str) -> bytes:
    return zlib.compress(text.encode())


async def test_a_rule_that_raised_under_the_bundle_before_is_not_paused_under_the_next():
    """Both in one step: the purchase, and the barrier of the bundle in which the rule is mended."""

    def breaks(_: Fact) -> bool:
        raise ZeroDivisionError("a fault of the rule")

    broken = bundle(program(), rule("greet", "purchase", fires=breaks), number=1)
    mended = bundle(program(), tag_rule("greet", "purchase", "greeted"), number=2)

    class Both:
        async def get(self, _merchant: str, content: str, _number: int = -1) -> Bundle:
            return {"hash1": broken, "hash2": mended}[content]

    job = customers_job(Both())
    owned = customers_partition(Standing(in_force={MERCHANT: broken}, numbers={MERCHANT: 1}))
    barrier = Barrier(merchant=MERCHANT, customer="", at=T0, number=2, hash="hash2")
    events = [bought("t1", T0), barrier, bought("t2", T0)]
    effects = await job.step(owned, records_of(*((b"", encode_event(event)) for event in events)))
    paused = [decode_event(each.value) for each in effects.emissions]
    assert [(each.number, each.rule) for each in paused if isinstance(each, RulePaused)] == [(1, "greet")]
    own_of(owned).standing = effects.kept.standing
    after = (await job.step(owned, records_of(*((b"", each.value) for each in effects.emissions)))).kept.standing
    assert after.numbers == {MERCHANT: 2}
    assert after.in_force[MERCHANT].rules.by_id["greet"].status == "live"
