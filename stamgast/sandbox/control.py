"""The sandbox's own side: what tests ask and switch, and what the phone page lives on. All under `/sandbox`."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from stamgast.clock.shop_time import format_time
from stamgast.sandbox.carrier import Carrier
from stamgast.sandbox.faults import FaultSwitches
from stamgast.sandbox.live import Live
from stamgast.sandbox.options import Delays, SandboxOptions
from stamgast.sandbox.records import Records
from stamgast.sandbox.requests import LARGEST_INBOUND, BadRequestError, json_response, read_json
from stamgast.sandbox.said import read_said
from stamgast.sandbox.script import Script
from stamgast.sandbox.validation import is_phone

_SHOWN: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
"""Kinds that a page may be told of; anything else could be a page itself."""
_LONGEST_DELAY: Final = 600_000


class Control:
    """`/sandbox/…`."""

    def __init__(
        self, options: SandboxOptions, records: Records, faults: FaultSwitches, carrier: Carrier, live: Live
    ) -> None:
        self._options = options
        self._records = records
        self._faults = faults
        self._carrier = carrier
        self._live = live

    def routes(self) -> list[BaseRoute]:
        """The endpoints by which a page or a test moves the sandbox."""
        return [
            Route("/sandbox/messages", self.messages, methods=["GET"]),
            Route("/sandbox/messages", self.forget, methods=["DELETE"]),
            Route("/sandbox/posts", self.posts, methods=["GET"]),
            Route("/sandbox/callbacks", self.callbacks, methods=["GET"]),
            Route("/sandbox/faults", self.show_faults, methods=["GET"]),
            Route("/sandbox/faults", self.change_faults, methods=["POST"]),
            Route("/sandbox/faults", self.reset_faults, methods=["DELETE"]),
            Route("/sandbox/inbound", self.inbound, methods=["POST"]),
            Route("/sandbox/script", self.script, methods=["POST"]),
            Route("/sandbox/files/{sid}", self.file, methods=["GET"]),
            Route("/sandbox/phones", self.phones, methods=["GET"]),
            Route("/sandbox/phones", self.switch_phone, methods=["POST"]),
            Route("/sandbox/phones/{number}", self.thread, methods=["GET"]),
            Route("/sandbox/settings", self.show_settings, methods=["GET"]),
            Route("/sandbox/settings", self.change_settings, methods=["POST"]),
            Route("/sandbox/events", self.events, methods=["GET"]),
        ]

    async def messages(self, request: Request) -> Response:
        """Messages in the order they were accepted; those sent by the API, unless `direction` says otherwise.

        Filters: `to` (E.164), `direction` (`outbound-api`, `outbound-reply`, `inbound`, `all`), `limit` (newest).
        """
        query = request.query_params
        direction = query.get("direction", "outbound-api")
        found = [
            message.as_shown()
            for message in self._records.messages.values()
            if direction in {"all", message.direction} and query.get("to", message.person) == message.person
        ]
        return json_response(_newest(found, query.get("limit")))

    async def forget(self, _: Request) -> Response:
        """Forget messages, posts, callbacks, phones and opt-outs; faults, templates and settings stay."""
        await self._carrier.forget()
        self._records.forget()
        self._live.show("reload", None)
        return Response(status_code=204)

    async def posts(self, request: Request) -> Response:
        """Every POST of a message that was seen, also those that a fault answered."""
        return json_response(_newest(list(self._records.posts), request.query_params.get("limit")))

    async def callbacks(self, request: Request) -> Response:
        """Every status callback: lost ones too, with the shop's HTTP answer."""
        return json_response(_newest(list(self._records.callbacks), request.query_params.get("limit")))

    async def show_faults(self, _: Request) -> Response:
        """What is switched on."""
        return json_response(self._faults.shown())

    async def change_faults(self, request: Request) -> Response:
        """Switch faults; what is not named stays as it is."""
        try:
            self._faults.change(await read_json(request))
        except ValueError as error:
            raise BadRequestError(str(error), 422) from error
        return json_response(self._faults.shown())

    async def reset_faults(self, _: Request) -> Response:
        """Everything works again."""
        self._faults.reset()
        return json_response(self._faults.shown())

    async def inbound(self, request: Request) -> Response:
        """A person writes, presses a button or sends a picture: `stamgast.sandbox.said` has the fields.

        The answer comes when the shop's webhook has answered.
        """
        reply = await self._carrier.receive(read_said(await read_json(request, LARGEST_INBOUND), self._records))
        return json_response(
            {
                "sid": reply.message.sid,
                "webhook_status": reply.webhook_status,
                "webhook_url": self._options.inbound_url or None,
                "opt_out": reply.opt_out or None,
            }
        )

    async def script(self, request: Request) -> Response:
        """Play a conversation (`stamgast.sandbox.script`), and say how far it went."""
        script = Script(await read_json(request, LARGEST_INBOUND), self._records, self._carrier)
        return json_response(await script.play())

    async def file(self, request: Request) -> Response:
        """What came with a message, for the page."""
        found = self._records.files.get(request.path_params["sid"])
        if found is None or not found.content:
            raise BadRequestError("no such file", 404)
        headers = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}
        shown = found.type if found.type in _SHOWN else "application/octet-stream"
        return Response(found.content, media_type=shown, headers=headers)

    async def phones(self, request: Request) -> Response:
        """Phones, those with the newest message first; `query` searches numbers, `limit` bounds (default 100)."""
        query = request.query_params
        wanted = "".join(character for character in query.get("query", "") if character.isdecimal())
        limit = min(int(query["limit"]), 1000) if query.get("limit", "").isdecimal() else 100
        found = [phone for phone in reversed(self._records.phones.values()) if wanted in phone.number]
        return json_response(
            {
                "phones": [phone.as_shown() for phone in found[:limit]],
                "total": len(self._records.phones),
                "messages": len(self._records.messages),
                "now": format_time(self._options.now()),
            }
        )

    async def switch_phone(self, request: Request) -> Response:
        """`{"number": "+316…", "on": false, "whatsapp": true}`: a phone that is off gets its messages later."""
        data = await read_json(request)
        number = str(data.get("number") or "")
        changes = {name: data[name] for name in ("on", "whatsapp") if name in data}
        if not is_phone(number) or not all(isinstance(value, bool) for value in changes.values()):
            raise BadRequestError("give number (E.164), and on or whatsapp as true or false", 422)
        phone = self._records.phone(number)
        phone.on = changes.get("on", phone.on)
        phone.whatsapp = changes.get("whatsapp", phone.whatsapp)
        self._carrier.switch(phone)
        return json_response(phone.as_shown())

    async def thread(self, request: Request) -> Response:
        """One phone and its last 200 messages, oldest first."""
        number = request.path_params["number"]
        phone = self._records.phones.get(number)
        if phone is None:
            raise BadRequestError("no such phone", 404)
        newest = [
            message.as_shown() for _, message in zip(range(200), self._records.newest_first(number), strict=False)
        ]
        return json_response({"phone": phone.as_shown(), "messages": newest[::-1]})

    async def show_settings(self, _: Request) -> Response:
        """Where people's messages go, how fast messages travel, and whether `OptOutType` is said."""
        return json_response(self._settings())

    async def change_settings(self, request: Request) -> Response:
        """Change `inbound_url`, `advanced_opt_out` or `delays_ms` `{sent, delivered, read}`."""
        data = await read_json(request)
        delays = data.get("delays_ms", {})
        unknown = set(data) - {"inbound_url", "advanced_opt_out", "delays_ms"}
        if unknown or not isinstance(delays, dict) or set(delays) - {"sent", "delivered", "read"}:
            raise BadRequestError("known are inbound_url, advanced_opt_out, delays_ms {sent, delivered, read}", 422)
        if any(type(value) is not int or not 0 <= value <= _LONGEST_DELAY for value in delays.values()):
            raise BadRequestError(f"a delay is a whole number of milliseconds up to {_LONGEST_DELAY}", 422)
        url, advanced = data.get("inbound_url", ""), data.get("advanced_opt_out", False)
        if not isinstance(advanced, bool) or not isinstance(url, str) or (url and not url.startswith("http")):
            raise BadRequestError("inbound_url must be an http(s) URL, advanced_opt_out true or false", 422)
        for name, value in delays.items():
            setattr(self._options.delays, name, value)
        self._options.inbound_url = data.get("inbound_url", self._options.inbound_url)
        self._options.advanced_opt_out = data.get("advanced_opt_out", self._options.advanced_opt_out)
        return json_response(self._settings())

    async def events(self, _: Request) -> Response:
        """What happens, as it happens (server-sent events)."""
        return self._live.response()

    def _settings(self) -> dict[str, Any]:
        delays: Delays = self._options.delays
        return {
            "inbound_url": self._options.inbound_url,
            "advanced_opt_out": self._options.advanced_opt_out,
            "delays_ms": {"sent": delays.sent, "delivered": delays.delivered, "read": delays.read},
        }


def _newest(rows: list[dict[str, Any]], limit: str | None) -> list[dict[str, Any]]:
    return rows[-int(limit) :] if limit and limit.isdecimal() and int(limit) else rows
