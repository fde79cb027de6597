"""Every recipe, made by the command and brought into force, until its message is on somebody's phone."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from stamgast.state.keys import customers
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, ROOT, Deployment

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

OPENS: Final = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
PROGRAM: Final = """\
merchant: winkel
name: De Winkel
currency: EUR
region: NL
time_zone: Europe/Amsterdam
languages: [nl]
stores: {hoek: {}}
templates: {hello: {purpose: utility}}
lapse: {by: own_rhythm, median_gap_days: 2, fallback_days: 8}
messaging:
  sms_sender: "+31970102345"
  caps: {marketing: [50 per day]}
"""
NOTHING: Final = """\
rule: quiet
status: draft
when: purchase
then: [{tag: quiet}]
"""
ANSWERS: Final = {
    "reward-expires": ("before=27 days",),
    "tips": ("category=coffee",),
    "photo-game": (f"opens={OPENS:%Y-%m-%d}", "closes=2026-10-20", "drawn=2026-10-21"),
    "instant-win": (f"opens={OPENS:%Y-%m-%d}", "closes=2026-10-20", "one_in=1"),
    "recall": (f"from={OPENS:%Y-%m-%d}", "to=2026-10-02", "product=COFFEE", "called=de koffie"),
    "salon": ("visits=2", "weeks=1", "away=5 days"),
}
SAYS: Final = {
    "welcome": "welkom!",
    "first-return": "leuk dat u er weer was!",
    "nearly-there": "nog 1 te gaan!",
    "stamp-card": "uw kaart is vol!",
    "reward-expires": "nog even geldig!",
    "birthday": "bijna jarig!",
    "personal-voucher": "10% korting: toon code",
    "vip-tier": "u hoort nu bij onze beste klanten!",
    "upsell": "Vraag ons volgende keer naar het pakket",
    "win-back": "we missen u!",
    "tips": "een tip",
    "salon": "het is weer tijd voor u!",
    "feedback": "daar doen we het voor!",
    "photo-game": "mooie foto, u doet mee!",
    "instant-win": "prijs! Iets lekkers: toon code",
    "poster": "3 van 7 stempels",  # two of them of `welcome`, whose words go before the poster's own
    "birthday-collector": "genoteerd, dank u wel!",
    "recall": "Gebruik het niet en breng het terug",
    "refer-a-friend": "uw vriend was er, dank u!",
    "cross-sell": "anderen namen daarna een koffiemolen",
}
"""Recipe -> what its message says."""
ELSEWHERE: Final = {"staff-alert", "stamps-expire"}
"""One needs customers enough for a fit: `test_segments` plays it to the phone. The other takes a year, which its tests play."""


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    deployment.env["STAMGAST_CLOCK"] = "driven"
    deployment.run("clock", "set", _text(OPENS), "--json")
    try:
        await deployment.start(program=PROGRAM, rule=NOTHING)
        yield deployment
    finally:
        await deployment.end()


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def make_all(shop: Deployment) -> None:
    """Make each rule, and bring them into force as a marketer who has read them does."""
    recipes = ROOT / "config/recipes"
    assert {path.stem for path in recipes.glob("*.yaml")} == set(SAYS) | ELSEWHERE, "a new recipe is played here, too"
    shutil.copytree(recipes, shop.folder / "config/recipes")
    for recipe in sorted(SAYS, key=lambda each: each != "stamp-card"):  # the others speak of its card
        answers = [word for answer in ANSWERS.get(recipe, ()) for word in ("--set", answer)]
        if "hold_out" in (recipes / f"{recipe}.yaml").read_text():
            answers += ["--set", "hold_out=0%"]
        made = shop.asked("rules", "new", recipe, *answers, "--json", code=0)
        for rule in made["rules"]:
            path = shop.folder / "config/merchants" / MERCHANT / f"rules/{rule}.yaml"
            path.write_text(path.read_text().replace("status: draft", "status: live"))
    shop.run("publish", "--json")


async def enrol(shop: Deployment, number: int, birthday: str | None = None, code: str | None = None) -> str:
    consent = {"channel": "sms", "wording_version": "1", "source": "till"}
    consents = [consent | {"purpose": purpose} for purpose in ("marketing", "utility")]
    body: dict[str, Any] = {"phone": f"06120{number:05d}", "first_name": "Jo", "consents": consents}
    body |= {"birthday": birthday} if birthday else {}
    body |= {"referral_code": code} if code else {}
    answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/customers", json=body)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["customer"])


async def buy(shop: Deployment, at: datetime, amounts: dict[int, int]) -> None:
    sales = [
        {
            "transaction_id": f"till:{at:%d}:{number}", "source_version": 1, "status": "completed",
            "end_date_time": _text(at), "store": {"retail_store_id": "hoek"},
            "customer": {"phone": f"06120{number:05d}"}, "price_currency": "EUR", "totals": {"gross_minor": amount},
            "line_items": [{"line_id": "1", "gross_minor": amount, "category": "coffee", "sku": "COFFEE"}],
        }
        for number, amount in amounts.items()
    ]  # fmt: skip
    answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/purchases", json=sales)
    assert answer.status_code == 202, answer.text


async def heard(shop: Deployment) -> dict[str, str]:
    """Phone -> everything that came to it."""
    found: dict[str, str] = {}
    for message in await shop.messages():
        found[message["to"][-1]] = found.get(message["to"][-1], "") + message["body"]
    return found


async def play(shop: Deployment, number: int, *steps: dict[str, Any]) -> None:
    """What somebody writes and reads at a phone, step by step."""
    script = {"from": f"+316120{number:05d}", "to": "+31970102345", "channel": "sms"}
    done = script | {"steps": [{"within_s": 60} | step if "expect" in step else step for step in steps]}
    played = (await shop.http.post(f"{shop.sandbox_url}/sandbox/script", json=done, timeout=250)).json()
    assert played["ok"], played


async def talk(shop: Deployment, day: int) -> None:
    """What people do at their phones on that day."""
    how, when = {"expect": "hoe was het bij ons?"}, {"expect": "wanneer bent u jarig?"}
    if day == 0:
        join, welcome = {"body": "JOIN CLUB"}, {"expect": SAYS["welcome"]}
        await play(shop, 10, join, welcome, {"body": "KAART"}, {"expect": SAYS["poster"]})
    if day == 1:
        await play(shop, 6, how, {"body": "8"})
        await play(shop, 7, how, {"body": "een 9!"}, {"expect": SAYS["feedback"]})
        await play(shop, 7, {"photo": "cake"}, {"expect": SAYS["photo-game"]})
        await play(shop, 8, how, {"body": "3"}, {"expect": "We bellen u"})
    if day == 2:
        await play(shop, 6, when, {"body": "3 mei"}, {"expect": SAYS["birthday-collector"]})


async def test_each_recipe_reaches_a_phone(shop: Deployment) -> None:
    make_all(shop)
    regular = await enrol(shop, 1)
    for number, birthday in ((2, "1988-10-09"), *((number, None) for number in range(3, 9))):
        await enrol(shop, number, birthday)
    await eventually(lambda: _code_of(shop, regular), seconds=60, every=0.1)
    await enrol(shop, 9, code=await _code_of(shop, regular))
    at_the_till = {
        0: {1: 350, 2: 350, 3: 2600, 4: 50_000, 5: 1600, 6: 350, 7: 350, 8: 350},
        1: {1: 350, 5: 1600, 6: 350, 9: 1600},
        2: {1: 350, 5: 1600, 6: 350},
        **{day: {1: 350} for day in range(3, 7)},
    }
    wanted = {
        "1": ("welcome", "first-return", "nearly-there", "stamp-card", "reward-expires", "refer-a-friend"),
        "2": ("welcome", "birthday", "tips"),
        "3": ("personal-voucher", "recall"),
        "4": ("vip-tier",),
        "5": ("upsell", "cross-sell"),
        "6": ("win-back", "salon", "birthday-collector"),
        "7": ("feedback", "photo-game"),
        "9": ("instant-win",),
    }

    async def missing() -> list[tuple[str, str]]:
        phones = await heard(shop)
        asked = ((phone, recipe) for phone, recipes in wanted.items() for recipe in recipes)
        return [(phone, recipe) for phone, recipe in asked if SAYS[recipe] not in phones.get(phone, "")]

    async def all_came() -> bool:
        left = await missing()
        assert not left, left
        return True

    for day in range(40):
        today = OPENS + timedelta(days=day)
        shop.run("clock", "set", _text(today), "--json")
        if day in at_the_till:
            await buy(shop, today - timedelta(minutes=1), at_the_till[day])
            await eventually(lambda: _has_bought(shop, regular, day + 1), seconds=60, every=0.1)  # noqa: B023
            await talk(shop, day)
            if day == 3:
                shop.run("campaign", "start", "recall", "--yes", "--json")
        elif not await missing():
            break
        await eventually(lambda: _is_over(shop, today), seconds=60, every=0.1)  # noqa: B023
    await eventually(all_came, seconds=60)


async def _is_over(shop: Deployment, day: datetime) -> bool:
    """Whether nothing is left to be done of what is due by then: what comes a day late is not said any more."""
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        for number in range(shop.topics.partitions):
            mine = customers(number)
            due = await client.zrange(mine.timers, 0, 0, withscores=True)
            if due and float(due[0][1]) <= day.timestamp() * 1_000:
                return False
            if await client.hlen(mine.outbox) or await client.hlen(mine.sending):
                return False
    return True


async def _code_of(shop: Deployment, customer: str) -> str:
    answer = await shop.http.get(f"{shop.web_url}/v1/merchants/{MERCHANT}/customers/{customer}")
    referral = answer.json().get("referral") if answer.status_code == 200 else None
    return (referral or {}).get("code") or ""


async def _has_bought(shop: Deployment, customer: str, times: int) -> bool:
    answer = await shop.http.get(f"{shop.web_url}/v1/merchants/{MERCHANT}/customers/{customer}")
    return answer.status_code == 200 and bool(answer.json()["purchases"] == times)
