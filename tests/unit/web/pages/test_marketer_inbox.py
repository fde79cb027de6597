"""The inbox shows what customers sent to who may read it; looking at a picture is noted."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from stamgast.audit.record import Did
from stamgast.domain.counters import Tally
from stamgast.domain.draw_figures import draw_counter
from stamgast.domain.draws import WON, Draw, Prize
from stamgast.domain.units import DAY
from stamgast.domain.urns import DrawMark
from stamgast.marketer.inbox import DrawState, draws_seen
from stamgast.media.record import Came
from stamgast.users.rights import Role
from tests.builders import program
from tests.fakes.came_in import GONE, JPEG, MARKS, NOOR, SAM, CameIn, a_week, inbox_of
from tests.fakes.house import JSON, NOON, ORIGIN, OTHER, PAGE
from tests.fakes.marketed import Marketed, seen

DRAWS = {
    "spring": Draw("spring", NOON - 20 * DAY, NOON - 5 * DAY, NOON - 4 * DAY, (Prize("loaf", 1),), 1),
    "autumn": Draw("autumn", NOON - DAY, NOON + DAY, NOON + 2 * DAY, (Prize("loaf", 3),)),
}
TOTALS = {draw_counter("spring", Tally.ENTERED): 44, draw_counter("spring", WON): 1, draw_counter("old", WON): 2}


@asynccontextmanager
async def opened(
    came: CameIn | None = None, role: Role = Role.MARKETER
) -> AsyncIterator[tuple[Marketed, Callable[..., Any]]]:
    house = Marketed()
    app, token = await house.app(role, seen(program=program(draws=DRAWS), totals=TOTALS))
    house.deps.inbox = inbox_of(program(draws=DRAWS, merchant="bakkerij-noord"), TOTALS, came)
    cookies = {"Cookie": f"__Host-stamgast={token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=cookies) as http:
        yield house, http.get


async def test_messages_are_shown_with_what_they_were_as_answers_and_who_was_forgotten_is_not() -> None:
    async with opened() as (_, get):
        shown = (await get("/app/inbox", headers=JSON)).json()
    assert [(each["customer"], each["text"][:9]) for each in shown["messages"]] == [
        (NOOR, "9"), (SAM, "Heerlijk "), (SAM, "Kijk!"), (NOOR, "Ja, graag")
    ]  # fmt: skip
    assert (shown["messages"][0]["question"], shown["messages"][0]["score"]) == ("visit", 9)
    assert [each["came"] for each in shown["messages"][2]["photos"]] == ["kept", "too_large", None]
    (visit,) = shown["feedback"]
    assert (visit["answered"], visit["average"], visit["promoters"], visit["detractors"]) == (3, 5.67, 1, 2)


async def test_what_somebody_wrote_stays_text_and_only_pictures_can_be_asked_for() -> None:
    came = a_week()
    came.write(SAM, "<script>alert(1)</script>", NOON)
    async with opened(came) as (_, get):
        page = (await get("/app/inbox?lang=en", headers=PAGE)).text
        assert "<script>alert" not in page
        assert page.count("/app/inbox/photos/") == 1
        photos = (await get("/app/inbox?photos", headers=JSON)).json()
    assert [each["text"] for each in photos["messages"]] == ["Kijk!"]


async def test_older_messages_stand_on_further_pages() -> None:
    came = CameIn()
    for number in range(120):
        came.write(NOOR, str(number), NOON - number * 1_000)
    found, start = [], 0
    async with opened(came) as (_, get):
        while start is not None:
            shown = (await get(f"/app/inbox?start={start}", headers=JSON)).json()
            found += [each["text"] for each in shown["messages"]]
            start = shown["further"]
        assert found == [str(number) for number in range(120)]
        with pytest.raises(Exception, match="is no number of messages"):
            await get("/app/inbox?start=-1", headers=JSON)


async def test_a_picture_is_opened_for_who_may_and_the_look_is_noted() -> None:
    async with opened() as (house, get):
        answer = await get("/app/inbox/photos/aa11", headers=PAGE)
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, JPEG, "image/jpeg")
        assert answer.headers["cache-control"] == "private, no-store"
        assert [(each.did, each.about["customer"]) for each in house.notes] == [(Did.PICTURE_SEEN, SAM)]


@pytest.mark.parametrize(
    ("photo", "why"), [("bb22", "more than 5 MB"), ("cc33", "not come yet"), ("dd44", "Nothing is")]
)
async def test_what_cannot_be_looked_at_says_why_and_nothing_is_noted(photo: str, why: str) -> None:
    async with opened() as (house, get):
        with pytest.raises(Exception, match=why):
            await get(f"/app/inbox/photos/{photo}", headers=JSON)
        assert house.notes == []


async def test_a_picture_of_another_shop_or_of_who_was_forgotten_is_nobodys() -> None:
    came = a_week()
    came.file("theirs", SAM, Came.KEPT, merchant=OTHER)
    came.file("gone", GONE, Came.KEPT)
    async with opened(came) as (house, get):
        for photo, why in (("theirs", "Nothing is known"), ("gone", "forgotten")):
            with pytest.raises(Exception, match=why):
                await get(f"/app/inbox/photos/{photo}", headers=JSON)
        assert house.notes == []


async def test_a_viewer_reads_nothing_of_it() -> None:
    async with opened(role=Role.VIEWER) as (_, get):
        with pytest.raises(Exception, match="read inbox"):
            await get("/app/inbox", headers=JSON)


async def test_draws_are_listed_the_open_ones_first_with_who_won() -> None:
    found = draws_seen(program(draws=DRAWS), TOTALS, MARKS, NOON)
    assert [(each.draw, each.state) for each in found] == [
        ("autumn", DrawState.OPEN), ("spring", DrawState.DRAWN), ("old", DrawState.GONE)
    ]  # fmt: skip
    async with opened() as (_, get):
        (spring, *_others) = (await get("/app/inbox", headers=JSON)).json()["draws"]
    assert [(each["place"], each["customer"], each["reward"]) for each in spring["winners"]] == [(1, NOOR, "loaf")]
    assert (spring["reserves"], spring["entries"]) == (1, 44)


@pytest.mark.parametrize(
    ("days", "mark", "state"),
    [
        (-21, None, DrawState.TO_COME),
        (-5, None, DrawState.CLOSED),
        (-4, DrawMark("0" * 64, 2), DrawState.CALLED),
        (-4, MARKS["spring"], DrawState.DRAWN),
    ],
)
def test_a_draw_is_as_far_as_its_times_and_its_mark_say(days: int, mark: DrawMark | None, state: DrawState) -> None:
    marks = {} if mark is None else {"spring": mark}
    found = draws_seen(program(draws={"spring": DRAWS["spring"]}), {}, marks, NOON + days * DAY)
    assert [each.state for each in found] == [state]
