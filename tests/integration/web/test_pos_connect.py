"""`stamgast pos connect`, as a shop's developer runs it: an address to paste, and the first sale seen."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from stamgast.pos.registry import Registry
from stamgast.settings import Settings
from tests.builders import sure
from tests.conftest import eventually
from tests.fakes.doorbell import Doorbell
from tests.fakes.kassa import Kassa, sign
from tests.fakes.pos_api import PosApi
from tests.fakes.pos_webhooks import PosWebhooks
from tests.integration.web.conftest import CONFIG, MERCHANT, PUBLIC_URL, Web, environment

SALE = {"number": "17", "version": 1, "at": "2026-10-01T07:42:10Z", "total": 12.4, "till": "T1"}
ROOT = Path(__file__).parents[3]


class Terminal:
    """Runs the command with a config folder and two more systems of its own."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.config = folder / "config"
        shutil.copytree(CONFIG / MERCHANT, self.config / "merchants" / MERCHANT)
        info = folder / "site" / "more_tills-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: more-tills\nVersion: 1.0\n")
        entries = "[stamgast.pos]\nkassa = tests.fakes.kassa:Kassa\ndoorbell = tests.fakes.doorbell:Doorbell\n"
        (info / "entry_points.txt").write_text(entries)
        path = os.pathsep.join([str(info.parent), str(ROOT), *sys.path])
        self._env = environment(settings) | {"PYTHONPATH": path, "STAMGAST_CONFIG_DIR": str(self.config)}

    async def cli(self, *words: str) -> tuple[int, str, str]:
        """Run another command than `pos`."""
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), asyncio.subprocess.PIPE)
        command = [sys.executable, "-m", "stamgast.cli", *words]
        process = await asyncio.create_subprocess_exec(*command, env=self._env, **pipes)
        out, err = await process.communicate(b"")
        return sure(process.returncode), out.decode(), err.decode()

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), asyncio.subprocess.PIPE)
        command = [sys.executable, "-m", "stamgast.cli", "pos", *words]
        return await asyncio.create_subprocess_exec(*command, env=self._env, **pipes)

    async def run(self, *words: str) -> tuple[int, str, str]:
        process = await self.start(*words)
        out, err = await process.communicate(b"")
        return sure(process.returncode), out.decode(), err.decode()


@pytest.fixture
def terminal(web_settings: Settings, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, web_settings)


async def test_a_system_is_connected_by_its_answers_and_the_first_sale_is_told(web: Web, terminal: Terminal):
    tills = sure(web.parts.tills)
    tills.registry = Registry({"kassa": Kassa, "doorbell": Doorbell}, ())
    answers = ("--set", "webhook=s3cret", "--set", "account=K9", "--store", "T1=dok-noord")
    process = await terminal.start("connect", "kassa", *answers, "--wait", "60")
    await eventually(lambda: tills.connections.loaded and tills.connections.all(MERCHANT), seconds=60, why="in force")

    raw = json.dumps({"id": "d1", "event": "sale", "sale": SALE}).encode()
    door = f"/v1/merchants/{MERCHANT}/pos/kassa/kassa"
    answer = await web.client.post(door, content=raw, headers=sign(raw, "s3cret", web.parts.clock.now()))
    assert answer.status_code == 200
    out, err = await process.communicate()
    assert process.returncode == 0, err
    assert f"{PUBLIC_URL}{door}" in out.decode()
    assert "first sale seen: 12.40 EUR at Dok Noord, 0 items, no customer attached" in out.decode()
    file = (terminal.config / "merchants" / MERCHANT / "pos" / "kassa.yaml").read_text()
    assert "s3cret" not in file
    assert '"T1": dok-noord' in file


async def test_an_unsigned_system_gets_an_address_that_nobody_guesses(web: Web, terminal: Terminal):
    sure(web.parts.tills).registry = Registry({"doorbell": Doorbell}, ())
    code, out, _ = await terminal.run("connect", "doorbell", "--set", "api=key", "--wait", "0", "--json")
    told = json.loads(out)
    assert (code, told["first_sale"]) == (0, None)
    path = urlsplit(told["url"]).path
    assert len(path.rpartition(".")[2]) >= 32
    tills = sure(web.parts.tills)
    await eventually(lambda: tills.connections.loaded and tills.connections.all(MERCHANT), why="in force")
    assert (await web.client.post(path, content=b"ring=1")).text == "pong"
    assert (await web.client.post(path[:-1], content=b"ring=1")).status_code == 404
    again = json.loads((await terminal.run("connect", "doorbell", "--wait", "0", "--json"))[1])
    assert again["url"] == told["url"], "an address that was pasted somewhere stays"

    file = terminal.config / "merchants" / MERCHANT / "pos" / "doorbell.yaml"
    assert "role:" not in file.read_text()
    await terminal.run("connect", "doorbell", "--role", "payment", "--wait", "0", "--json")
    assert "role: payment\n" in file.read_text()
    file.unlink()
    assert json.loads((await terminal.run("apply", "--json"))[1]) == {"in_force": [], "ended": ["doorbell"]}
    await eventually(lambda: not tills.connections.all(MERCHANT), why="it has ended")


async def test_what_is_missing_or_misspelled_is_said_and_nothing_is_written(web: Web, terminal: Terminal):
    for words, said in [
        (("connect", "kassa"), "kassa needs webhook"),
        (("connect", "kassa", "--set", "webhok=x"), 'Did you mean "webhook"?'),
        (("connect", "kassa", "--set", "webhook=x", "--store", "T1=dok-nord"), 'Did you mean "dok-noord"?'),
        (("connect", "kassa", "--set", "webhook=x", "--name", "Front Desk"), "cannot be a connection's name"),
    ]:
        code, _, err = await terminal.run(*words)
        assert code == 2
        assert said in err
    assert not (terminal.config / "merchants" / MERCHANT / "pos").exists()


async def test_publish_brings_files_into_force_ends_none_and_refuses_what_is_wrong(web: Web, terminal: Terminal):
    tills = sure(web.parts.tills)
    tills.registry = Registry({"doorbell": Doorbell}, ())
    await terminal.run("connect", "doorbell", "--set", "api=key", "--wait", "0", "--json")
    file = terminal.config / "merchants" / MERCHANT / "pos" / "doorbell.yaml"
    assert json.loads((await terminal.cli("publish", "--json"))[1])["connections"] == {MERCHANT: []}, "it is in force"
    file.write_text(file.read_text() + "account: D2\n")
    assert json.loads((await terminal.cli("publish", "--json"))[1])["connections"] == {MERCHANT: ["doorbell"]}
    await eventually(lambda: [each.account for each in tills.connections.all(MERCHANT)] == ["D2"], why="in force")

    file.with_name("second.yaml").write_text("system: doorbel\n")
    code, _, err = await terminal.cli("publish")
    assert code == 1
    assert 'Did you mean "doorbell"?' in err
    assert "its connections to tills stay as they were" in err
    file.rename(file.with_name("second.yaml"))
    code, _, err = await terminal.cli("publish")
    assert "the connection doorbell has no file here and stays; `stamgast pos apply` would end it" in err
    assert code == 0, err


async def test_connect_makes_the_webhooks_where_the_api_lets_it(web: Web, terminal: Terminal):
    assert web.parts.tills is not None
    async with PosWebhooks().served() as api:
        answers = ("--set", "account=shop.example", "--set", "webhook=s3cret", "--set", "api=ck_1:cs_1")
        words = ("connect", "woocommerce", *answers, "--api-url", api.url, "--subscribe", "--wait", "0")
        code, out, err = await terminal.run(*words)
        assert code == 0, err
        assert "Its webhooks were made at woocommerce" in out
        assert "Paste this address" not in out
        address = f"{PUBLIC_URL}/v1/merchants/{MERCHANT}/pos/woocommerce/woocommerce"
        made = [(each["topic"], each["delivery_url"], each["secret"]) for each in api.made.values()]
        assert made == [("order.created", address, "s3cret"), ("order.updated", address, "s3cret")]
        [row, *_] = json.loads((await terminal.run("status", "--json"))[1])
        assert row["webhooks"]["made_at"] == row["webhooks"]["seen_at"] is not None

        api.refuses = 401
        api.made.clear()
        code, _, err = await terminal.run(*words)
        assert code == 1
        assert "is in force, and its webhooks were not made: the API refuses the credential (401)" in err
    code, _, err = await terminal.run("connect", "doorbell", "--set", "api=key", "--subscribe", "--wait", "0")
    assert code == 2
    assert "doorbell lets nobody make its webhooks by its API" in err


VISIT = {"id": 7, "version": 1, "at": "2026-10-01T07:42:10Z", "place": "north", "cents": 1240}


async def test_a_connection_is_polled_its_status_told_and_a_letter_played_again(web: Web, terminal: Terminal, tmp_path):
    tills = sure(web.parts.tills)
    tills.registry = Registry({"doorbell": Doorbell}, ())
    async with PosApi().served() as api:
        words = ("--set", "api=key", "--set", "account=D1", "--store", "north=dok-noord", "--api-url", api.url)
        code, out, err = await terminal.run("connect", "doorbell", *words, "--wait", "0", "--json")
        assert code == 0, err
        door = urlsplit(json.loads(out)["url"]).path
        api.lists["/visits"] = ("visits", "id", [VISIT, VISIT | {"id": 8, "cents": "much"}])

        [row] = json.loads((await terminal.run("status", "--json"))[1])
        expected = {"connection": "doorbell", "system": "doorbell", "store": "dok-noord", "cursor": None}
        assert row | expected | {"last_event": None, "health": "healthy"} == row

        polled = json.loads((await terminal.run("poll", "doorbell", "--json"))[1])
        assert polled == {"connection": "doorbell", "pages": 1, "taken": 1, "laid_aside": 1, "more": False, "paid": 0}
        [row] = json.loads((await terminal.run("status", "--json"))[1])
        assert row["cursor"] == "8"
        assert row["last_event"]

        await eventually(lambda: tills.connections.loaded and tills.connections.all(MERCHANT), why="in force")
        assert (await web.client.post(door, json={"visit": 9})).status_code == 200
        letters = {key.decode(): 0 for key, _ in await web.records(web.topics.dead_letters)}
        assert len(letters) == 2
        api.objects["/visits/9"] = VISIT | {"id": 9}
        mended = tmp_path / "mended.json"
        mended.write_text(json.dumps(VISIT | {"id": 8}))
        results = []
        for letter in letters:
            done = await terminal.run("replay", letter)
            if done[0]:
                assert "it still cannot be taken" in done[2]
                done = await terminal.run("replay", letter, "--value", str(mended))
            results.append(done[0])
        assert results == [0, 0]
    records = [json.loads(value or b"")["data"] for _, value in await web.records(web.topics.purchases)]
    assert sorted(each["transaction_id"] for each in records) == ["D1:7", "D1:8", "D1:9"]
    assert (await terminal.run("poll", "dorbell"))[0] == 1


MAPPING = """# Ours, from the old register.
system: generic
mapping:  # as the register writes it
  signature: {scheme: address}
  transaction_id: "$.id"
  end_date_time: "$.at"
  store: "$.shop"
  gross: "$.total"
"""


async def test_a_mapping_is_connected_and_every_line_of_its_file_stays(web: Web, terminal: Terminal):
    code, _, err = await terminal.run("connect", "generic", "--name", "register", "--wait", "0")
    assert code == 2
    assert "begins with its mapping" in err
    file = terminal.config / "merchants" / MERCHANT / "pos" / "register.yaml"
    file.parent.mkdir()
    file.write_text(MAPPING)
    words = ("connect", "generic", "--name", "register", "--store", "n=dok-noord", "--wait", "0", "--json")
    code, out, err = await terminal.run(*words)
    assert code == 0, err
    assert file.read_text().startswith(MAPPING)
    first = file.read_text()
    again = json.loads((await terminal.run(*words))[1])
    assert (again["url"], file.read_text()) == (json.loads(out)["url"], first)
    tills = web.parts.tills
    await eventually(lambda: tills.connections.loaded and tills.connections.all(MERCHANT), why="in force")
    sale = {"id": 1, "at": "2026-10-01T09:42:00+02:00", "shop": "n", "total": "3.20"}
    assert (await web.client.post(urlsplit(again["url"]).path, json=sale)).status_code == 200
    [record] = [json.loads(value or b"")["data"] for _, value in await web.records(web.topics.purchases)]
    assert (record["totals"], record["store"]) == ({"gross_minor": 320}, {"retail_store_id": "dok-noord"})
