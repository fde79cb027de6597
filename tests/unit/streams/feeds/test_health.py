"""While the other side is down, one asks at a time; when it is up again, all go on."""

import asyncio

from stamgast.feeds.posting import Answer, Came
from streams.feeds.health import WIDTH, Health, Patience

QUICK = Patience(first_s=0.001, most_s=0.002)


async def test_while_it_is_down_one_asks_at_a_time() -> None:
    health, side_by_side, most = Health(1e6, QUICK), 0, 0
    answers = iter([Answer(Came.LATER, "it answers 500")] * 20)

    async def post() -> Answer:
        nonlocal side_by_side, most
        side_by_side += 1
        most = max(most, side_by_side) if health.failures > 1 else most
        await asyncio.sleep(0)
        side_by_side -= 1
        return next(answers, Answer(Came.TAKEN))

    async def until_taken() -> None:
        while (await health.send(post)).came is not Came.TAKEN:
            pass

    await asyncio.gather(*(until_taken() for _ in range(WIDTH * 2)))
    assert most == 1
    assert (health.failures, health.failing_since, health.trouble, health.taken) == (0, 0, "", WIDTH * 2)


async def test_posts_that_fail_side_by_side_are_one_failure() -> None:
    health, go = Health(1e6, QUICK), asyncio.Event()

    async def post() -> Answer:
        await go.wait()
        return Answer(Came.LATER, "it answers 500")

    posts = [asyncio.create_task(health.send(post)) for _ in range(WIDTH)]
    for _ in range(20):
        await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*posts)
    assert health.failures == 1
    assert health.is_down
    assert not health.is_told
