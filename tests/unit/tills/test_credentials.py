"""How an API's credential is sent: as it is, or exchanged for a token that ends; and where the account stands in a path."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from stamgast.identity.sealing import WrappingKeys
from stamgast.pos.adapter import ApiError, ApiSpec
from stamgast.pos.connections import Connection, PosSeal
from stamgast.tills.client import Apis, Patience
from stamgast.web.serve import serving
from tests.builders import MERCHANT, sure
from tests.fakes.kassa import Kassa

SEAL = PosSeal(WrappingKeys({"first": b"1" * 32}))


class Provider:
    """An API that gives tokens and says what it was asked with."""

    def __init__(self) -> None:
        self.forms: list[dict[str, Any]] = []
        self.url = ""

    async def token(self, request: Request) -> JSONResponse:
        self.forms.append(dict(parse_qsl((await request.body()).decode())))
        return JSONResponse({"access_token": f"t{len(self.forms)}", "expires_in": 3600})

    async def asked(self, request: Request) -> JSONResponse:
        told = {"path": request.url.path, "authorization": request.headers.get("authorization")}
        return JSONResponse(told | ({"body": await request.json()} if request.method == "POST" else {}))


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    found = Provider()
    routes = [
        Route("/oauth/token", found.token, methods=["POST"]),
        Route("/{path:path}", found.asked, methods=["GET", "POST"]),
    ]
    async with serving(Starlette(routes=routes), "127.0.0.1", 0) as port:
        found.url = f"http://127.0.0.1:{port}"
        yield found


async def ask(provider: Provider, secret: str, times: int = 1) -> Any:
    class Till(Kassa):
        api = ApiSpec(
            provider.url,
            token_url=f"{provider.url}/oauth/token",
            token_fields={"client_id": "{part[0]}", "assertion": "{part[1]}"},
            token_parts=2,
            per_second=100,
            burst=10,
        )

    sealed = {"api": (SEAL.seal(MERCHANT, "front", "api", secret),)}
    connection = Connection(MERCHANT, "front", "kassa", "K 9", sealed=sealed)
    apis = Apis(SEAL, Patience(attempts=1))
    try:
        api = sure(apis.of(Till(), connection))
        return [await api.call("GET", "/v2/{account}/sales") for _ in range(times)][-1]
    finally:
        await apis.aclose()


async def test_a_credential_of_several_parts_is_exchanged_once_for_a_token(provider: Provider):
    answer = await ask(provider, "client:key:with:colons", times=3)
    assert answer == {"path": "/v2/K 9/sales", "authorization": "Bearer t1"}
    assert provider.forms == [{"client_id": "client", "assertion": "key:with:colons"}]


async def test_a_credential_stands_in_the_document_where_an_api_wants_it_there(provider: Provider):
    class Till(Kassa):
        api = ApiSpec(provider.url, in_documents=True, per_second=100, burst=10)

    async def post(secret: str) -> Any:
        sealed = {"api": (SEAL.seal(MERCHANT, "front", "api", secret),)}
        apis = Apis(SEAL, Patience(attempts=1))
        try:
            api = sure(apis.of(Till(), Connection(MERCHANT, "front", "kassa", "K9", sealed=sealed)))
            document = {"args": ["{part[0]}", "{number[1]}", "{part[2]}", "{part[0]} of ours"]}
            return await api.call("POST", "/rpc", document=document)
        finally:
            await apis.aclose()

    assert (await post("base:7:key"))["body"] == {"args": ["base", 7, "key", "{part[0]} of ours"]}
    for lacking in ("key", "base:seven:key"):
        with pytest.raises(ApiError, match="the credential lacks a part"):
            await post(lacking)


async def test_a_credential_of_one_part_is_a_token_already(provider: Provider):
    assert (await ask(provider, "token"))["authorization"] == "Bearer token"
    assert provider.forms == []
