"""Google's token server and Wallet API on this machine: a real HTTP server that keeps what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.fakes.apple_files import key

ISSUER, EMAIL = "3388000000012345678", "stamgast@shop.iam.gserviceaccount.com"


class Asked(NamedTuple):
    """One request to the API."""

    method: str
    path: str
    document: dict[str, Any]


class GoogleWallet:
    """`says` may answer a request instead (status, headers); None: as Google would."""

    def __init__(self) -> None:
        self.says: Callable[[Asked], tuple[int, dict[str, str]] | None] = lambda _asked: None
        self.asked: list[Asked] = []
        self.objects: dict[str, dict[str, Any]] = {}
        self.classes: dict[str, dict[str, Any]] = {}
        self.tokens = 0
        self.lets_in = True
        self._lock = Lock()
        google = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                google.answer(self)

            do_PATCH = do_GET = do_POST  # noqa: N815  as the server calls them

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def settings(self, folder: Path) -> dict[str, Any]:
        """The service account's file, and what names it."""
        (folder / "account.json").write_text(json.dumps(account(f"{self.url}/token")))
        return {
            "wallet_google_issuer": ISSUER,
            "wallet_google_account": str(folder / "account.json"),
            "wallet_google_url": f"{self.url}/v1",
            "public_url": "https://loyalty.example.com",
        }

    def put(self, card: dict[str, Any]) -> None:
        """Somebody has put it into their wallet."""
        with self._lock:
            self.objects[card["id"]] = card

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        with self._lock:
            status, document, headers = (
                self._token(body) if handler.path == "/token" else self._api(handler, json.loads(body or b"{}"))
            )
        content = json.dumps(document).encode()
        handler.send_response(status)
        for name, value in ({"content-length": str(len(content))} | headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def _token(self, body: bytes) -> tuple[int, dict[str, Any], dict[str, str]]:
        said = parse_qs(body.decode())
        claims = jwt.decode(said["assertion"][0], public_pem(), ["RS256"], audience=f"{self.url}/token")
        assert claims["scope"] == "https://www.googleapis.com/auth/wallet_object.issuer"
        if not self.lets_in or claims["iss"] != EMAIL:
            return 400, {"error": "invalid_grant"}, {}
        self.tokens += 1
        return 200, {"access_token": f"token-{self.tokens}", "expires_in": 3_600, "token_type": "Bearer"}, {}

    def _api(self, handler: BaseHTTPRequestHandler, document: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        asked = Asked(handler.command, handler.path.removeprefix("/v1/"), document)
        self.asked.append(asked)
        if handler.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return 401, {"error": {"status": "UNAUTHENTICATED"}}, {}
        if (said := self.says(asked)) is not None:
            return said[0], {"error": {"status": "SAID_SO"}}, said[1]
        kind, _, name = asked.path.partition("/")
        kept = self.objects if kind == "loyaltyObject" else self.classes
        if asked.method == "PATCH" and name not in kept:
            return 404, {"error": {"status": "NOT_FOUND"}}, {}
        if asked.method in {"PATCH", "POST"}:
            kept[document["id"]] = kept.get(document["id"], {}) | document
        return 200, document, {}

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


def account(token_url: str) -> dict[str, Any]:
    """A service account's file."""
    return {
        "type": "service_account",
        "client_email": EMAIL,
        "private_key_id": "key-1",
        "private_key": _private_pem(),
        "token_uri": token_url,
    }


@cache
def _private_pem() -> str:
    return key("google").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem() -> Any:
    return key("google").public_key()
