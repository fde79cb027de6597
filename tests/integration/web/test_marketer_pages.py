"""The marketer's pages of a running web process: what a worker counted, for who is signed in."""

from __future__ import annotations

from typing import Any

from stamgast.users.rights import Role
from stamgast.users.roster import NewPasskey
from tests.conftest import eventually
from tests.integration.web.conftest import MERCHANT, PUBLIC_URL, Web
from tests.integration.web.shop import JAN, bread


async def signed_in(web: Web, role: Role = Role.OWNER) -> dict[str, str]:
    """The cookie of somebody who came by an invitation."""
    roster, now = web.parts.roster, web.parts.clock.now()
    invited = await roster.invite("Noor", {MERCHANT: role}, now)
    passkey = await roster.add_passkey(
        invited.user, NewPasskey(invited.user.id.encode(), f"credential-{invited.user.id}", "key", 0), "phone", now,
        invited.invitation.id,
    )  # fmt: skip
    session = await roster.open_session(invited.user, passkey, 0, "Firefox", now)
    return {"Cookie": f"__Host-stamgast={session.text}"}


async def test_a_rule_is_launched_from_its_page_and_the_history_says_why(web: Web) -> None:
    headers = await signed_in(web) | {"Origin": PUBLIC_URL}

    async def shown() -> Any:
        page = await web.client.get("/app/rules/free-loaf/launch?to=paused", headers=headers | {"Accept": "text/html"})
        return page.status_code == 200 and page.text

    text = await eventually(shown, seconds=60, every=0.1)
    token = text.partition('name="csrf" value="')[2].partition('"')[0]
    form = {"csrf": token, "to": "paused", "why": "the oven is broken"}
    done = await web.client.post("/app/rules/free-loaf/launch", headers=headers, data=form)
    assert (done.status_code, done.headers["location"]) == (303, "/app/rules/free-loaf?launched=paused")

    async def paused() -> Any:
        answer = await web.client.get("/app/rules/free-loaf", headers=headers | {"Accept": "application/json"})
        return answer.json()["figures"]["status"] == "paused"

    await eventually(paused, seconds=60, every=0.1)
    history = await web.client.get("/app/rules/free-loaf/history", headers=headers | {"Accept": "application/json"})
    newest = history.json()["versions"][0]
    assert (newest["why"], newest["changed"]) == ("the oven is broken", ["free-loaf: live → paused"])
    assert any(b"launched" in (value or b"") for _, value in await web.records(web.topics.audit))


async def test_what_is_sold_shows_on_the_overview_of_who_is_signed_in(web: Web, worker: Any) -> None:
    assert (await web.post("/customers", JAN)).status_code == 201
    for n in range(3):
        assert (await web.post("/purchases", bread(n, {"phone": "+31612345678"}, days_ago=n))).status_code == 202
    headers = await signed_in(web)

    async def counted() -> Any:
        worker.check()
        answer = await web.client.get("/app", headers=headers | {"Accept": "application/json"})
        return answer.status_code == 200 and answer.json()["weeks"]["days"][-1]["sums"]["purchases"] and answer.json()

    shown = await eventually(counted, seconds=60, every=0.2)
    assert shown["people"]["customers"] == 1
    assert sum(day["sums"]["purchases"] for day in shown["weeks"]["days"]) == 3
    assert sum(each["customers"] for each in shown["value"]) == 1
    assert shown["uncounted"]["purchases"] == 0
    page = await web.client.get("/app", headers=headers | {"Accept": "text/html"})
    assert page.status_code == 200
    heard = await web.client.get("/app/connections", headers=headers | {"Accept": "application/json"})
    assert heard.json() == {"merchant": MERCHANT, "connections": [], "letters": [], "more_letters": 0}
    page = await web.client.get("/app/connections?lang=en", headers=headers | {"Accept": "text/html"})
    assert "Everything was read." in page.text
    await _all_goes_on(web, headers)
    await _is_found_and_forgotten(web, headers | {"Origin": PUBLIC_URL})
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    nobody = await web.client.get("/app", headers={"Accept": "text/html"})
    assert (nobody.status_code, nobody.headers["location"]) == (303, "/app/sign-in?next=/app")
    async with web.client.stream("GET", "/app/live", headers=headers) as told:
        assert told.headers["content-type"].startswith("text/event-stream")
        async for line in told.aiter_lines():
            assert line == "retry: 2000"
            break


async def _all_goes_on(web: Web, headers: dict[str, str]) -> None:
    """The page on health knows the worker, that it works at every partition, and that nothing waits."""

    async def looked() -> Any:
        answer = await web.client.get("/app/health", headers=headers | {"Accept": "application/json"})
        return answer.status_code == 200 and answer.json()["to_do"] == [] and answer.json()

    shown = await eventually(looked, seconds=30, every=0.2)
    (worker,) = shown["workers"]
    assert worker["holds"] == worker["at_work"] == 2 * web.topics.partitions
    assert all(each["worker"] == worker["id"] for part in shown["parts"] for each in part["partitions"])
    assert [part["behind"] for part in shown["parts"]] == [0, 0]
    page = await web.client.get("/app/health?lang=en", headers=headers | {"Accept": "text/html"})
    assert "Everything goes on" in page.text


async def _is_found_and_forgotten(web: Web, headers: dict[str, str]) -> None:
    """Somebody is found by their phone, looked at, and forgotten."""
    page, document = headers | {"Accept": "text/html"}, headers | {"Accept": "application/json"}
    text = (await web.client.get("/app/customers", headers=page)).text
    form = {"csrf": text.partition('name="csrf" value="')[2].partition('"')[0]}
    nobody = await web.client.post("/app/customers", headers=page, data=form | {"who": "+31699999999"})
    assert nobody.status_code == 404
    found = await web.client.post("/app/customers", headers=page, data=form | {"who": "06 12345678"})
    assert found.status_code == 303
    where = found.headers["location"]
    shown = (await web.client.get(where, headers=document)).json()
    assert (shown["customer"]["purchases"], shown["person"]["phone"]) == (3, "+31612345678")
    assert (await web.client.get(where, headers=page)).status_code == 200
    proofs = (await web.client.get(f"{where}/consents", headers=document)).json()["consents"]
    assert all(each["source"] for each in proofs)
    assert (await web.client.get(f"{where}/erase", headers=page)).status_code == 200
    assert (await web.client.post(f"{where}/erase", headers=page, data=form)).status_code == 303

    async def forgotten() -> Any:
        answer = await web.client.get(where, headers=document)
        return answer.json()["customer"]["erased"] and answer.json()

    gone = await eventually(forgotten, seconds=60, every=0.1)
    assert gone["person"] is None
