"""`JOIN <code>` from the real webhook: enrolled once, with proof; confirmed where the code asks for it."""

from typing import Any

from stamgast.domain.events import ConsentChanged, Enrolled, OptedIn, OptedOut, Replied, decode_event
from stamgast.identity.ids import Identifier
from stamgast.identity.proofs import Proof
from stamgast.people.consents import told_of
from stamgast.web.webhooks import door_answers
from tests.integration.web.conftest import MERCHANT, SHOP_NUMBER, open_web

PHONE = "+31612345678"


async def events(web: Any, *kinds: type) -> list[Any]:
    found = [decode_event(value) for _key, value in await web.records(web.topics.customer_events)]
    return [event for event in found if isinstance(event, kinds or object)]


async def customer_of(web: Any, phone: str = PHONE) -> str | None:
    found: str | None = await web.parts.identities.customer_of(MERCHANT, Identifier("phone", phone))
    return found


async def test_an_unknown_phone_joins_with_the_proof_of_what_it_agreed_to(web):
    answer = await web.message(f"whatsapp:{PHONE}", "Join brood!", "SM1")
    assert "<Response/>" in answer.text, "the owner answers, through the outbox"
    customer = await customer_of(web)
    assert customer is not None
    profile = await web.parts.identities.profile(MERCHANT, customer)
    assert (profile.phone, profile.language, profile.source) == (PHONE, "nl", "poster")
    told = await events(web)
    assert [type(each) for each in told] == [ConsentChanged, ConsentChanged, Enrolled, Replied]
    key = await web.parts.identities.key_of(MERCHANT, customer)
    assert [(each.purpose, each.channel, told_of(each, key).proof) for each in told[:2]] == [
        (purpose, "whatsapp", Proof("poster-2026-1", "join:brood whatsapp:SM1")) for purpose in ("marketing", "utility")
    ]
    assert told[2].acquisition_source == web.parts.identities.veil(MERCHANT).source("poster")
    assert (told[3].keyword, told[3].code, told[3].answers, told[3].read) == ("join", "brood", True, {})


async def test_a_repeat_however_late_gives_no_consent_again_and_makes_nobody_twice(web, web_settings, empty_redis):
    await web.message(PHONE, "JOIN BROOD", "SM1")
    customer, said = await customer_of(web), len(await events(web))
    await web.message(PHONE, "JOIN BROOD", "SM1")
    await empty_redis.flushall()  # nothing of that is remembered in Redis alone
    async with open_web(web_settings) as other:
        await other.message(PHONE, "JOIN BROOD", "SM1")
        assert await customer_of(other) == customer
        assert len(await events(other)) == said


async def test_a_known_customer_agrees_to_more_and_stays_who_they_are(web):
    given = {"phone": PHONE, "language": "fr", "acquisition_source": "flyer", "first_name": "Anna"}
    customer = (await web.post("/customers", given)).json()["customer"]
    await web.message(PHONE, "meedoen brood", "SM1")
    assert await customer_of(web) == customer
    profile = await web.parts.identities.profile(MERCHANT, customer)
    assert (profile.first_name, profile.language, profile.source) == ("Anna", "fr", "flyer")
    assert {(each.customer, each.channel) for each in await events(web, ConsentChanged)} == {(customer, "sms")}
    assert (await events(web, Enrolled))[-1].acquisition_source is None


async def test_where_the_code_asks_for_it_nothing_happens_before_a_yes(web, web_settings, empty_redis):
    asked = await web.message(PHONE, "JOIN KORENMARKT", "SM1")
    assert "Répondez OUI" in asked.text
    assert await customer_of(web) is None
    assert await web.records(web.topics.customer_events) == []
    await empty_redis.flushall()
    async with open_web(web_settings) as other:  # what was asked is on the log
        assert "<Response/>" in (await other.message(PHONE, "Oui!", "SM2")).text
        customer = await customer_of(other)
        key = await other.parts.identities.key_of(MERCHANT, customer)
        topics: list[Any] = []
        consents: list[Any] = []
        for each in await events(other, ConsentChanged):
            (topics if each.topic else consents).append((each, told_of(each, key).proof))
        assert [(each.topic, each.granted, proof) for each, proof in topics] == [
            ("offers", True, Proof("JOIN korenmarkt", "sms:SM2"))
        ]
        assert [proof for _, proof in consents] == [Proof("poster-2026-1", "join:korenmarkt@korenmarkt sms:SM1+SM2")]
        said = len(await events(other))
        await other.message(PHONE, "Oui!", "SM2")  # the carrier repeats itself
        await other.message(PHONE, "oui", "SM3")  # and this is an answer to nothing any more
        assert len(await events(other)) == said + 2
        assert [each.keyword for each in (await events(other, Replied))[1:]] == [None, None]


async def test_a_no_ends_it_and_a_yes_to_nothing_joins_nobody(web):
    await web.message(PHONE, "ja", "SM1")
    await web.message(PHONE, "join korenmarkt", "SM2")
    await web.message(PHONE, "nee", "SM3")
    await web.message(PHONE, "ja", "SM4")
    assert await customer_of(web) is None


async def test_who_had_stopped_joins_by_their_own_word(web):
    await web.message(PHONE, "JOIN BROOD", "SM1")
    await web.message(PHONE, "STOP", "SM2")
    await web.message(PHONE, "JOIN BROOD", "SM3")
    assert [type(each) for each in await events(web, OptedOut, OptedIn)] == [OptedOut, OptedIn]
    await web.message(PHONE, "STOP", "SM4")
    await web.message(PHONE, "JOIN BROOD", "SM3")
    assert [type(each) for each in await events(web, OptedOut, OptedIn)] == [OptedOut, OptedIn, OptedOut]


async def test_an_unknown_code_names_the_nearest_and_a_stranger_hears_how_to_join_at_most_five_times(web):
    assert "Bedoel je JOIN BROOD?" in (await web.message(PHONE, "JOIN BROD", "SM1")).text
    assert "Stuur JOIN BROOD om mee te doen" in (await web.message(PHONE, "KAART", "SM2")).text
    assert "Stuur JOIN BROOD om mee te doen" in (await web.message(PHONE, "HELP", "SM3")).text
    assert "<Response/>" in (await web.message(PHONE, "Hallo?", "SM4")).text
    assert "<Response/>" in (await web.message(PHONE, "KAART", "SM2")).text, "a message has one answer"
    said = [(await web.message(PHONE, "KAART", f"SMA{number}")).text for number in range(9)]
    assert sum("<Message>" in each for each in said) == 2
    assert await customer_of(web) is None
    await web.message("+31687654321", "STOP", "SMB")
    assert "<Response/>" in (await web.message("+31687654321", "KAART", "SMC")).text


async def test_a_thousand_machines_cost_no_more_than_is_set(web, monkeypatch):
    monkeypatch.setattr(door_answers, "MOST_STRANGERS", 3)
    said = [(await web.message(f"+3161234567{number}", "KAART", f"SM{number}")).text for number in range(8)]
    assert sum("<Message>" in each for each in said) == 3


async def test_what_the_carrier_has_recognised_joins_nobody(web):
    form = {"MessageSid": "SM1", "From": PHONE, "To": SHOP_NUMBER, "Body": "JOIN BROOD", "AccountSid": "ACsandbox1"}
    await web.webhook("/twilio/inbound", form | {"OptOutType": "HELP"})
    assert await customer_of(web) is None
