"""Digests behind tags, from a registry that is asked as Docker asks it: here one on loopback, with a token."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.script_files import script

ROOT = Path(__file__).parents[2]
MANIFESTS = {"apache/kafka:4.1.1": b'{"schemaVersion": 2}', "library/python:3.13-slim": b'{"manifests": []}'}


pin_images = script("pin_images")


def digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


class Registry(BaseHTTPRequestHandler):
    lies = False

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/token":
            scope = parse_qs(url.query)["scope"][0]
            return self.answer(200, json.dumps({"token": f"for {scope}"}).encode())
        _, _, *repository, _manifests, tag = url.path.split("/")
        name = "/".join(repository)
        if self.headers["Authorization"] != f"Bearer for repository:{name}:pull":
            realm = f'Bearer realm="http://{self.headers["Host"]}/token",service="here"'
            return self.answer(401, b"{}", {"WWW-Authenticate": realm})
        if "index.v1+json" not in self.headers["Accept"] or f"{name}:{tag}" not in MANIFESTS:
            return self.answer(404, b"{}")
        body = MANIFESTS[f"{name}:{tag}"]
        return self.answer(200, body, {"Docker-Content-Digest": digest(b"another" if self.lies else body)})

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""


@pytest.fixture
def registry(monkeypatch) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"127.0.0.1:{server.server_port}"
    monkeypatch.setattr(pin_images, "_HUB", address)
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def files(tmp_path) -> Path:
    compose = (
        "  image: stamgast:local\n  build: .\n    image: apache/kafka:4.1.1\n    image: {host}/apache/kafka:4.1.1\n"
    )
    (tmp_path / "docker-compose.yml").write_text(compose)
    (tmp_path / "Dockerfile").write_text("FROM python:3.13-slim AS build\nRUN x\n\nFROM python:3.13-slim\n")
    return tmp_path


def test_every_image_gets_the_digest_that_its_registry_gives_and_ours_gets_none(registry, files, capsys):
    compose, docker = files / "docker-compose.yml", files / "Dockerfile"
    compose.write_text(compose.read_text().format(host=registry))
    assert pin_images.main(["--check"], files) == 1
    assert pin_images.main([], files, scheme="http") == 0
    kafka, python = (digest(each) for each in MANIFESTS.values())
    assert compose.read_text() == (
        f"  image: stamgast:local\n  build: .\n    image: apache/kafka:4.1.1@{kafka}\n"
        f"    image: {registry}/apache/kafka:4.1.1@{kafka}\n"
    )
    assert docker.read_text() == (f"FROM python:3.13-slim@{python} AS build\nRUN x\n\nFROM python:3.13-slim@{python}\n")
    assert pin_images.main(["--check"], files) == 0
    again = compose.read_text()
    assert pin_images.main([], files, scheme="http") == 0
    assert compose.read_text() == again
    assert "as before" in capsys.readouterr().out


def test_what_a_registry_does_not_know_or_calls_by_another_digest_stays_as_it_is(registry, files, capsys, monkeypatch):
    compose = files / "docker-compose.yml"
    compose.write_text("  image: apache/kafka:9.9.9\n")
    assert pin_images.main([], files, scheme="http") == 1
    assert compose.read_text() == "  image: apache/kafka:9.9.9\n"
    monkeypatch.setattr(Registry, "lies", True)
    compose.write_text("  image: apache/kafka:4.1.1\n")
    assert pin_images.main([], files, scheme="http") == 1
    assert compose.read_text() == "  image: apache/kafka:4.1.1\n"
    said = capsys.readouterr().out
    assert "did not tell" in said
    assert "and what it gave is" in said


def test_the_images_of_our_own_files_are_found():
    found = {str(each) for name in pin_images.FILES for each in pin_images.images_in((ROOT / name).read_text())}
    assert {each.partition(":")[0] for each in found} == {"apache/kafka", "valkey/valkey", "python"}
