"""Twilio's side: the Messages API, stateful, with faults on demand."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from channels.twilio.addresses import bare, channel_of
from stamgast.clock.shop_time import format_time
from stamgast.domain.units import Millis
from stamgast.sandbox.carrier import Carrier
from stamgast.sandbox.faults import ACCEPTED_FIRST, FaultSwitches
from stamgast.sandbox.options import SandboxOptions
from stamgast.sandbox.records import Records, StoredMessage, new_sid
from stamgast.sandbox.refusals import TwilioRefusalError, error_body
from stamgast.sandbox.requests import check_account, json_response, read_form
from stamgast.sandbox.validation import check_message

_LARGEST_PAGE: Final = 1000
_PAGE: Final = 50
_LONGEST_BODY: Final = 1600


class MessagesApi:
    """`/2010-04-01/Accounts/{account}/Messages`."""

    def __init__(
        self,
        options: SandboxOptions,
        records: Records,
        faults: FaultSwitches,
        carrier: Carrier,
        drop: Callable[[Request], None],
    ) -> None:
        self._options = options
        self._records = records
        self._faults = faults
        self._carrier = carrier
        self._drop = drop

    def routes(self) -> list[BaseRoute]:
        """The endpoints of Twilio that it plays."""
        base = "/2010-04-01/Accounts/{account}/Messages"
        return [
            Route(f"{base}.json", self.create, methods=["POST"]),
            Route(f"{base}.json", self.list, methods=["GET"]),
            Route(f"{base}/{{sid}}.json", self.fetch, methods=["GET"]),
            Route(f"{base}/{{sid}}.json", self.update, methods=["POST"]),
            Route(f"{base}/{{sid}}.json", self.delete, methods=["DELETE"]),
            Route(f"{base}/{{sid}}/Media/{{file}}", self.file, methods=["GET"]),
            Route("/2010-04-01/files/{file}", self.there, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """One POST, one attempt: it is noted whatever becomes of it."""
        account = check_account(request, self._options.token)
        form = await read_form(request)
        fault = self._faults.posts.choose()
        post = self._note_post(form, fault)
        if fault not in ACCEPTED_FIRST:
            return await self._fail(request, post, fault)
        try:
            message = self._accept(account, form)
        except TwilioRefusalError as refusal:
            if fault in {"lost_after", "error_500_after"}:
                return await self._fail(request, post, fault)
            if fault == "slow":
                await asyncio.sleep(self._faults.slow_ms / 1000)
            post["answer"], post["code"] = refusal.status, refusal.code
            raise
        post["sid"], post["accepted"] = message.sid, True
        if fault in {"lost_after", "error_500_after"}:
            return await self._fail(request, post, fault)
        created = message.as_twilio()
        if fault == "slow":
            await asyncio.sleep(self._faults.slow_ms / 1000)
        post["answer"] = 201
        return self._answer({} if fault == "no_sid" else created, 201)

    async def list(self, request: Request) -> Response:
        """Messages of an account, newest first, filtered by To, From and DateSent, by pages."""
        account = check_account(request, self._options.token)
        query = request.query_params
        size = _bounded(query.get("PageSize"), _PAGE, 1, _LARGEST_PAGE)
        page = _bounded(query.get("Page"), 0, 0, 10**6)
        person = bare(query.get("To", "")) or None
        found = (
            message
            for message in self._records.newest_first(person if person in self._records.by_person else None)
            if message.account_sid == account and _matches(message, query)
        )
        rows = list(found)
        shown = rows[page * size : (page + 1) * size]
        base = f"/2010-04-01/Accounts/{account}/Messages.json"
        more = len(rows) > (page + 1) * size
        return self._answer(
            {
                "end": page * size + len(shown) - 1,
                "first_page_uri": _page_uri(base, query, 0, size),
                "messages": [message.as_twilio() for message in shown],
                "next_page_uri": _page_uri(base, query, page + 1, size) if more else None,
                "page": page,
                "page_size": size,
                "previous_page_uri": _page_uri(base, query, page - 1, size) if page else None,
                "start": page * size,
                "uri": _page_uri(base, query, page, size),
            }
        )

    async def fetch(self, request: Request) -> Response:
        """One message as it stands."""
        return self._answer(self._message(request).as_twilio())

    async def update(self, request: Request) -> Response:
        """Cancel what has not left, or redact a text."""
        message = self._message(request)
        form = await read_form(request)
        if form.get("Status") == "canceled":
            if not await self._carrier.cancel(message):
                raise TwilioRefusalError(30409, 409, "Message cannot be canceled as it is not in a scheduled state")
        elif form.get("Body") == "":
            message.body = ""
        else:
            raise TwilioRefusalError(20001, 400, "Only Status=canceled or an empty Body can be set")
        return self._answer(message.as_twilio())

    async def delete(self, request: Request) -> Response:
        """Delete one message from the logs."""
        message = self._message(request)
        message.deleted = True
        message.body = ""
        self._records.messages.pop(message.sid, None)
        return Response(status_code=204)

    async def file(self, request: Request) -> Response:
        """What came with a message: Twilio sends on to where it lies, and nobody asks for an account there."""
        file = request.path_params["file"]
        if file not in {each.sid for each in self._message(request).files}:
            raise TwilioRefusalError(20404, 404, f"The requested resource {request.url.path} was not found")
        return RedirectResponse(f"/2010-04-01/files/{file}", 307)

    async def there(self, request: Request) -> Response:
        """A file where it lies, under a name that nobody guesses."""
        found = self._records.files.get(request.path_params["file"])
        if found is None or not found.content:
            return Response(status_code=404)
        return Response(found.content, media_type=found.type)

    def _message(self, request: Request) -> StoredMessage:
        account = check_account(request, self._options.token)
        message = self._records.messages.get(request.path_params["sid"])
        if message is None or message.account_sid != account:
            raise TwilioRefusalError(20404, 404, f"The requested resource {request.url.path} was not found")
        return message

    def _note_post(self, form: dict[str, str], fault: str) -> dict[str, Any]:
        self._records.posts_seen += 1
        post: dict[str, Any] = {
            "number": self._records.posts_seen,
            "at": format_time(self._options.now()),
            "to": bare(form.get("To", "")),
            "channel": channel_of(form.get("To", "")) or "",
            "status_callback": form.get("StatusCallback"),
            "fault": fault,
            "accepted": False,
            "answer": None,
            "sid": None,
            "code": None,
        }
        self._records.posts.append(post)
        return post

    def _accept(self, account: str, form: dict[str, str]) -> StoredMessage:
        variables = check_message(form, self._records)
        now = self._options.now()
        service, sender = form.get("MessagingServiceSid", ""), form.get("From", "")
        if service:
            self._records.pool_number(service)
        message = StoredMessage(
            sid=new_sid(),
            account_sid=account,
            direction="outbound-api",
            to=form["To"],
            from_=sender,
            created=now,
            updated=now,
            status="accepted" if service else "queued",
            body=form.get("Body", "")[:_LONGEST_BODY],
            content_sid=form.get("ContentSid", ""),
            content_variables=variables,
            service_sid=service,
            status_callback=form.get("StatusCallback", ""),
            validity_seconds=int(form.get("ValidityPeriod", "36000")),
            media=1 if form.get("MediaUrl") else 0,
        )
        self._carrier.accept(message)
        return message

    async def _fail(self, request: Request, post: dict[str, Any], fault: str) -> Response:
        if fault.startswith("lost"):
            self._drop(request)
            # The connection is gone once the loop has run; then no answer is expected any more.
            await request.receive()
            return Response(status_code=499)
        if fault == "slow_before":
            await asyncio.sleep(self._faults.slow_ms / 1000)
        status = 429 if fault == "429" else 500
        post["answer"] = status
        if status == 429:
            body, headers = error_body(20429, 429, "Too Many Requests"), {"Retry-After": "1"}
        else:
            body, headers = error_body(20500, 500, "Internal Server Error"), {}
        return self._answer(body, status, headers)

    def _answer(self, data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        known = {"Twilio-Request-Id": f"RQ{uuid.uuid4().hex}", "Twilio-Concurrent-Requests": "1"}
        return json_response(data, status, known | (headers or {}))


def _matches(message: StoredMessage, query: Any) -> bool:
    if query.get("To", message.to) != message.to or query.get("From", message.from_) != message.from_:
        return False
    for name, holds in _DATE_FILTERS.items():
        wanted = query.get(name)
        if wanted and (message.sent_at is None or not holds(message.sent_at, _moment(wanted))):
            return False
    return True


def _same_day(sent: Millis, wanted: Millis) -> bool:
    return wanted <= sent < wanted + int(timedelta(days=1) / timedelta(milliseconds=1))


_DATE_FILTERS: Final[dict[str, Callable[[Millis, Millis], bool]]] = {
    "DateSent": _same_day,
    "DateSent<": lambda sent, wanted: sent <= wanted,
    "DateSent>": lambda sent, wanted: sent >= wanted,
}


def _moment(text: str) -> Millis:
    try:
        moment = datetime.fromisoformat(text if "T" in text else f"{text}T00:00:00+00:00")
        return int(moment.timestamp() * 1000)
    except ValueError as error:
        raise TwilioRefusalError(20001, 400, "DateSent must be an ISO 8601 date or time") from error


def _bounded(text: str | None, default: int, least: int, most: int) -> int:
    return min(max(int(text), least), most) if text and text.isdecimal() else default


def _page_uri(base: str, query: Any, page: int, size: int) -> str:
    kept = [(name, value) for name, value in query.multi_items() if name not in {"Page", "PageSize", "PageToken"}]
    return f"{base}?{urlencode([*kept, ('PageSize', str(size)), ('Page', str(page))])}"
