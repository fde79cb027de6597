"""Friends on partitions of their own: both get theirs once, whatever is killed between the one stream and the other."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from stamgast.bootstrap import id_key_of
from stamgast.domain.events import Enrolled, key_of
from stamgast.domain.referral_events import FriendBought, FriendGiven
from stamgast.log.partitioning import partition_for
from stamgast.log.topics import Topics
from stamgast.programs.publish import publish
from stamgast.settings import Settings
from streams.maintenance.verify import verify_all
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.proofs.fleet import Fault, Fleet
from tests.integration.web.conftest import CONFIG, MERCHANT, Web, environment
from tests.integration.web.shop import bread, events

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

REFERRAL = "\nreferral: {reward: free_loaf, friend_reward: free_loaf, least: 3 EUR, join: korenmarkt}\n"
RULE = """
rule: brings-friends
status: live
when: referred
then:
  - tag: ambassador
  - give: free_loaf
    to: friend
"""
FRIENDS = 12


@pytest.fixture
async def published(settings: Settings, topics: Topics, tmp_path: Path) -> None:
    """The bakery, whose customers bring friends."""
    folder = Path(shutil.copytree(CONFIG / MERCHANT, tmp_path / "config" / MERCHANT))
    program = folder / "program.yaml"
    program.write_text(program.read_text() + REFERRAL)
    (folder / "rules" / "brings-friends.yaml").write_text(RULE.lstrip())
    [done] = await publish(settings.kafka_bootstrap, topics.programs, [folder], 0)
    assert done.number is not None, [problem.render() for problem in done.loaded.problems]


@pytest.fixture
async def fleet(web_settings: Settings, published: None, tmp_path: Path) -> AsyncIterator[Fleet]:
    fleet = Fleet(web_settings, tmp_path)
    yield fleet
    fleet.end()


async def enrol(web: Web, **who: Any) -> dict[str, Any]:
    answer = await web.post("/customers", who)
    assert answer.status_code in {200, 201}, answer.text
    return dict(answer.json())


async def shows(web: Web, customer: str, *, vouchers: int | None = None, **expected: Any) -> dict[str, Any]:
    """What the shop sees of a customer, once their `referral` is that."""
    seen: dict[str, Any] = {}

    async def shown() -> bool:
        seen.clear()
        seen.update((await web.get(f"/customers/{customer}")).json())
        referral = seen.get("referral") or {}
        right = {name: referral.get(name) for name in expected} == expected
        return right and vouchers in {None, len(seen.get("vouchers", ()))}

    await eventually(shown, seconds=90, why=f"{customer} shows {expected}, {vouchers} vouchers, and not {seen}")
    return seen


async def command(settings: Settings, *words: str) -> None:
    done = await commands.asked("customer", *words, "--json", env=environment(settings))
    assert done.returncode == 0, done.stderr


async def code_of(web: Web, customer: str) -> str:
    codes: list[str] = []

    async def has_one() -> bool:
        referral = (await web.get(f"/customers/{customer}")).json().get("referral") or {}
        codes.append(referral.get("code") or "")
        return bool(codes[-1])

    await eventually(has_one, seconds=90, why=f"{customer} has a code")
    return codes[-1]


def partitions_of(customers: Sequence[str], topics: Topics) -> set[int]:
    return {partition_for(key_of(MERCHANT, each), topics.partitions) for each in customers}


async def test_whoever_is_killed_between_two_streams_both_get_theirs_once(
    web: Web, fleet: Fleet, web_settings: Settings, empty_redis: Redis
) -> None:
    steady = fleet.start()
    await steady.ready()
    els = (await enrol(web, phone="0612345678", name="Els"))["customer"]
    code = await code_of(web, els)
    friends = [
        (await enrol(web, membership_number=f"F-{number}", referral_code=code.lower()))["customer"]
        for number in range(FRIENDS)
    ]
    mine = partition_for(key_of(MERCHANT, els), web.topics.partitions)
    assert partitions_of(friends, web.topics) - {mine}, "some friends are elsewhere"
    for number, boundary in enumerate(("customers.emit", "customers.half_emitted", "customers.commit")):
        doomed = fleet.start(Fault(boundary, "kill", nth=1))
        await doomed.ready()
        doomed.arm()
        for each in range(4 * number, 4 * number + 4):
            assert (await web.post("/purchases", bread(each, {"customer_id": friends[each]}, days_ago=0))).is_success
        await fleet.struck(doomed, 1)
    assert fleet.kills == 3
    shown = await shows(web, els, friends=FRIENDS, vouchers=FRIENDS)
    assert shown["tags"] == ["ambassador"]
    for friend in friends:
        await shows(web, friend, counts=True, vouchers=2)
    told = await events(web)
    heard = {(each.friend, each.number) for each in told if isinstance(each, FriendBought)}
    assert heard == {(friend, 1) for friend in friends}
    assert {each.customer for each in told if isinstance(each, FriendGiven)} == set(friends)

    back = bread(0, {"customer_id": friends[0]}, days_ago=0) | {"status": "voided", "source_version": 2}
    assert (await web.post("/purchases", back)).is_success
    await shows(web, els, friends=FRIENDS - 1, vouchers=FRIENDS - 1)
    await shows(web, friends[0], counts=False, vouchers=0)
    assert not await web.records(web.topics.dead_letters)
    report = await verify_all(
        web.bootstrap, web_settings.redis_url, web.topics, id_key_of(web_settings), real_time=True
    )
    assert report.equal, report.differences

    await fleet.stop_all()
    await empty_redis.flushall()
    await fleet.start().ready()
    await shows(web, els, friends=FRIENDS - 1, vouchers=FRIENDS - 1, code=code)
    after = (await enrol(web, membership_number="F-after", referral_code=code))["customer"]
    await shows(web, after, invited=True)


async def test_a_code_that_brings_nothing_is_told_with_the_reason_and_a_friend_joins_by_writing(
    web: Web, fleet: Fleet
) -> None:
    await fleet.start().ready()
    els = (await enrol(web, phone="0612345678", name="Els", email="Els@example.nl", membership_number="M-1"))[
        "customer"
    ]
    code = await code_of(web, els)

    async def why(**who: Any) -> str:
        warnings = (await enrol(web, **{"referral_code": code} | who)).get("warnings", [])
        return " ".join(each["detail"] for each in warnings if each["pointer"] == "/referral_code")

    assert "own code" in await why(phone="0612345678")
    assert "own code" in await why(phone="0612345679", membership_number="M-1"), "the household's card"
    assert "household" in await why(phone="0687654321", email="els@example.nl")
    assert "nobody has this code" in await why(phone="0687654322", referral_code="05K7P-M4XQ9")
    assert "nobody has this code" in await why(phone="0687654322", referral_code="'; DROP TABLE")
    bob = (await enrol(web, phone="0687654323", referral_code=code))["customer"]
    await shows(web, bob, invited=True)
    theirs = await code_of(web, bob)
    assert "circle" in await why(membership_number="M-1", referral_code=theirs)
    assert (await web.post("/purchases", bread(1, {"phone": "0687654324"}, days_ago=0))).is_success
    cas = (await web.post("/customers/lookup", {"phone": "0687654324"})).json()

    async def bought() -> bool:
        found = (await web.post("/customers/lookup", {"phone": "0687654324"})).json()
        return bool(found.get("purchases"))

    await eventually(bought, seconds=60, why=f"{cas} bought")
    assert "not new" in await why(phone="0687654324")
    shown = await shows(web, els, refused="circle")
    assert "circle" in shown["referral"]["why"]

    stranger = "+31687654329"
    assert "Répondez OUI" in (await web.message(stranger, f"Join {code.lower().replace('-', ' ')} svp", "SM1")).text
    assert (await web.post("/customers/lookup", {"phone": stranger})).status_code == 404
    assert "<Response/>" in (await web.message(stranger, "oui", "SM2")).text
    friend = (await web.post("/customers/lookup", {"phone": stranger})).json()["customer"]
    await shows(web, friend, invited=True)
    [joined] = [each for each in await events(web) if isinstance(each, Enrolled) and each.customer == friend]
    assert joined.invited_by == els
    assert (await web.post("/purchases", bread(2, {"customer_id": friend}, days_ago=0))).is_success
    await shows(web, friend, counts=True, vouchers=2)
    await shows(web, els, friends=1)

    said = len(await events(web))
    assert "propre code" in (await web.message("+31612345679", f"REJOINDRE {code}", "SM3")).text
    assert len(await events(web)) == said + 1, "they wrote, and agreed to nothing"
    await web.message("+31687654324", f"JOIN {code}", "SM4")
    assert "est pour qui est nouveau" in (await web.message("+31687654324", "oui", "SM5")).text
    assert "JOIN BROOD?" in (await web.message("+31687654328", "JOIN 05K7P-M4XQ9", "SM6")).text


async def test_who_is_merged_takes_code_and_friends_along_and_who_is_forgotten_takes_them_away(
    web: Web, fleet: Fleet, web_settings: Settings
) -> None:
    await fleet.start().ready()
    els = (await enrol(web, phone="0612345678", name="Els"))["customer"]
    new = (await enrol(web, phone="0687654321", name="Els"))["customer"]
    code = await code_of(web, els)
    bob = (await enrol(web, phone="0687654322", referral_code=code))["customer"]
    assert (await web.post("/purchases", bread(1, {"customer_id": bob}, days_ago=0))).is_success
    await shows(web, els, friends=1, vouchers=1)

    await command(web_settings, "merge", MERCHANT, els, new, "--yes")
    await shows(web, new, friends=1, vouchers=1)
    await shows(web, els, code=None, vouchers=0)
    cas = (await enrol(web, phone="0687654323", referral_code=code))["customer"]
    assert (await web.post("/purchases", bread(2, {"customer_id": cas}, days_ago=0))).is_success
    await shows(web, new, friends=2, vouchers=2)
    back = bread(1, {"customer_id": bob}, days_ago=0) | {"status": "voided", "source_version": 2}
    assert (await web.post("/purchases", back)).is_success
    await shows(web, new, friends=1, vouchers=1)

    dirk = (await enrol(web, phone="0687654324"))["customer"]
    await command(web_settings, "merge", MERCHANT, cas, dirk, "--yes")
    await shows(web, dirk, counts=True)
    await shows(web, new, friends=1, vouchers=1)

    theirs = await code_of(web, dirk)
    await command(web_settings, "erase", MERCHANT, dirk)

    async def forgotten() -> bool:
        return bool((await web.get(f"/customers/{dirk}")).json()["erased"])

    await eventually(forgotten, seconds=60, why="Dirk is forgotten")
    warned = await enrol(web, phone="0687654325", referral_code=theirs)
    assert "nobody has this code" in str(warned["warnings"])
    assert not await web.records(web.topics.dead_letters)
    report = await verify_all(
        web.bootstrap, web_settings.redis_url, web.topics, id_key_of(web_settings), real_time=True
    )
    assert report.equal, report.differences
