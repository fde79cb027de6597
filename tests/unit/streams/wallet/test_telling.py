"""Devices are woken, and objects written, at least once, however the other side fails: at real servers on loopback."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rules.loader import load_merchant
from stamgast.domain.customer import Card, Customer
from stamgast.domain.look import Look
from stamgast.identity.records import SealedPasses, encode
from stamgast.identity.sealing import SealError
from stamgast.state.errors import StateError
from stamgast.wallet.apple.certificates import read_apple
from stamgast.wallet.apple.push import Waker
from stamgast.wallet.content import content_of
from stamgast.wallet.google.account import read_google
from stamgast.wallet.google.client import GoogleClient
from stamgast.wallet.google.loyalty import object_id, object_json
from streams.metrics import Metrics
from streams.wallet.changes import Change, Who
from streams.wallet.health import Patience
from streams.wallet.sides import AppleSide, GoogleSide, Side
from streams.wallet.telling import Telling
from tests.conftest import eventually
from tests.fakes.apns import OK, Apns, Pushed, Says
from tests.fakes.apple_files import settings_of, write
from tests.fakes.google_wallet import Asked, GoogleWallet
from tests.fakes.identity_log import People

SHOP, AT, DAY = "bakkerij-noord", 1_790_848_800_000, 86_400_000
CONFIG = Path(__file__).parents[4] / "config" / "merchants"
QUICK = Patience(first_s=0.01, most_s=0.05, throttled=3, throttled_s=0.01, gather_s=0.0)


def who(number: int) -> Who:
    return Who(SHOP, "c" + base64.b32encode(number.to_bytes(15)).decode().lower())


class Remembered:
    """What of Redis telling needs."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    async def call(self, _set: str, key: str, value: str, *_ends: Any) -> None:
        self.values[key] = value.encode()


class Cards:
    """What cards show: so many stamps."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.programme = load_merchant(CONFIG / SHOP).program
        self.stamps: Counter[Who] = Counter()

    async def program(self, _merchant: str) -> Any:
        return self.programme

    async def shown(self, customer: Who, _since: int = 0) -> Any:
        state = Customer(cards={"bread": Card(balance=self.stamps[customer])})
        return content_of(customer.customer, state, self.programme, "nl", AT)

    async def of_serial(self, merchant: str, serial: str) -> Any:
        held = await self.people.passes.held(serial, [merchant])
        assert held is not None
        return await self.shown(Who(merchant, held.customer))

    async def page(self, customer: Who, public_url: str) -> str:
        return f"{public_url}/c/{await self.people.cards.token(*customer)}"


class Scene:
    def __init__(self) -> None:
        self.people = People()
        self.cards: Any = Cards(self.people)
        self.redis: Any = Remembered()
        self.metrics = Metrics()

    def telling(self, side: Side) -> Telling:
        self.told = Telling(
            side,
            Any,  # type: ignore[arg-type]
            self.cards,
            self.people.passes,
            redis=self.redis,
            metrics=self.metrics,
            patience=QUICK,
        )
        return self.told

    async def device(self, number: int, name: str = "phone") -> str:
        customer = who(number)
        await self.people.known(*customer)
        held = await self.people.passes.held(await self.people.passes.serial(*customer), [SHOP])
        assert held is not None
        token = f"{number:032x}{name.encode().hex():0>32}"
        await self.people.passes.register(held, f"{name}-{number:06}", token, AT)
        return token

    def count(self, wallet: str, came: str) -> float:
        return self.metrics.wallet_told.labels(wallet, came)._value.get()


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def apns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Apns]:
    server = Apns(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(server.ca))
    yield server
    server.end()


@pytest.fixture
async def apple(scene: Scene, apns: Apns, tmp_path: Path) -> AsyncIterator[Telling]:
    account, wrong = read_apple(settings_of(write(tmp_path) | {"wallet_apple_push_url": apns.url}), AT)
    assert account is not None, wrong
    side = AppleSide(Waker(account, within_s=5), scene.people.passes, lambda: AT)
    yield scene.telling(side)
    await side.close()


def of(*numbers: int) -> dict[Who, Change]:
    return {who(number): Change(at=1) for number in numbers}


async def test_who_has_the_card_is_woken_once_for_a_change_and_nobody_else(scene: Scene, apns: Apns, apple: Telling):
    tokens = [await scene.device(1), await scene.device(1, "watch")]
    await scene.people.known(*who(2))
    assert await apple.tell(of(1, 2))
    assert sorted(apns.tokens) == sorted(tokens)
    await apple.tell(of(1))
    assert len(apns.pushed) == 2, "the card shows what it showed"
    scene.cards.stamps[who(1)] += 1
    await apple.tell(of(1))
    assert len(apns.pushed) == 4
    await apple.tell({who(1): Change(anyway=True)})
    assert len(apns.pushed) == 6, "another language, or a card that was revoked"


async def test_a_device_that_is_gone_is_told_no_more(scene: Scene, apns: Apns, apple: Telling):
    gone, stays = await scene.device(1), await scene.device(1, "watch")
    apns.says = lambda pushed: (410, "Unregistered") if pushed.token == gone else OK
    await apple.tell(of(1))
    assert [each.push_token for each in (await scene.people.passes.of(*who(1))).apple] == [stays]
    assert (scene.count("apple", "gone"), scene.count("apple", "taken")) == (1, 1)


async def test_while_apple_is_down_one_at_a_time_is_tried_and_then_all_are_told(
    scene: Scene, apns: Apns, apple: Telling
):
    tokens = {await scene.device(number) for number in range(200)}
    answers: list[Says] = [(503, "ServiceUnavailable")] * 60

    def says(_pushed: Pushed) -> Says:
        return answers.pop() if answers else OK

    apns.says = says
    telling = asyncio.create_task(apple.tell(of(*range(200))))
    await eventually(lambda: apple.notes() == ["wallet apple: APNs answers 503 ServiceUnavailable"], why="it is told")
    assert scene.metrics.wallet_waiting.labels("apple")._value.get() == 200
    assert scene.metrics.wallet_failing.labels("apple")._value.get() > 0
    assert await telling
    assert set(apns.tokens) == tokens
    assert max(Counter(apns.tokens).values()) <= 60
    assert (apple.notes(), scene.metrics.wallet_failing.labels("apple")._value.get()) == ([], 0)


async def test_a_wrong_certificate_loses_nothing(scene: Scene, apns: Apns, apple: Telling):
    token = await scene.device(1)
    apns.says = lambda _pushed: (403, "BadCertificate") if len(apns.pushed) < 5 else OK
    assert await apple.tell(of(1))
    assert apns.tokens == [token] * 5
    assert (scene.count("apple", "unfit"), scene.count("apple", "taken")) == (4, 1)


async def test_a_device_that_is_woken_too_often_holds_up_no_other(scene: Scene, apns: Apns, apple: Telling):
    busy, other = await scene.device(1), await scene.device(2)
    apns.says = lambda pushed: (429, "TooManyRequests") if pushed.token == busy else OK
    assert await apple.tell(of(1, 2))
    assert Counter(apns.tokens) == {busy: QUICK.throttled, other: 1}
    assert apple.health.failures == 0


async def test_of_ten_thousand_cards_those_that_changed_are_told_over_one_connection(
    scene: Scene, apns: Apns, apple: Telling
):
    of_others = encode(SealedPasses("key", "not to be opened", AT))
    everybody = {f"w:{SHOP}:{who(number).customer}": of_others for number in range(10_000)}
    scene.people.log.view.entries |= everybody
    tokens = [await scene.device(number) for number in range(0, 10_000, 100)]
    seen = scene.cards.shown

    async def counted(customer: Who, since: int = 0) -> Any:
        scene.cards.looks += 1
        return await seen(customer, since)

    scene.cards.shown, scene.cards.looks = counted, 0
    assert await apple.tell(of(*range(0, 10_000, 100), *range(20_000, 30_000)))
    assert sorted(apns.tokens) == sorted(tokens)
    assert (apns.connections, scene.cards.looks) == (1, 100), "who has it in no wallet is not even looked at"


async def test_so_many_are_looked_at_and_woken_at_once_and_no_more(scene: Scene, apns: Apns, apple: Telling):
    tokens = [await scene.device(number, name) for number in range(300) for name in ("phone", "watch")]
    shown, now, most = scene.cards.shown, [0], [0, 0]

    async def looked_at(customer: Who, since: int = 0) -> Any:
        now[0] += 1
        await asyncio.sleep(0)
        most[:] = max(most[0], now[0]), max(most[1], len(asyncio.all_tasks()))
        now[0] -= 1
        return await shown(customer, since)

    scene.cards.shown = looked_at
    begun = len(asyncio.all_tasks())
    side: Any = apple._side
    send = side.send

    async def sent(target: Any) -> Any:
        most[1] = max(most[1], len(asyncio.all_tasks()))
        return await send(target)

    side.send = sent
    assert await apple.tell(of(*range(300)))
    assert sorted(apns.tokens) == sorted(tokens)
    assert 8 <= most[0] <= 32, "side by side"
    assert most[1] - begun <= 64, "and no task waits for each of them"


async def test_trouble_of_ours_with_one_of_many_begins_again_with_all(scene: Scene, apns: Apns, apple: Telling):
    tokens = [await scene.device(number) for number in range(50)]
    shown, troubles = scene.cards.shown, [StateError("Redis does not answer")]

    async def troubled(customer: Who, since: int = 0) -> Any:
        if customer == who(7) and troubles:
            raise troubles.pop()
        return await shown(customer, since)

    scene.cards.shown = troubled
    with pytest.raises(StateError):
        await apple.tell(of(*range(50)))
    assert await apple.tell(of(*range(50)))
    assert sorted(apns.tokens) == sorted(tokens)


async def test_a_card_that_cannot_be_read_holds_up_no_other(scene: Scene, apns: Apns, apple: Telling):
    """Its wrapping key is not configured, or its state is spoilt."""
    await scene.device(1)
    other = await scene.device(2)
    shown = scene.cards.shown

    async def spoilt(customer: Who, since: int = 0) -> Any:
        if customer == who(1):
            raise SealError("the wrapping key is not among WRAPPING_KEYS")
        return await shown(customer, since)

    scene.cards.shown = spoilt
    assert await apple.tell(of(1, 2))
    assert apns.tokens == [other]


async def test_who_is_to_end_leaves_the_rest_to_the_next(scene: Scene, apns: Apns, apple: Telling):
    await scene.device(1)
    apns.says = lambda _pushed: (503, "")
    telling = asyncio.create_task(apple.tell(of(1)))
    await eventually(lambda: bool(apns.pushed), why="it is tried")
    apple._stopped.set()
    assert await telling is False
    assert scene.redis.values == {}


@pytest.fixture
def google(tmp_path: Path) -> Iterator[GoogleWallet]:
    server = GoogleWallet()
    yield server
    server.end()


@pytest.fixture
async def objects(scene: Scene, google: GoogleWallet, tmp_path: Path) -> AsyncIterator[Telling]:
    account, wrong = read_google(settings_of(google.settings(tmp_path)))
    assert account is not None, wrong
    client = GoogleClient(account, within_s=5)
    scene.account = account  # type: ignore[attr-defined]
    side = GoogleSide(client, account, scene.cards, scene.people.passes, lambda: AT)
    yield scene.telling(side)
    await side.close()


async def saved(scene: Scene, google: GoogleWallet, number: int) -> str:
    """Somebody has put their card into Google Wallet."""
    await scene.people.known(*who(number))
    serial = await scene.people.passes.serial(*who(number))
    held = await scene.people.passes.held(serial, [SHOP])
    assert held is not None
    await scene.people.passes.save(held, AT)
    account: Any = scene.account  # type: ignore[attr-defined]
    google.put(object_json(account, SHOP, serial, await scene.cards.shown(who(number))))
    return object_id(account, serial)


async def test_an_object_is_brought_up_to_date(scene: Scene, google: GoogleWallet, objects: Telling):
    name = await saved(scene, google, 1)
    scene.cards.stamps[who(1)] = 5
    await objects.tell(of(1))
    assert google.objects[name]["loyaltyPoints"]["balance"] == {"string": "5 / 7"}
    assert google.objects[name]["linksModuleData"]["uris"][0]["uri"].startswith("https://loyalty.example.com/c/")
    assert google.tokens == 1, "one token serves for an hour"


async def test_google_throttles_and_fails_and_nothing_is_lost(scene: Scene, google: GoogleWallet, objects: Telling):
    name = await saved(scene, google, 1)
    answers = [(429, {"retry-after": "0"}), (500, {}), (503, {}), (401, {})]

    def says(_asked: Asked) -> tuple[int, dict[str, str]] | None:
        return answers.pop(0) if answers else None

    google.says = says
    scene.cards.stamps[who(1)] = 6
    assert await objects.tell(of(1))
    assert google.objects[name]["loyaltyPoints"]["balance"] == {"string": "6 / 7"}
    assert google.tokens == 2, "one that was taken back is asked for anew"


async def test_an_account_that_is_not_let_in_is_told_and_waits(scene: Scene, google: GoogleWallet, objects: Telling):
    name = await saved(scene, google, 1)
    google.lets_in = False
    scene.cards.stamps[who(1)] = 2
    telling = asyncio.create_task(objects.tell(of(1)))
    await eventually(lambda: bool(objects.notes()), why="it is told")
    assert objects.notes() == ["wallet google: Google gives out no token: 400 invalid_grant"]
    google.lets_in = True
    assert await telling
    assert google.objects[name]["loyaltyPoints"]["balance"] == {"string": "2 / 7"}


async def test_a_card_that_nobody_put_there_is_not_asked_for_for_ever(
    scene: Scene, google: GoogleWallet, objects: Telling
):
    await scene.people.known(*who(1))
    held = await scene.people.passes.held(await scene.people.passes.serial(*who(1)), [SHOP])
    assert held is not None
    await scene.people.passes.save(held, AT - DAY + 1)
    await objects.tell(of(1))
    assert len((await scene.people.passes.of(*who(1))).google) == 1, "it was begun a moment ago"
    await scene.people.passes.forget(*who(1))
    await scene.people.passes.save(held, AT - DAY - 1)
    await objects.tell({who(1): Change(anyway=True)})
    assert (await scene.people.passes.of(*who(1))).google == ()


async def test_a_shop_is_made_once_and_again_when_it_looks_otherwise(
    scene: Scene, google: GoogleWallet, objects: Telling
):
    for number in range(5):
        await saved(scene, google, number)
    await objects.tell(of(*range(5)))
    (shop,) = google.classes.values()
    assert shop["programLogo"]["sourceUri"]["uri"].startswith("https://loyalty.example.com/wallet/logo/")
    assert [each.method for each in google.asked if "Class" in each.path] == ["PATCH", "POST"]
    scene.cards.programme = replace(scene.cards.programme, look=Look(colour="#123456"))
    scene.cards.stamps[who(1)] += 1
    await objects.tell(of(1))
    (shop,) = google.classes.values()
    assert shop["hexBackgroundColor"] == "#123456"
