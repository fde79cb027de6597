"""Every example of `/openapi.json`, sent to a running web with a real worker behind it: the documented answer comes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from openapi_spec_validator import validate

from stamgast.broker import kafka_of
from stamgast.log.topics import Topics
from stamgast.pos.connections import Connection
from stamgast.programs.publish import publish
from stamgast.settings import Settings
from stamgast.state.transactions import KnownTransactions
from stamgast.tills.record import record_of
from stamgast.tills.shelf import append_connections
from stamgast.web.openapi.examples import EXAMPLES, Example
from stamgast.web.openapi.story import FORMER
from tests.builders import sure
from tests.conftest import eventually
from tests.documented import Run
from tests.integration import commands
from tests.integration.proofs.forge import Forged
from tests.integration.web.conftest import CONFIG, MERCHANT, Web, environment
from tests.integration.web.shop import bread

pytestmark = pytest.mark.slow

EVENTS = "events: {workshop: {fields: {topic: [bread, cake], score: number}}}\n"
PHONE = {"phone": "+31612345678"}


@pytest.fixture
async def published(settings: Settings, topics: Topics, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(CONFIG / MERCHANT, tmp_path / "config" / MERCHANT))
    with (folder / "program.yaml").open("a") as program:
        program.write(EVENTS)
    await publish(settings.kafka_bootstrap, topics.programs, [folder], 0)


class Story:
    """The documented story as it goes on, and what happens between its requests."""

    def __init__(self, web: Web, settings: Settings, worker: Forged, document: Any) -> None:
        self._web = web
        self._settings = settings
        self._worker = worker
        self._document = document
        self._where = {
            described["operationId"]: (method.upper(), path)
            for path, methods in document["paths"].items()
            for method, described in methods.items()
        }
        self.run = Run()

    def __contains__(self, operation: str) -> bool:
        return operation in self._where

    async def goes_on(self, operation: str) -> None:
        """What the next operation needs."""
        match operation:
            case "lookUpCustomer":
                await self._fill_a_card()
            case "claimReceipt":
                await self._sell_to_nobody()
            case "mergeCustomer":
                await self._enrol_once_more()
            case "getDay":
                words = ("day", "--keep", "--merchant", MERCHANT, "--date", self.run.asked("2026-10-02"))
                commands.done(*words, env=environment(self._settings)).check_returncode()
            case "deliver":
                tills = sure(self._web.parts.tills)
                secret = {"webhook": (tills.seal.seal(MERCHANT, "webshop", "webhook", "s3cret"),)}
                connection = Connection(MERCHANT, "webshop", "woocommerce", "W1", {"online": "korenmarkt"}, secret)
                topic = self._web.topics.connections
                await append_connections(*(kafka_of(self._settings), topic), [record_of(connection, 1)])
                await eventually(lambda: len(tills.connections.all(MERCHANT)) == 1)

    async def _fill_a_card(self) -> None:
        batch = [bread(n, PHONE, days_ago=1 + n) for n in range(2, 8)]
        assert (await self._web.post("/purchases", batch)).status_code == 202

        async def voucher() -> bool:
            assert self._worker.exit_code is None, self._worker.log_tail()
            found = await self._web.post("/customers/lookup", PHONE)
            return found.status_code == 200 and bool(found.json()["vouchers"])

        await eventually(voucher, seconds=60)

    async def _enrol_once_more(self) -> None:
        """The same person under another phone, who bought once."""
        other = {"phone": "+31687654321"}
        found = (await self._web.post("/customers", other)).json()["customer"]
        self.run.real[FORMER] = found
        assert (await self._web.post("/purchases", bread(4730, other, days_ago=1))).status_code == 202

        async def bought() -> bool:
            return (await self._web.get(f"/customers/{found}")).json().get("purchases") == 1

        await eventually(bought, seconds=60)

    async def _sell_to_nobody(self) -> None:
        sale = bread(4720, {}, days_ago=1)
        del sale["customer"]
        assert (await self._web.post("/purchases", sale)).status_code == 202
        partition_of = self._web.parts.appender.partition_of
        known = KnownTransactions(self._web.parts.redis, lambda key: partition_of(self._web.topics.purchases, key))
        await eventually(lambda: known.of(MERCHANT, ["till1:4720"]), seconds=60)

    async def send(self, operation: str, example: Example) -> httpx.Response:
        method, path = self._where[operation]
        body = self.run.asked(example.body)
        sent: dict[str, Any] = {"content": body} if isinstance(body, str) else {"json": body} if body else {}
        form = {"Content-Type": "application/x-www-form-urlencoded"} if isinstance(body, str) else {}
        where = path.format(**self.run.asked(dict(example.path)))
        given = self._web.headers() | dict(example.headers) | form
        return await self._web.client.request(method, where, params=example.query, headers=given, **sent)

    def differences(self, operation: str, example: Example, answer: httpx.Response) -> list[str]:
        """How an answer differs from the documented one, and from the documented schema."""
        if answer.status_code != example.status:
            return [f"{answer.status_code}, not {example.status}: {answer.text}"]
        method, path = self._where[operation]
        described = self._document["paths"][path][method.lower()]["responses"][str(example.status)].get("content")
        if described is None:
            return [] if not answer.content else [f"{answer.text!r}, and nothing is described"]
        media = answer.headers["content-type"]
        if media not in described:
            return [f"{media} is not described"]
        schema = described[media]["schema"] | {"components": self._document["components"]}
        wrong = [each.message for each in jsonschema.Draft202012Validator(schema).iter_errors(answer.json())]
        return wrong + self.run.differences(example.answer, answer.json())


async def test_every_documented_example_is_answered_as_it_is_documented(web, worker, web_settings):
    document = (await web.client.get("/openapi.json")).json()
    validate(document)
    web.key = await web.new_key("intake", "till", "read", "admin")
    story = Story(web, web_settings, worker, document)
    wrong = {}
    for operation, examples in EXAMPLES.items():
        await story.goes_on(operation)
        for example in examples:
            answer = await story.send(operation, example)
            if differs := story.differences(operation, example, answer):
                wrong[f"{operation}/{example.name}"] = (differs, answer.text)
            for asked, of, name in (
                ("redeemVoucher", "getRedemption", "redemption"),
                ("giveStamps", "getStampsByHand", "handing"),
            ):
                if "location" in answer.headers and operation == asked:
                    sent_by = answer.headers["location"].rpartition("/")[2]
                    story.run.real.setdefault(sure(EXAMPLES[of][0].path)[name], sent_by)
    assert not wrong, "\n".join(f"{name}: {differs}\n    {text}" for name, (differs, text) in wrong.items())
