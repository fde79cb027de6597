"""Users, sessions and tills over two web processes, commands and a Redis that is lost."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from stamgast.audit.book import note
from stamgast.audit.reading import Place, read_notes
from stamgast.audit.record import About, Actor, Did, Who
from stamgast.users.rights import Role
from stamgast.users.roster import NewPasskey
from stamgast.web.access.cookies import Cookie
from tests.conftest import eventually
from tests.fakes.house import JSON, PAGE, cookie
from tests.integration import commands
from tests.integration.web.conftest import MERCHANT, PUBLIC_URL, Web, environment, open_web
from tests.integration.web.shop import JAN

OWN = "/app/sessions"


async def signed_in(web: Web, who: str = "Noor", role: Role = Role.OWNER) -> tuple[Any, Any]:
    """Somebody who took their invitation, and their cookie's token."""
    roster, now = web.parts.roster, web.parts.clock.now()
    invited = await roster.invite(who, {MERCHANT: role}, now)
    raw = invited.user.id.encode()
    passkey = await roster.add_passkey(invited.user, NewPasskey(raw, who, "key", 0), "", now, invited.invitation.id)
    return invited.user, await roster.open_session(invited.user, passkey, 0, "Firefox, Windows", now)


async def status(web: Web, token: Any, path: str = OWN, which: Cookie = Cookie.SESSION) -> int:
    return (await web.client.get(path, headers=cookie(token, which))).status_code


async def run(settings: Any, *words: str) -> Any:
    """What a command answers with `--json`."""
    env = {**environment(settings), "STAMGAST_WHO": "cornelia"}
    done = await commands.asked(*words, "--json", env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_a_session_begins_and_ends_at_every_process_and_outlives_redis(web, web_settings, empty_redis):
    async with open_web(web_settings) as other:
        user, token = await signed_in(web)
        device, till = await web.parts.roster.pair(MERCHANT, "dok-noord", "Counter", user.id, web.parts.clock.now())
        assert await status(other, token) == 200, "at once, though another process has made it"
        assert await status(other, till, "/till/device", Cookie.TILL) == 200
        await empty_redis.flushall()
        assert await status(other, token) == 200
        assert await status(other, till, "/till/device", Cookie.TILL) == 200

        begun = time.monotonic()
        await web.parts.roster.end(token.id, web.parts.clock.now())
        await web.parts.roster.end(device.id, web.parts.clock.now())
        assert await status(web, token) == 401, "at once where it was ended"

        async def ended_there() -> bool:
            sessions, tills = await status(other, token), await status(other, till, "/till/device", Cookie.TILL)
            return (sessions, tills) == (401, 401)

        await eventually(ended_there, seconds=60, every=0.02)
        assert time.monotonic() - begun < 20, "told by the log, and not when it is looked up anew"


async def test_users_are_let_in_and_put_out_by_commands_and_it_is_noted(web, web_settings):
    made = await run(
        web_settings, "users", "invite", "Zoë", "--role", "marketer", "--merchant", MERCHANT, "--days", "3"
    )
    path = made["link"].removeprefix(PUBLIC_URL)
    page = await web.client.get(path, headers=JSON)
    assert (page.status_code, page.json()["name"]) == (200, "Zoë")
    user, token = await signed_in(web)
    ends = (run(web_settings, "users", *words) for words in (("end-sessions", user.id), ("revoke", "zoë")))
    await asyncio.gather(*ends)

    async def out() -> bool:
        return (await status(web, token), (await web.client.get(path, headers=JSON)).status_code) == (401, 404)

    await eventually(out, seconds=60)
    jan = (await web.post("/customers", JAN)).json()["customer"]
    key = {"Authorization": f"Bearer {await web.new_key('admin')}"}
    assert (await web.client.delete(f"/v1/merchants/{MERCHANT}/customers/{jan}", headers=key)).status_code == 200
    of_merchant = ("list", "--merchant", MERCHANT)
    told, audited = await asyncio.gather(*(run(web_settings, each, *of_merchant) for each in ("users", "audit")))
    listed, noted = told["users"], audited["notes"]
    assert [(each["name"], each["roles"], each["sessions"]) for each in listed] == [("Noor", {MERCHANT: "owner"}, 0)]
    assert noted[0]["did"] == "customer erased"
    assert sorted((each["did"], each["actor"], each["name"]) for each in noted) == [
        ("customer erased", "key", ""),
        ("sessions ended", "command", "cornelia"),
        ("user invited", "command", "cornelia"),
        ("user revoked", "command", "cornelia"),
    ]
    assert noted[0]["about"] == {"customer": jan}
    written = b"".join((key or b"") + (value or b"") for key, value in await web.records(web.topics.audit))
    assert b"cornelia" not in written


async def test_the_log_of_deeds_is_read_a_page_at_a_time_and_only_the_merchants_own(web):
    audit = web.parts.audit
    owner, token = await signed_in(web)
    for number in range(60):
        await note(audit, Who(Actor.USER, owner.id), Did.LAUNCHED, About(MERCHANT, rule=f"rule-{number}"))
        await note(audit, Who(Actor.USER, owner.id), Did.LAUNCHED, About("kaas-zuid", rule="theirs"))
    first = (await web.client.get("/app/audit", headers=cookie(token))).json()
    second = (await web.client.get(f"/app/audit?before={first['before']}", headers=cookie(token))).json()
    seen = [each["about"]["rule"] for each in first["rows"] + second["rows"]]
    assert seen == [f"rule-{number}" for number in reversed(range(60))]
    assert (len(first["rows"]), second["before"]) == (50, None)
    assert first["rows"][0]["name"] == "Noor"
    page = await web.client.get("/app/audit", headers=cookie(token) | PAGE)
    assert (page.status_code, page.text.count("rule-")) == (200, 50)
    place = Place(web.bootstrap, web.topics.audit, web.topics.partitions)
    everything = await read_notes(place, audit.seal, MERCHANT, most=1_000)
    assert (len(everything.lines), everything.before) == (60, None)
    assert (await web.client.get("/app/audit?before=x", headers=cookie(token))).status_code == 200
