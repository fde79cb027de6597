"""The pages of customers over HTTP, with a worker, Kafka and Redis: the card, its picture, joining, claiming, STOP."""

import io
import re
from typing import Any

import pytest
from PIL import Image

from stamgast.domain.events import CodeAsked, ConsentChanged, Enrolled, OptedOut, decode_event
from stamgast.identity.ids import Identifier
from stamgast.people.consents import told_of
from stamgast.web.limits import Limits
from tests.conftest import eventually
from tests.integration.web.conftest import MERCHANT, open_web
from tests.integration.web.shop import JAN, bread

PAGE = {"Accept": "text/html", "Accept-Language": "de"}
SCRIPT = {"Accept": "application/json"}
OTHER = "+31687654321"


async def events(web: Any, *kinds: type) -> list[Any]:
    found = [decode_event(value) for _key, value in await web.records(web.topics.customer_events)]
    return [event for event in found if isinstance(event, kinds)]


async def customer_of(web: Any, phone: str) -> str | None:
    found: str | None = await web.parts.identities.customer_of(MERCHANT, Identifier("phone", phone))
    return found


@pytest.mark.multi_worker
async def test_a_customer_sees_their_card_changes_what_they_hear_and_claims_a_receipt(web, worker):
    enrolled = (await web.post("/customers", JAN)).json()
    path = enrolled["card_url"].removeprefix("https://loyalty.example.com")
    assert re.fullmatch(r"/c/[a-z2-7]{31}", path)
    assert enrolled["customer"][1:] not in path
    for number in range(7):
        await web.post("/purchases", bread(number, {"phone": "06 12 34 56 78"}, days_ago=7 - number))

    async def card() -> dict[str, Any]:
        read: dict[str, Any] = (await web.client.get(path, headers=SCRIPT)).json()
        return read

    async def has_a_voucher() -> bool:
        return len((await card()).get("vouchers", ())) == 1

    await eventually(has_a_voucher, why="seven loaves give a voucher")
    fresh = await web.client.get(path, headers=PAGE)
    assert (fresh.status_code, fresh.headers["content-language"]) == (200, "nl")
    assert fresh.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in fresh.headers["x-robots-tag"]
    assert "no-store" in fresh.headers["cache-control"]
    shown = await card()
    assert shown["customer"] == enrolled["customer"]
    assert len(shown["bought"]) == 7
    page = (await web.client.get(path, headers=PAGE)).text
    assert shown["vouchers"][0]["short"] in page
    assert "Een gratis brood" in page
    assert "Jan" not in page
    assert "0612345678" not in page.replace(" ", "")
    looked_up = (await web.post("/customers/lookup", {"scanned": shown["customer"].upper()})).json()
    assert looked_up["card_url"] == enrolled["card_url"]

    manifest = await web.client.get(f"{path}/app.webmanifest")
    assert manifest.headers["referrer-policy"] == "no-referrer"
    assert (manifest.json()["start_url"], manifest.json()["scope"]) == (path, path)
    assert f'href="{path}/app.webmanifest"' in page

    picture = await web.client.get(shown["picture"])
    assert Image.open(io.BytesIO(picture.content)).size == (1080, 1350)
    assert "immutable" in picture.headers["cache-control"]
    old = await web.client.get(f"{path}.png?v=0")
    assert (old.status_code, old.headers["location"].partition("?")[0]) == (302, f"{path}.png")

    await a_receipt_is_claimed_on_the_own_card(web, enrolled["customer"])
    await what_is_heard_is_changed(web, path, enrolled["customer"])

    await the_phone_confirms_what_becomes_of_their_data(web, path, enrolled["customer"])


async def the_phone_confirms_what_becomes_of_their_data(web: Any, path: str, customer: str) -> None:
    stopped = await web.client.get(f"{path}/data?lang=en", headers=PAGE)
    assert "we cannot send a code" in stopped.text, "after STOP nothing goes there"
    await web.message("+31612345678", "START", "SM9")
    await web.message("+31612345678", "Leuke winkel", "SM10")

    async def can_be_asked() -> bool:
        return bool((await web.client.get(f"{path}/data", headers=SCRIPT)).json().get("channel"))

    await eventually(can_be_asked, why="the owner has heard START")
    assert (await web.client.post(f"{path}/data/code", data={"code": "123456"})).headers["location"].endswith("=over")
    asked = await web.client.post(f"{path}/data", data={"what": "export"}, headers=PAGE)
    assert asked.headers["location"] == f"{path}/data?done=sent"
    veil = web.parts.identities.veil(MERCHANT)
    code = veil.code((await events(web, CodeAsked))[-1].id)
    wrong = await web.client.post(f"{path}/data/code", data={"code": f"{(int(code) + 1) % 1_000_000:06}"})
    assert wrong.headers["location"].endswith("=wrong")
    exported = await web.client.post(f"{path}/data/code", data={"code": f" {code[:3]} {code[3:]}"}, headers=PAGE)
    assert "attachment" in exported.headers["content-disposition"]
    assert exported.json()["profile"]["email"] == JAN["email"]
    assert len(exported.json()["purchases"]) >= 7
    assert all(each["source"] for each in exported.json()["consents"]), "with the proofs"
    assert "Leuke winkel" in str(exported.json()["replies"]), "what they wrote"
    again = await web.client.post(f"{path}/data/code", data={"code": code})
    assert again.headers["location"].endswith("=over"), "a code is good once"

    identities, now = web.parts.identities, web.parts.clock.now()
    token = await identities.cards.revoke(MERCHANT, customer, now)
    assert (await web.client.get(path, headers=PAGE)).status_code == 404
    path = f"/c/{token}"
    await web.client.post(f"{path}/data", data={"what": "erase"}, headers=PAGE)
    code = veil.code((await events(web, CodeAsked))[-1].id)
    gone = await web.client.post(f"{path}/data/code?lang=en", data={"code": code}, headers=PAGE)
    assert (gone.status_code, "You are forgotten" in gone.text) == (200, True)
    assert await identities.profile(MERCHANT, customer) is None
    assert (await web.client.get(path, headers=PAGE)).status_code == 404


async def a_receipt_is_claimed_on_the_own_card(web: Any, customer: str) -> None:
    lost = bread(100, {}, days_ago=0)
    del lost["customer"]
    assert (await web.post("/purchases", lost)).status_code == 202
    token = (await web.post("/claims/tokens", {"transaction_id": "till1:100"})).json()["token"]
    asked = await web.client.get(f"/r/{token}?lang=en", headers=PAGE)
    assert "Put them on my card" in asked.text, "the device remembers the card that was opened on it"
    told = (await web.client.get(f"/r/{token}", headers=SCRIPT)).json()
    assert (told["asks"], told["own"], told["outcome"]) == (True, True, "")
    wrong = await web.client.post(f"/r/{token}", data={"phone": "12"}, headers=PAGE)
    assert wrong.status_code == 422

    async def claimed() -> bool:
        return "is yours" in (await web.client.post(f"/r/{token}", data={"whose": "own"}, headers=PAGE)).text

    await eventually(claimed, why="the purchase is theirs")
    taken = await web.client.post(f"/r/{token}", data={"phone": OTHER}, headers=PAGE)
    assert "claimed already" in taken.text
    assert (await web.client.get(f"/r/{token[:-2]}xx", headers=PAGE)).status_code == 404
    answer = (await web.get(f"/customers/{customer}/purchases")).json()
    assert len(answer["purchases"]) >= 7


async def what_is_heard_is_changed(web: Any, path: str, customer: str) -> None:
    shown = (await web.client.get(f"{path}/preferences", headers=SCRIPT)).json()
    assert [(each["id"], each["heard"]) for each in shown["topics"]] == [("offers", True)]
    saved = await web.client.post(f"{path}/preferences", data={"language": "fr"}, headers=PAGE)
    assert (saved.status_code, saved.headers["location"]) == (303, f"{path}/preferences?done=saved")
    left = next(each for each in await events(web, ConsentChanged) if each.topic)
    key = await web.parts.identities.key_of(MERCHANT, customer)
    proof = told_of(left, key).proof
    assert proof is not None
    assert (left.topic, left.granted, proof.wording, proof.origin) == ("offers", False, "STOP offers", "card page")
    assert (await events(web, Enrolled))[-1].language == "fr"
    assert (await web.parts.identities.profile(MERCHANT, customer)).language == "fr"

    asked = await web.client.post(f"{path}/stop", data={"sure": ""}, headers=PAGE)
    assert asked.headers["location"].endswith("?done=sure")
    assert await events(web, OptedOut) == []
    done = await web.client.post(f"{path}/stop", data={"sure": "yes"}, headers=PAGE)
    assert done.headers["location"] == f"{path}?done=stopped"
    phone = web.parts.identities.hash_phone(MERCHANT, "+31612345678")
    assert await web.parts.identities.stopped_at(MERCHANT, phone) is not None
    assert [each.customer for each in await events(web, OptedOut)] == [customer]


async def test_somebody_joins_on_the_page_and_by_a_message_from_their_phone(web):
    shown = await web.client.get("/j/brood?lang=nl", headers=PAGE)
    assert "STOP is genoeg" in shown.text
    told = (await web.client.get("/j/brood?lang=nl", headers=SCRIPT)).json()
    assert (told["merchant"], told["words"], told["sent"]) == (MERCHANT, "JOIN BROOD", False)
    assert {each["channel"] for each in told["ways"]} == {"whatsapp", "sms"}
    assert any("STOP is genoeg" in each for each in told["wording"])
    known = (await web.post("/customers", JAN)).json()["customer"]
    answers = []
    for phone in ("06 12 34 56 78", OTHER):
        answer = await web.client.post("/j/brood?lang=nl", data={"phone": phone, "agree": "yes"}, headers=PAGE)
        answers.append(answer.text)
    assert answers[0] == answers[1], "no answer tells whether a phone is known"
    assert "https://wa.me/31970102345?text=JOIN%20BROOD" in answers[1]
    assert await customer_of(web, OTHER) is None, "nothing happens before the message"
    without = await web.client.post("/j/brood?lang=nl", data={"phone": OTHER}, headers=PAGE)
    assert (without.status_code, "mogen we je niet schrijven" in without.text) == (422, True)
    assert (await web.client.post("/j/brood", data={"phone": "x", "agree": "yes"}, headers=PAGE)).status_code == 422
    assert (await web.client.get("/j/nothing", headers=PAGE)).status_code == 404

    await web.message(f"whatsapp:{OTHER}", "JOIN BROOD", "SM7")
    customer = await customer_of(web, OTHER)
    assert customer not in {None, known}
    key = await web.parts.identities.key_of(MERCHANT, customer)
    agreed = [each for each in await events(web, ConsentChanged) if each.customer == customer]
    proof = told_of(agreed[0], key).proof
    assert proof is not None
    assert proof.wording == "poster-2026-1"
    assert re.fullmatch(r"join:brood whatsapp:page:[0-9a-f]{16}:[0-9a-f]{16}\+SM7", proof.origin)

    page = {"phone": "+31611112222", "agree": "yes", "language": "nl"}
    await web.client.post("/j/korenmarkt", data=page, headers=PAGE)
    await web.message("+31611112222", "JOIN KORENMARKT", "SM8")  # which asks for a yes of who wrote alone
    assert await customer_of(web, "+31611112222") is not None
    machine = {"phone": "+31611113333", "agree": "yes", "website": "https://evil.example"}
    assert "wa.me" in (await web.client.post("/j/brood", data=machine, headers=PAGE)).text
    hashed = web.parts.identities.hash_phone(MERCHANT, "+31611113333")
    assert await web.parts.identities.wishes.agreed_on_page(MERCHANT, hashed) is None


async def test_who_types_anothers_phone_gets_nothing_out_of_their_yes_and_leaves_nothing_behind(web, empty_redis):
    await web.client.post("/j/brood", data={"phone": OTHER, "agree": "yes"}, headers=PAGE)
    await web.message(OTHER, "ja", "SM1")  # an answer to something else
    assert await customer_of(web, OTHER) is None
    await web.message(OTHER, "JOIN KORENMARKT", "SM2")
    await web.client.post("/j/brood", data={"phone": OTHER, "agree": "yes"}, headers=PAGE)
    await web.message(OTHER, "oui", "SM3")  # to what they asked for themselves
    customer = await customer_of(web, OTHER)
    assert customer is not None
    key = await web.parts.identities.key_of(MERCHANT, customer)
    proofs = [told_of(each, key).proof for each in await events(web, ConsentChanged) if not each.topic]
    assert {each.origin for each in proofs if each is not None} == {"join:korenmarkt@korenmarkt sms:SM2+SM3"}
    said = [value for _key, value in await web.records(web.topics.suppressions)]
    assert not any(b"page:" in (each or b"") for each in said), "what nobody proved is on no log"
    assert [each async for each in empty_redis.scan_iter("joining:*")] == [], "it goes with who joined"
    await web.client.post("/j/brood", data={"phone": "+31611114444", "agree": "yes"}, headers=PAGE)
    [name] = [each async for each in empty_redis.scan_iter("joining:*")]
    assert 86_300 < await empty_redis.ttl(name) <= 86_400


async def _shown(web: Any) -> bool:
    return bool((await web.client.get("/j/brood", headers=PAGE)).status_code == 200)


async def test_a_flooded_page_notes_no_more_and_says_the_same(published, web_settings, empty_redis):
    async with open_web(web_settings, limits=Limits(joins_of_code=0.001, joins_of_code_burst=2)) as web:
        await eventually(lambda: _shown(web), why="the programme is read")
        answers = set()
        for number in range(4):
            form = {"phone": f"+3161111555{number}", "agree": "yes"}
            answers.add((await web.client.post("/j/brood", data=form, headers=PAGE)).text)
        assert len(answers) == 1
        assert len([each async for each in empty_redis.scan_iter("joining:*")]) == 2
        await web.message("+31611115553", "JOIN BROOD", "SM9")
        assert await customer_of(web, "+31611115553") is not None, "as from a poster"
