"""Which devices have somebody's card in a wallet: sealed, bounded, moved with mergers, gone with the person."""

from __future__ import annotations

import base64
import re

import pytest

from stamgast.identity.card_tokens import CardTokens
from stamgast.state.passes import MOST_DEVICES, MOST_LISTED, Held, WalletPasses
from tests.fakes.identity_log import ID_KEY, People

SHOP, AT = "bakkerij-noord", 1_790_848_800_000
DEVICE, TOKEN = "0123456789abcdef0123456789abcdef", "ab" * 32


def customer(number: int) -> str:
    return "c" + base64.b32encode(number.to_bytes(15)).decode().lower()


NOOR, JAN = customer(1), customer(2)


@pytest.fixture
async def people() -> People:
    made = People()
    for each in (NOOR, JAN):
        await made.known(SHOP, each)
    return made


async def held(passes: WalletPasses, who: str = NOOR) -> Held:
    found = await passes.held(await passes.serial(SHOP, who), ["other", SHOP])
    assert found is not None
    return found


async def test_a_serial_number_stands_for_a_pass_and_opens_no_page(people: People):
    serial = await people.passes.serial(SHOP, NOOR)
    assert await held(people.passes) == Held(SHOP, NOOR, serial, void=False)
    assert await people.passes.held(serial, ["other"]) is None
    assert CardTokens(ID_KEY).open(serial, [SHOP]) is None
    assert serial != await people.cards.token(SHOP, NOOR)
    assert re.fullmatch("[0-9a-f]{40}", people.passes.authentication(serial))
    assert people.passes.authentication(serial) != people.passes.authentication(await people.passes.serial(SHOP, JAN))


async def test_the_pass_of_a_card_that_was_revoked_is_void_and_the_next_one_is_not(people: People):
    old = await held(people.passes)
    await people.cards.revoke(SHOP, NOOR, AT)
    found = await people.passes.held(old.serial, [SHOP])
    assert found is not None
    assert (found.void, (await held(people.passes)).void) == (True, False)


async def test_a_device_is_told_until_it_wants_no_more(people: People):
    passes, mine = people.passes, await held(people.passes)
    assert await passes.register(mine, DEVICE, TOKEN, AT) is True
    assert await passes.register(mine, DEVICE, TOKEN, AT + 1) is False
    assert await passes.register(mine, DEVICE, "cd" * 32, AT + 2) is False, "it has another push token by now"
    assert [each.push_token for each in (await passes.of(SHOP, NOOR)).apple] == ["cd" * 32]
    assert await passes.listed(DEVICE) == [mine.serial]
    assert await passes.who_has(SHOP, [JAN, NOOR]) == [NOOR]
    assert await passes.unregister(mine, DEVICE, AT) is True
    assert await passes.unregister(mine, DEVICE, AT) is False
    assert (await passes.listed(DEVICE), await passes.who_has(SHOP, [NOOR])) == ([], [])


async def test_nothing_of_a_device_stands_on_a_topic_in_the_clear(people: People):
    await people.passes.register(await held(people.passes), DEVICE, TOKEN, AT)
    everything = b"".join(key + (value or b"") for key, value in people.log.appended)
    assert DEVICE.encode() not in everything
    assert TOKEN.encode() not in everything
    assert DEVICE not in repr(await people.passes.of(SHOP, NOOR))


async def test_a_push_token_that_is_good_for_nothing_is_dropped(people: People):
    mine = await held(people.passes)
    await people.passes.register(mine, DEVICE, TOKEN, AT)
    await people.passes.register(mine, "another-device", "cd" * 32, AT)
    await people.passes.drop(SHOP, NOOR, TOKEN, AT)
    assert [each.library for each in (await people.passes.of(SHOP, NOOR)).apple] == ["another-device"]
    assert await people.passes.listed(DEVICE) == []


async def test_who_is_forgotten_is_in_no_wallet_any_more(people: People):
    mine = await held(people.passes)
    await people.passes.register(mine, DEVICE, TOKEN, AT)
    await people.passes.save(mine, AT)
    await people.passes.forget(SHOP, NOOR)
    await people.profiles.erase(SHOP, NOOR)
    assert (await people.passes.listed(DEVICE), await people.passes.who_has(SHOP, [NOOR])) == ([], [])
    await people.passes.forget(SHOP, NOOR)
    assert not [name for name in people.log.view.entries if name[:1] in "wd"]


async def test_what_two_had_is_of_whom_they_became(people: People):
    passes, theirs, mine = people.passes, await held(people.passes, JAN), await held(people.passes)
    await passes.register(theirs, DEVICE, TOKEN, AT)
    await passes.save(theirs, AT)
    await passes.register(mine, "another-device", "cd" * 32, AT + 1)
    for _ in range(2):  # who was cut short asks again
        await people.cards.lead(SHOP, JAN, NOOR, AT)
        await passes.move(SHOP, JAN, NOOR, AT)
    found = await passes.of(SHOP, NOOR)
    assert {each.library for each in found.apple} == {DEVICE, "another-device"}
    assert [each.serial for each in found.google] == [theirs.serial]
    assert await passes.held(theirs.serial, [SHOP]) == Held(SHOP, NOOR, theirs.serial, void=False)
    assert await passes.unregister(theirs._replace(customer=NOOR), DEVICE, AT)


async def test_of_a_thousand_devices_the_newest_are_told(people: People):
    passes, mine = people.passes, await held(people.passes)
    for number in range(1_000):
        await passes.register(mine, f"device-{number:04}", f"{number:064x}", AT + number)
    found = [each.library for each in (await passes.of(SHOP, NOOR)).apple]
    assert found == [f"device-{number:04}" for number in range(1_000 - MOST_DEVICES, 1_000)]
    assert len([name for name in people.log.view.entries if name.startswith("d:")]) == MOST_DEVICES
    largest = max(len(value or b"") for _key, value in people.log.appended)
    assert largest < 8_000, "a record of one customer stays small"


async def test_a_device_with_many_passes_is_told_of_so_many(people: People):
    for number in range(10, 10 + MOST_LISTED + 5):
        await people.known(SHOP, customer(number))
        await people.passes.register(await held(people.passes, customer(number)), DEVICE, TOKEN, AT)
    assert len(await people.passes.listed(DEVICE)) == MOST_LISTED


async def test_a_save_that_came_to_nothing_is_forgotten_after_its_time(people: People):
    mine = await held(people.passes)
    await people.passes.save(mine, AT)
    await people.passes.save(mine, AT + 5)
    await people.passes.unsave(SHOP, NOOR, mine.serial, AT, AT)
    assert len((await people.passes.of(SHOP, NOOR)).google) == 1
    await people.passes.unsave(SHOP, NOOR, mine.serial, AT + 1, AT)
    assert (await people.passes.of(SHOP, NOOR)).google == ()
