"""A barrier that names no published bundle is nobody's: it is passed over, and no later bundle is mistaken for old."""

import pytest

from stamgast.domain.events import Barrier
from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle
from streams.customers.bundles import Bundles, UnknownBundleError
from streams.customers.in_force import Standing, come_into_force
from tests.fakes.programs import ProgramsLog

FILES = {
    "program.yaml": "merchant: winkel\nname: De Winkel\ncurrency: EUR\nregion: NL\n"
    "time_zone: Europe/Amsterdam\nlanguages: [nl]\nstores: {hoek: {}}\n"
}
HASH = bundle_hash(FILES, {})


class JustRead(ProgramsLog):
    async def read(self, number: int) -> list[tuple[int, bytes]]:
        raise AssertionError(f"{number} was read a moment ago")


async def shelf() -> Bundles:
    log = JustRead()
    bundles = Bundles(log)
    await log.publish(encode_bundle(BundleRecord(merchant="winkel", hash=HASH, files=FILES)), bundles)
    return bundles


@pytest.mark.parametrize("number", [1, 7, 10**30])
async def test_a_barrier_beyond_the_programmes_holds_nobody_up_and_leaves_no_trace(number: int):
    standing, bundles = Standing(), await shelf()
    forged = Barrier(merchant="winkel", customer="", at=1, number=number, hash="x")
    assert not await come_into_force(standing, forged.merchant, forged.number, forged.hash, bundles)
    assert standing.numbers == {}
    assert await come_into_force(standing, "winkel", 0, HASH, bundles)


async def test_a_bundle_under_another_number_is_unknown():
    bundles = await shelf()
    assert (await bundles.get("winkel", HASH, 0)).hash == HASH
    with pytest.raises(UnknownBundleError):
        await bundles.get("elders", HASH, 0)
