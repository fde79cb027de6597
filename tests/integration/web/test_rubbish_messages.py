"""Thousands of texts and forms at the real door: it stands, opts out exactly whoever meant it, and tells nobody what was
written. `STAMGAST_TEST_MESSAGES=10000` is the whole of it; a run of all tests tries some hundreds.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from stamgast.domain.events import ConsentChanged, Enrolled, decode_event
from stamgast.identity.ids import Identifier
from stamgast.identity.records import Suppression, decode_entry
from stamgast.programs.publish import publish
from tests.integration.web.conftest import CONFIG, MERCHANT, PUBLIC_URL, SHOP_NUMBER, TOKENS, open_web
from tests.labelled_replies import TEXTS
from tests.written_at_random import MARK, Case, cases

MESSAGES = int(os.environ.get("STAMGAST_TEST_MESSAGES", "700"))
_AT_ONCE = 24
_KNOWN = sum(len(lines.strip().splitlines()) for lines in TEXTS.values())
"""So many of the phones are customers': they can leave topics."""
_TOPICS = """topics:
  news: {purpose: utility, words: {nl: [nieuws, nieuwsbrief, news, neuigkeiten], fr: actus}}
  workshops: {templates: [we_miss_you], words: {nl: [workshops, workshop, kurse], fr: ateliers}}
join:
  korenmarkt: {wording: poster-1}
  brood1: {wording: poster-1}
"""


def phone_of(number: int) -> str:
    return f"+3161{number:07d}"


@pytest.fixture
async def topical(settings: Any, topics: Any, tmp_path: Path) -> None:
    """The bakery with the topics and codes of the labelled texts."""
    folder = tmp_path / MERCHANT
    for file in (CONFIG / MERCHANT).rglob("*"):
        if file.is_file():
            (folder / file.relative_to(CONFIG / MERCHANT)).parent.mkdir(parents=True, exist_ok=True)
            (folder / file.relative_to(CONFIG / MERCHANT)).write_bytes(file.read_bytes())
    text = (folder / "program.yaml").read_text()
    own, lapse = text.index("topics:"), text.index("lapse:")
    (folder / "program.yaml").write_text(text[:own] + _TOPICS + text[lapse:])
    done = await publish(settings.kafka_bootstrap, topics.programs, [folder], 0)
    assert done, "it was published"


async def post(web: Any, number: int, case: Case) -> int:
    sender = phone_of(number)
    form = {"MessageSid": f"SM{number:x}", "AccountSid": "ACsandbox1", "From": sender, "To": SHOP_NUMBER} | case.form
    text = f"{PUBLIC_URL}/twilio/inbound" + "".join(name + form[name] for name in sorted(form))
    token = TOKENS[case.token] if case.signed else "nobody's token"
    signature = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(form).encode() if case.raw is None else case.raw
    answer = await web.client.post("/twilio/inbound", content=body, headers=headers)
    assert answer.status_code in case.status, (number, case, answer.text)
    assert MARK not in answer.text
    return int(answer.status_code)


async def test_the_door_stands_and_opts_out_exactly_whoever_meant_it(web_settings, topical, empty_redis, caplog):
    caplog.set_level(logging.DEBUG)
    tried = list(cases(MESSAGES))
    async with open_web(web_settings) as web:
        identities = web.parts.identities
        for start in range(0, _KNOWN, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, _KNOWN))
            await asyncio.gather(*(web.post("/customers", {"phone": phone_of(each)}) for each in numbers))
        for start in range(0, len(tried), _AT_ONCE):
            some = list(enumerate(tried[start : start + _AT_ONCE], start))
            await asyncio.gather(*(post(web, number, case) for number, case in some))
        hashes = {identities.hash_phone(MERCHANT, phone_of(number)): number for number in range(len(tried))}
        stopped: dict[int, bool] = {}
        for key, value in await web.records(web.topics.suppressions):
            if b":s:" in key and value is not None:
                entry = decode_entry(value)
                assert isinstance(entry, Suppression)
                stopped[hashes[key.decode().rpartition(":")[2]]] = entry.stopped
        meant = {number for number, case in enumerate(tried) if case.means == "stop"}
        unsure = {number for number, case in enumerate(tried) if case.means is None}
        # A topic that a stranger leaves: none of ours writes to them. In doubt some of these are a STOP of all.
        out = {number for number, is_stopped in stopped.items() if is_stopped} - unsure
        wrong = [(tried[each].form.get("Body"), tried[each].means) for each in sorted(out ^ meant)]
        assert wrong == []
        await _topics_and_joins(web, tried)
        await _nothing_is_told(web, tried)
    assert MARK not in caplog.text
    assert "+3161" not in caplog.text


async def _topics_and_joins(web: Any, tried: list[Case]) -> None:
    found = [decode_event(value) for _key, value in await web.records(web.topics.customer_events)]
    names = {}
    for number in range(_KNOWN):
        names[await web.parts.identities.customer_of(MERCHANT, Identifier("phone", phone_of(number)))] = number
    moved: dict[int, list[str]] = {}
    for each in found:
        if isinstance(each, ConsentChanged) and each.topic and each.customer in names:
            word = "return" if each.granted else "leave"
            moved.setdefault(names[each.customer], [word]).append(each.topic)
    expected = {
        number: case.means.split()
        for number, case in enumerate(tried[:_KNOWN])
        if case.means is not None and case.means.startswith(("leave", "return"))
    }
    assert moved == expected
    joins = {number for number, case in enumerate(tried) if case.means in {"join korenmarkt", "join brood1"}}
    sources = {each.customer for each in found if isinstance(each, Enrolled) and each.acquisition_source}
    for number in joins:
        customer = await web.parts.identities.customer_of(MERCHANT, Identifier("phone", phone_of(number)))
        assert customer is not None
        assert customer in sources or number < _KNOWN, tried[number]
    strangers = [number for number, case in enumerate(tried) if number >= _KNOWN and case.means == "none"]
    for number in strangers:
        assert await web.parts.identities.customer_of(MERCHANT, Identifier("phone", phone_of(number))) is None


async def _nothing_is_told(web: Any, tried: list[Case]) -> None:
    """What was written stands sealed, and nowhere else."""
    for name, _topic in web.topics:
        for _key, value in await web.records(name):
            assert MARK.encode() not in (value or b"")
            assert b"+3161" not in (value or b"")
