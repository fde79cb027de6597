"""`stamgast listen` beside a worker: what happens arrives signed, in order, and only of the merchant asked about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from standardwebhooks import Webhook

from stamgast.domain.told import Line
from stamgast.local.processes import free_port
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.web.conftest import MERCHANT, environment
from tests.integration.web.shop import bread

pytestmark = pytest.mark.slow

SECRET = "whsec_c3RhbWdhc3Qtc3RhbWdhc3Qtc3RhbWdhc3Q="


class Desk:
    """A developer's own server: keeps what is genuine, and refuses what it is told to refuse."""

    def __init__(self) -> None:
        self.genuine: list[dict[str, Any]] = []
        self.ids: list[str] = []
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                desk.genuine.append(Webhook(SECRET).verify(raw, dict(self.headers)))
                desk.ids.append(self.headers["Webhook-Id"])
                self.send_response(500 if len(desk.genuine) == 1 else 204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/loyalty"


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    thread = Thread(target=desk.server.serve_forever)
    thread.start()
    yield desk
    desk.server.shutdown()
    desk.server.server_close()
    thread.join()


async def test_what_happens_is_sent_on_signed_and_what_is_not_taken_is_told(
    web, worker, web_settings, desk, tmp_path: Path
):
    log = tmp_path / "listen.log"
    words = ("listen", "--merchant", MERCHANT, "--secret", SECRET, "--forward-to", desk.url)
    listening = commands.started("listen", *words, log=log, env=environment(web_settings))
    try:
        await eventually(lambda: "Listening to" in log.read_text(), seconds=60)
        line = Line(kind="stage", became="active", merchant="platenzaak", customer="c" + "a" * 24, at=1)
        foreign = json.dumps({name: getattr(line, name) for name in ("kind", "became", "merchant", "customer", "at")})
        await web.parts.appender.append(web.topics.facts, [(b"platenzaak:x", foreign.encode()), (b"x", b"no JSON")])
        batch = [bread(n, {"phone": "+31612345678"}, days_ago=7 - n) for n in range(3)]
        assert (await web.post("/purchases", batch)).status_code == 202

        def stamps() -> list[Any]:
            return [each["data"]["after"] for each in desk.genuine if each["type"] == "fact.stamps.stamped"]

        await eventually(lambda: len(stamps()) == 3, seconds=90)
        assert stamps() == [1, 2, 3]
        assert {each["data"]["merchant"] for each in desk.genuine} == {MERCHANT}
        assert len(set(desk.ids)) == len(desk.ids)
        assert all(each["timestamp"].endswith("Z") for each in desk.genuine)
        await eventually(lambda: log.read_text().count("fact.stamps.stamped") == 3)
        assert "not taken: 500" in log.read_text()
        assert "platenzaak" not in log.read_text()
    finally:
        listening.stop()
    assert "Traceback" not in log.read_text()


async def test_an_address_where_nobody_is_ends_nothing(web, worker, web_settings, tmp_path: Path):
    log = tmp_path / "listen.log"
    nowhere = f"http://127.0.0.1:{free_port()}"
    words = ("listen", "--merchant", MERCHANT, "--forward-to", nowhere)
    listening = commands.started("listen", *words, log=log, env=environment(web_settings))
    try:
        await eventually(lambda: "Signed with whsec_" in log.read_text(), seconds=60)
        await web.post("/purchases", [bread(n, {"phone": "+31612345678"}, days_ago=7 - n) for n in range(2)])
        await eventually(lambda: log.read_text().count("not taken:") >= 2, seconds=90)
        assert listening.exit_code is None
    finally:
        listening.stop()
