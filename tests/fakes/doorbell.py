"""A second system of tills that nobody sells: it signs nothing, pings at set-up, and wants a word for an answer."""

from collections.abc import Sequence
from typing import Any

from stamgast.pos.adapter import Adapter, Answer, Api, ApiSpec, Capabilities, Context, Document, Found, Headers, Page
from stamgast.pos.problems import RefusedError


class Doorbell(Adapter):
    """Needs from the shop: a key for its API, in the secret `api`."""

    name = "doorbell"
    capabilities = Capabilities(signed=False, thin=True, poll=True)
    kinds = ("visit",)
    api = ApiSpec("https://{account}.example/v1", per_second=50, burst=50)

    def ping(self, raw: bytes, headers: Headers) -> Answer | None:
        return Answer(text="pong") if raw == b"ring=1" else None

    def answer(self, body: Any) -> Answer:
        return Answer(text="[heard]")

    def delivery_id(self, headers: Headers, body: Any) -> str:
        return headers.get("doorbell-delivery", "")

    def refs(self, body: Any) -> Sequence[Found]:
        return [Found("visit", str(body["visit"]), body.get("whole"), partial="whole" in body)]

    async def reread(self, ref: Found, api: Api) -> Found:
        return Found("visit", ref.id, await api.call("GET", f"/visits/{ref.id}"))

    async def poll(self, cursor: str, api: Api) -> Page:
        answer = await api.call("GET", "/visits", query={"after": cursor or "0"})
        found = [Found("visit", str(each["id"]), each) for each in answer["visits"]]
        return Page(found, str(answer["cursor"]), bool(answer["more"]))

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        content = found.content
        if not isinstance(content, dict) or "at" not in content:
            raise RefusedError([{"pointer": "/at", "detail": "this visit has no time"}])
        return [
            {
                "transaction_id": f"{context.connection.account}:{content['id']}",
                "source_version": content["version"],
                "status": "completed",
                "end_date_time": content["at"],
                "store": {"retail_store_id": context.store_of(content["place"])},
                "price_currency": "EUR",
                "totals": {"gross_minor": content["cents"]},
            }
        ]
