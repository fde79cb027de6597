"""What rules earned and which there are, over HTTP: as the commands say it."""

import json
from typing import Any

import jsonschema

from stamgast.web.openapi.document import openapi
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.web.conftest import MERCHANT, environment
from tests.integration.web.shop import JAN, bread


def check(document: Any, schema: str) -> None:
    described = openapi()["components"]["schemas"][schema]
    jsonschema.validate(document, described)
    assert set(document) == set(described["properties"]), "nothing is said that is not described"


async def test_what_rules_came_to_is_told_as_the_command_tells_it(web, worker, web_settings):
    assert (await web.post("/customers", JAN)).status_code == 201
    for n in range(7):
        assert (
            await web.post("/purchases", bread(n, {"phone": "+31612345678"}, days_ago=7 - n))
        ).status_code == 202  # fmt: skip

    async def fired() -> Any:
        worker.check()
        answer = await web.get("/report")
        return answer.status_code == 200 and answer.json()["rules"]["free-loaf"]["decided"] and answer.json()

    document = await eventually(fired, seconds=60, every=0.2)
    check(document, "Report")
    said = await commands.asked("report", "--merchant", MERCHANT, "--json", env=environment(web_settings))
    assert (await web.get("/report")).json() == json.loads(said.stdout)
    one = (await web.get("/report?rule=free-loaf")).json()
    assert list(one["rules"]) == ["free-loaf"]

    rules = (await web.get("/rules")).json()
    check(rules, "Rules")
    told = {each["rule"]: each for each in rules["rules"]}
    assert set(told) == {"free-loaf", "tenth-visit", "we-miss-you"}
    assert told["free-loaf"]["counts"]["fired"] == 1
    assert "brood" in told["free-loaf"]["sentence"].lower()
    assert told["free-loaf"]["status"] == "live"


async def test_what_is_not_there_or_not_asked_so_is_said(web):
    wrong = await web.get("/report?rule=free-lof")
    assert (wrong.status_code, wrong.headers["content-type"]) == (404, "application/problem+json")
    assert 'Did you mean "free-loaf"?' in wrong.json()["detail"]
    assert (await web.get("/report?ruel=free-loaf")).status_code == 422
    span = await web.get("/report?from=2026-09-01")
    assert span.status_code == 422
    assert "stamgast report --from" in span.json()["detail"]
    till = {"Authorization": f"Bearer {await web.new_key('till')}"}
    for path in ("report", "rules"):
        answer = await web.client.get(f"/v1/merchants/{MERCHANT}/{path}", headers=till)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:stamgast:problem:scope")
        assert (await web.get(f"/{path}")).headers["cache-control"] == "no-store"


async def test_nothing_is_told_of_sums_that_are_being_filled(web, worker, empty_redis):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    assert (await web.post("/purchases", bread(1, {"phone": "+31612345678"}, days_ago=1))).status_code == 202

    async def counted() -> bool:
        shown = await web.get(f"/customers/{customer}")
        return shown.status_code == 200 and shown.json()["purchases"] == 1

    await eventually(counted, seconds=60, every=0.2)
    assert (await web.get("/report")).status_code == 200
    worker.kill()
    await empty_redis.flushall()
    for path in ("/report", "/rules"):
        answer = await web.get(path)
        assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
        assert "is being filled" in answer.json()["detail"]
