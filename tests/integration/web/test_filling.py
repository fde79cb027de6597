"""What web says while Redis is being filled anew: nothing that is not so, and how far it is."""

from typing import Any

import pytest

from stamgast.domain.voucher_codes import short_of
from stamgast.filling import Filling, NotFilledError
from stamgast.log.appender import Appender
from stamgast.log.topics import Topics
from stamgast.settings import Settings
from stamgast.state.backlogs import Backlog, encode_backlogs
from stamgast.state.keys import customers
from stamgast.state.partitions import Lease, Writes, ask_for_rebuild
from stamgast.state.voucher_owners import encode_owner
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.proofs.forge import Forged
from tests.integration.web.conftest import MERCHANT, environment
from tests.integration.web.shop import bread

PLACE = {"cluster": "c", "topic": "t"}
KEYS = customers(0)
NAME = KEYS.customer(MERCHANT, "anna")


async def with_a_voucher(web: Any, worker: Forged) -> tuple[str, str]:
    """Seven loaves are bought; the customer, and the code of what they gave."""
    joined = await web.post("/customers", {"phone": "0612345678", "language": "nl"})
    customer = joined.json()["customer"]
    for n in range(7):
        assert (await web.post("/purchases", bread(n, {"phone": "+31612345678"}, days_ago=7 - n))).status_code == 202

    async def voucher() -> Any:
        worker.check()
        answer = await web.get(f"/customers/{customer}")
        return answer.status_code == 200 and answer.json()["vouchers"]

    [found] = await eventually(voucher, seconds=60)
    return customer, found["code"]


def is_told_to_come_again(answer: Any) -> bool:
    return answer.status_code == 503 and int(answer.headers["retry-after"]) > 0


async def test_a_redis_that_was_emptied_shows_nobody_anything_until_it_is_filled(
    web, worker, empty_redis, web_settings, tmp_path
):
    customer, code = await with_a_voucher(web, worker)
    before = (await web.get(f"/customers/{customer}")).json()
    redeeming = f"/vouchers/{code}/redemptions"
    used = await web.post(redeeming, {}, Idempotency_Key="receipt-1")
    assert used.status_code == 200, used.text
    worker.kill()
    await empty_redis.flushall()
    shown = await web.get(f"/customers/{customer}")
    assert is_told_to_come_again(shown), shown.text
    assert "is being filled: 0 of" in shown.json()["detail"]
    assert is_told_to_come_again(await web.post(redeeming, {}, Idempotency_Key="receipt-2"))
    back = await web.client.delete(used.headers["location"], headers=web.headers())
    assert is_told_to_come_again(back), back.text
    looked_up = await web.client.get(used.headers["location"], headers=web.headers())
    assert is_told_to_come_again(looked_up), looked_up.text
    await eventually(lambda: _is_taken(web, bread(8, {"phone": "+31612345678"}, days_ago=0)), why="who is who is read")
    ready = (await web.health.get("/readyz")).json()
    assert any("is being filled: 0 of" in words for words in ready["filling"])
    figures = (await web.health.get("/metrics")).text
    assert f"stamgast_web_filling_partitions {len(ready['filling']):.1f}" in figures
    command = await commands.asked("customer", "show", MERCHANT, customer, env=environment(web_settings))
    assert command.returncode == 1
    assert "is being filled: 0 of" in command.stdout + command.stderr

    later = commands.started("worker", "worker", log=tmp_path / "again.log", env=environment(web_settings))
    try:
        answers = [await web.get(f"/customers/{customer}")]

        async def filled() -> bool:
            answers.append(await web.get(f"/customers/{customer}"))
            return answers[-1].status_code == 200 and answers[-1].json()["purchases"] == 8

        await eventually(filled, seconds=60)
        whole = [answer.json() for answer in answers if answer.status_code == 200]
        assert {shown["purchases"] for shown in whole} <= {7, 8}
        assert all(shown["spend"] >= before["spend"] for shown in whole)
        assert {answer.status_code for answer in answers} <= {200, 503}
        looked_up = await web.client.get(used.headers["location"], headers=web.headers())
        assert (looked_up.status_code, looked_up.json()) == (200, used.json()), "nothing but Redis knew the request"
        again = await web.post(redeeming, {}, Idempotency_Key="receipt-1")
        assert (again.status_code, again.json()) == (200, used.json())
        other = await web.post(redeeming, {}, Idempotency_Key="receipt-2")
        assert other.status_code == 409, other.text
        back = await web.client.delete(used.headers["location"], headers=web.headers())
        assert (back.status_code, back.json()["voucher"]) == (200, "open"), back.text
        assert "filling" not in (await web.health.get("/readyz")).json()
        other = await web.post("/vouchers/0-AAAAAAAAAAAAAAAA/redemptions", {}, Idempotency_Key="receipt-3")
        assert other.status_code == 404, other.text
    finally:
        later.stop()


async def _is_taken(web: Any, purchase: Any) -> bool:
    return bool((await web.post("/purchases", purchase)).status_code == 202)


@pytest.mark.parametrize("times", range(2))
async def test_emptied_under_a_running_worker_it_never_shows_a_part(web, worker, empty_redis, times):
    customer, code = await with_a_voucher(web, worker)
    before = (await web.get(f"/customers/{customer}")).json()
    for _ in range(2):
        await empty_redis.flushall()
        answers: list[Any] = []

        async def filled(answers: list[Any] = answers) -> bool:
            answers.append(await web.get(f"/customers/{customer}"))
            return bool(answers[-1].status_code == 200)

        await eventually(filled, seconds=60, every=0.001)
        refused = [answer.status_code for answer in answers[:-1]]
        assert set(refused) == {503}
        shown = answers[-1].json()
        assert (shown["purchases"], shown["spend"]) == (before["purchases"], before["spend"])
        assert [voucher["code"] for voucher in shown["vouchers"]] == [code]


async def test_a_key_that_redeemed_one_voucher_does_not_answer_for_another_once_redis_forgot_it(
    web, worker, empty_redis
):
    _, code = await with_a_voucher(web, worker)
    used = await web.post(f"/vouchers/{code}/redemptions", {}, Idempotency_Key="receipt-1")
    assert used.status_code == 200, used.text
    await empty_redis.delete(*[key async for key in empty_redis.scan_iter("web:request:*")])
    foreign = f"{code[:2]}{'A' * 16}"
    owner = KEYS.number if code[0] == "0" else int(code.partition("-")[0], 16)
    customer = (await _owner(empty_redis, code, owner)).decode().partition(":")[0]
    await empty_redis.set(customers(owner).voucher(MERCHANT, short_of(foreign)), encode_owner(customer, foreign))
    other = await web.post(f"/vouchers/{foreign}/redemptions", {}, Idempotency_Key="receipt-1")
    assert other.json()["type"] == "urn:stamgast:problem:idempotency-key-reused", other.text


async def _owner(redis: Any, code: str, partition: int) -> Any:
    return await redis.get(customers(partition).voucher(MERCHANT, short_of(code)))


@pytest.fixture
async def filling(web: Any, topics: Topics, settings: Settings) -> Filling:
    return Filling(web.parts.redis, topics, settings.kafka_bootstrap)


async def append(appender: Appender, topics: Topics, count: int) -> None:
    """Let partition 0 have so many more records, whatever they say."""
    number = next(n for n in range(100) if appender.partition_of(topics.customer_events, b"%d" % n) == 0)
    await appender.append(topics.customer_events, [(b"%d" % number, b"{}")] * count)


async def applied(lease: Lease, up_to: int) -> None:
    writes = Writes()
    writes.set(NAME, b"state")
    await lease.commit(up_to, writes)


async def test_a_new_redis_beside_an_empty_log_is_as_good_as_filled(filling):
    assert await filling.value(KEYS, NAME) is None
    assert await filling.unfilled() == []


async def test_what_nobody_has_taken_since_redis_forgot_is_measured_by_the_log(web, filling, topics, empty_redis):
    await append(web.parts.appender, topics, 3)
    with pytest.raises(NotFilledError, match="partition 0 of the customers is being filled: 0 of 3 records"):
        await filling.value(KEYS, NAME)
    lease = await Lease.take(web.parts.redis, KEYS, PLACE)
    await applied(lease, 2)
    await eventually(lambda: _value(filling), why="all of it is applied, by a worker that notes no goal")
    await append(web.parts.appender, topics, 2)
    assert await filling.value(KEYS, NAME) == b"state", "what comes later is late, not lost"
    await empty_redis.flushall()
    with pytest.raises(NotFilledError):
        await filling.value(KEYS, NAME)


async def _value(filling: Filling) -> bytes | None:
    try:
        return await filling.value(KEYS, NAME)
    except NotFilledError:
        return None


async def test_it_is_shown_again_once_what_the_log_held_at_the_taking_is_applied(web, filling):
    lease = await Lease.take(web.parts.redis, KEYS, PLACE)
    await lease.aim(5)
    await applied(lease, 3)
    other = KEYS.customer(MERCHANT, "bram")
    for read in (filling.value(KEYS, NAME), filling.values(KEYS, [NAME, other])):
        with pytest.raises(NotFilledError, match="4 of 5"):
            await read
    await applied(lease, 4)
    assert await filling.value(KEYS, NAME) == b"state"
    assert await filling.values(KEYS, [NAME, other]) == [b"state", None]


async def test_a_taking_of_what_redis_has_not_forgotten_hides_nothing(web, filling):
    lease = await Lease.take(web.parts.redis, KEYS, PLACE)
    await lease.aim(5)
    await applied(lease, 4)
    later = await Lease.take(web.parts.redis, KEYS, PLACE)
    await later.aim(1_000)
    assert await filling.value(KEYS, NAME) == b"state"


async def test_what_another_run_of_redis_was_told_does_not_count(web, filling, topics, empty_redis):
    await append(web.parts.appender, topics, 9)
    lease = await Lease.take(web.parts.redis, KEYS, PLACE)
    await lease.aim(5)
    await applied(lease, 4)
    assert await filling.value(KEYS, NAME) == b"state"
    await empty_redis.hset(KEYS.meta, "goal", "5:another-run")  # it came up again with what its file held
    with pytest.raises(NotFilledError, match="5 of 9"):
        await filling.value(KEYS, NAME)
    again = await Lease.take(web.parts.redis, KEYS, PLACE)
    await again.aim(9)
    await applied(again, 8)
    assert await filling.value(KEYS, NAME) == b"state"


async def test_where_the_log_ended_before_redis_came_up_again_says_nothing_of_what_it_lost(
    web, filling, topics, empty_redis
):
    await append(web.parts.appender, topics, 5)
    lease = await Lease.take(web.parts.redis, KEYS, PLACE)
    assert next(str(reach) for reach in await filling.unfilled()).endswith("0 of 5 records")  # Kafka was asked just now
    await lease.aim(5)
    await append(web.parts.appender, topics, 4)
    await applied(lease, 4)  # and 5 to 8, which a Redis that was killed has lost
    await empty_redis.hset(KEYS.meta, "goal", "5:another-run")
    with pytest.raises(NotFilledError, match="5 of 9"):
        await filling.value(KEYS, NAME)


async def test_what_waited_for_its_merchants_bundle_has_to_be_taken_up_before_it_is_shown(web, filling, empty_redis):
    lease = await Lease.take(web.parts.redis, KEYS, PLACE)
    await lease.aim(5)
    await applied(lease, 4)
    assert await filling.value(KEYS, NAME) == b"state"
    await empty_redis.hset(KEYS.meta, "waits", encode_backlogs({MERCHANT: Backlog(barrier=3, at=1, reached=0)}))
    with pytest.raises(NotFilledError, match="3 of 5"):
        await filling.value(KEYS, NAME)
    await empty_redis.hset(KEYS.meta, "waits", encode_backlogs({MERCHANT: Backlog(barrier=7, at=1, reached=0)}))
    assert await filling.value(KEYS, NAME) == b"state", "a bundle that came after the taking holds up nobody"
    await empty_redis.hset(KEYS.meta, "waits", encode_backlogs({"elsewhere": Backlog(barrier=-1, at=0, reached=-1)}))
    assert await filling.value(KEYS, NAME) == b"state", "nor does one that never comes"


async def test_what_is_to_be_filled_anew_shows_nothing(web, filling, topics):
    await append(web.parts.appender, topics, 5)
    lease = await Lease.take(web.parts.redis, KEYS, PLACE)
    await lease.aim(5)
    await applied(lease, 4)
    await ask_for_rebuild(web.parts.redis, KEYS)
    with pytest.raises(NotFilledError, match="0 of 5"):
        await filling.value(KEYS, NAME)
