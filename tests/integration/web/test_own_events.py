"""Events of a merchant's own over HTTP: item by item, once per id, and without anything free to write."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from stamgast.domain.events import OwnEvent
from stamgast.log.topics import Topics
from stamgast.programs.publish import publish
from stamgast.settings import Settings
from tests.integration.web.conftest import CONFIG, MERCHANT
from tests.integration.web.shop import events

pytestmark = pytest.mark.slow

EVENTS = "events: {workshop: {fields: {topic: [bread, cake], score: number, held_on: date, first_time: yes_or_no}}}\n"


@pytest.fixture
async def published(settings: Settings, topics: Topics, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(CONFIG / MERCHANT, tmp_path / "config" / MERCHANT))
    with (folder / "program.yaml").open("a") as program:
        program.write(EVENTS)
    await publish(settings.kafka_bootstrap, topics.programs, [folder], 0)


def event(number: int = 1, **more: Any) -> dict[str, Any]:
    given = {"id": f"crm:{number}", "event": "workshop", "customer": {"phone": "0612345678"}}
    return given | {"fields": {"topic": "bread", "score": 5, "held_on": "2026-12-05", "first_time": True}} | more


async def test_an_event_reaches_its_customers_stream(web):
    answer = await web.post("/events", event())
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["accepted"], told["events"][0]["id"]) == (1, "crm:1")
    [found] = [each for each in await events(web) if isinstance(each, OwnEvent)]
    assert (found.customer, found.name) == (told["events"][0]["customer"], "workshop")
    assert found.fields == {"topic": "bread", "score": 5, "held_on": 20792, "first_time": True}


async def test_one_bad_event_holds_up_none_of_the_others_and_each_is_told_what_became_of_it(web):
    bad = event(2, fields={"topic": "kaas", "colour": "red"})
    answer = await web.post("/events", [event(1), bad, event(3, event="workshp"), event(4, customer={"phone": "12"})])
    assert answer.status_code == 207, answer.text
    told = answer.json()
    assert [each["status"] for each in told["events"]] == [202, 422, 422, 422]
    places = {each["pointer"]: each for one in told["events"][1:] for each in one["errors"]}
    assert set(places) == {"/1/fields/topic", "/1/fields/colour", "/2/event", "/3/customer/phone"}
    assert places["/1/fields/topic"]["allowed"] == "one of: bread, cake"
    assert "workshop" in places["/2/event"]["detail"]


@pytest.mark.parametrize("score", [4.5, None, [5], {"of": 10}, "5"])
async def test_a_value_of_another_kind_is_one_thing_that_is_wrong(web, score):
    answer = await web.post("/events", event(fields={"score": score}))
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error == {"pointer": "/fields/score", "detail": "score does not fit", "allowed": "a whole number"}


async def test_where_nothing_can_be_taken_nothing_is_appended(web):
    before = len(await events(web))
    unknown = event(customer={"customer_id": "c" + "a" * 24})
    bodies: list[Any] = [event(happened_at="2199-01-01T00:00:00Z"), unknown, event(id=""), [], "x", event(more=1)]
    for body in bodies:
        answer = await web.post("/events", body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"]
    assert len(await events(web)) == before


async def test_the_same_id_again_has_the_same_id_on_the_stream(web):
    await web.post("/events", event())
    await web.post("/events", event())
    found = [each for each in await events(web) if isinstance(each, OwnEvent)]
    assert len(found) == 2
    assert len({each.id for each in found}) == 1
