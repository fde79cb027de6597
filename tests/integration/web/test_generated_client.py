"""A client that a generator makes of `/openapi.json` works: it is written, imported and used against a running web."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from stamgast.web.openapi.examples import EXAMPLES
from stamgast.web.openapi.story import MISTYPED, PERSON, SALE
from tests.integration.web.conftest import MERCHANT

pytestmark = pytest.mark.slow

NAME = "stamgast_till"
NOT_FOR_CLIENTS = {"deliver", "deliverTo"}
"""Webhooks: what they hold is the other system's."""


@pytest.fixture
async def generated(web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the client that was made of what this web serves."""
    document = tmp_path / "openapi.json"
    document.write_text((await web.client.get("/openapi.json")).text)
    made = ConfigFile(project_name_override=NAME, package_name_override=NAME, post_hooks=[])
    config = Config.from_sources(made, MetaType.NONE, document, "utf-8", overwrite=True, output_path=tmp_path / NAME)
    complaints = [each for each in generate(config=config) if "/pos/{system}" not in (each.header or "")]
    assert not complaints
    monkeypatch.syspath_prepend(str(tmp_path))

    def module(name: str) -> ModuleType:
        return importlib.import_module(f"{NAME}.{name}")

    yield module
    for name in [each for each in sys.modules if each.partition(".")[0] == NAME]:
        del sys.modules[name]


async def test_a_generated_client_enrols_sells_and_understands_refusals(web, generated):
    def call(operation: str) -> Any:
        return generated(f"api.default.{operation}").asyncio

    models = generated("models")
    where = str(web.client.base_url)
    async with generated("client").AuthenticatedClient(base_url=where, token=web.key) as till:
        joined = await call("enrol_customer")(MERCHANT, client=till, body=models.EnrolmentRequest.from_dict(PERSON))
        assert (joined.new, joined.customer[0]) == (True, "c")

        sold = await call("report_purchases")(MERCHANT, client=till, body=models.Purchase.from_dict(SALE))
        assert (sold.accepted, sold.purchases[0].transaction_id) == (1, SALE["transaction_id"])
        assert sold.purchases[0].customer == joined.customer

        wrong = models.EnrolmentRequest.from_dict(MISTYPED)
        refused = await call("enrol_customer")(MERCHANT, client=till, body=wrong)
        assert isinstance(refused, models.Problem)
        assert [(each.pointer, each.nearest) for each in refused.errors] == [("/consents/0/purpose", "marketing")]

        nobody = models.CustomerReference.from_dict({"phone": "0687654321"})
        assert (await call("look_up_customer")(MERCHANT, client=till, body=nobody)).status == 404
        key = await call("get_public_key")(MERCHANT, client=till)
        assert key.public_key == web.parts.identities.public_key(MERCHANT)
    stranger = generated("client").AuthenticatedClient(base_url=where, token="wrong")
    assert (await call("get_rules")(MERCHANT, client=stranger)).status == 401
    [(_, stored)] = await web.records(web.topics.purchases)
    assert json.loads(stored)["data"]["transaction_id"] == SALE["transaction_id"]


async def test_every_operation_but_webhooks_has_a_function_of_its_own(generated):
    def spelled(name: str) -> str:
        return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)

    for operation in EXAMPLES.keys() - NOT_FOR_CLIENTS:
        assert callable(generated(f"api.default.{spelled(operation)}").asyncio), operation
