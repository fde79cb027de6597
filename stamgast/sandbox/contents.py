"""The Content API: templates, so that WhatsApp bubbles show what people would read."""

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from stamgast.clock.shop_time import format_time
from stamgast.sandbox.content_types import text_in
from stamgast.sandbox.options import SandboxOptions
from stamgast.sandbox.records import Content, Records, new_sid
from stamgast.sandbox.refusals import TwilioRefusalError
from stamgast.sandbox.requests import BadRequestError, check_account, json_response, read_json

APPROVALS: Final = ("unsubmitted", "received", "pending", "approved", "rejected", "paused", "disabled")
_SID: Final = re.compile(r"HX[0-9a-fA-F]{32}")
_NAME: Final = re.compile(r"[a-z0-9_]{1,512}")


class ContentsApi:
    """`/v1/Content`, and `/sandbox/contents` to give known ContentSids their text."""

    def __init__(self, options: SandboxOptions, records: Records) -> None:
        self._options = options
        self._contents = records.contents

    def routes(self) -> list[BaseRoute]:
        """The endpoints of the Content API that it plays."""
        return [
            Route("/v1/Content", self.create, methods=["POST"]),
            Route("/v1/Content", self.list, methods=["GET"]),
            Route("/v1/Content/{sid}", self.fetch, methods=["GET"]),
            Route("/v1/Content/{sid}", self.delete, methods=["DELETE"]),
            Route("/v1/Content/{sid}/ApprovalRequests", self.approval, methods=["GET"]),
            Route("/v1/Content/{sid}/ApprovalRequests/whatsapp", self.submit, methods=["POST"]),
            Route("/sandbox/contents", self.know, methods=["POST"]),
            Route("/sandbox/contents", self.known, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """Create a template; it needs no approval until it is submitted for one, as at Twilio."""
        account = check_account(request, self._options.token)
        data = await read_json(request)
        types = data.get("types")
        if not isinstance(types, dict) or not types:
            raise TwilioRefusalError(20001, 400, "types is required")
        content = Content(
            sid=new_sid("HX"),
            text=text_in(types),
            friendly_name=str(data.get("friendly_name") or ""),
            language=str(data.get("language") or "en"),
            types=types,
            samples={str(key): str(value) for key, value in (data.get("variables") or {}).items()},
            approval="unsubmitted",
            created=self._options.now(),
        )
        self._contents[content.sid] = content
        return json_response(_resource(content, account), 201)

    async def list(self, request: Request) -> Response:
        """All templates, on one page."""
        account = check_account(request, self._options.token)
        url = str(request.url.replace(query=""))
        meta = {
            "first_page_url": url,
            "key": "contents",
            "next_page_url": None,
            "page": 0,
            "page_size": len(self._contents),
            "previous_page_url": None,
            "url": url,
        }
        return json_response({"contents": [_resource(c, account) for c in self._contents.values()], "meta": meta})

    async def fetch(self, request: Request) -> Response:
        """One template."""
        account = check_account(request, self._options.token)
        return json_response(_resource(self._content(request), account))

    async def delete(self, request: Request) -> Response:
        """Delete a template."""
        check_account(request, self._options.token)
        del self._contents[self._content(request).sid]
        return Response(status_code=204)

    async def submit(self, request: Request) -> Response:
        """Submit for WhatsApp's approval; the answer says received, and the next look says approved."""
        check_account(request, self._options.token)
        content, data = self._content(request), await read_json(request)
        name, category = str(data.get("name") or ""), str(data.get("category") or "")
        if not _NAME.fullmatch(name) or category not in {"UTILITY", "MARKETING", "AUTHENTICATION"}:
            raise TwilioRefusalError(20001, 400, "name must be lower case, category UTILITY, MARKETING, AUTHENTICATION")
        content.approval_name, content.category, content.approval = name, category, "approved"
        return json_response({**_approval(content), "status": "received"}, 201)

    async def approval(self, request: Request) -> Response:
        """Where the approval stands."""
        account = check_account(request, self._options.token)
        content = self._content(request)
        url = f"/v1/Content/{content.sid}/ApprovalRequests"
        return json_response({"sid": content.sid, "account_sid": account, "whatsapp": _approval(content), "url": url})

    async def know(self, request: Request) -> Response:
        """`{"HX…": "text with {{1}}"}`, or `{"HX…": {"text": …, "approval": "paused", "samples": {…}}}`."""
        for sid, given in (await read_json(request)).items():
            wanted = {"text": given} if isinstance(given, str) else given
            if not _SID.fullmatch(sid) or not isinstance(wanted, dict) or not isinstance(wanted.get("text"), str):
                raise BadRequestError('give {"HX…32 hexadecimal digits": "text"}')
            approval, samples = wanted.get("approval", "approved"), wanted.get("samples", {})
            if approval not in APPROVALS or not isinstance(samples, dict):
                raise BadRequestError(f"approval must be one of {', '.join(APPROVALS)}, samples an object")
            self._contents[sid] = Content(
                sid,
                wanted["text"],
                types={"twilio/text": {"body": wanted["text"]}},
                samples={str(key): str(value) for key, value in samples.items()},
                approval=approval,
                created=self._options.now(),
            )
        return json_response(self._shown())

    async def known(self, _: Request) -> Response:
        """All templates with their text."""
        return json_response(self._shown())

    def _shown(self) -> dict[str, dict[str, str]]:
        return {
            content.sid: {"text": content.text, "approval": content.approval} for content in self._contents.values()
        }

    def _content(self, request: Request) -> Content:
        content = self._contents.get(request.path_params["sid"])
        if content is None:
            raise TwilioRefusalError(20404, 404, f"The requested resource {request.url.path} was not found")
        return content


def _resource(content: Content, account: str) -> dict[str, Any]:
    url = f"https://content.twilio.com/v1/Content/{content.sid}"
    created = format_time(content.created)
    return {
        "account_sid": account,
        "date_created": created,
        "date_updated": created,
        "friendly_name": content.friendly_name,
        "language": content.language,
        "links": {
            "approval_create": f"{url}/ApprovalRequests/whatsapp",
            "approval_fetch": f"{url}/ApprovalRequests",
        },
        "sid": content.sid,
        "types": content.types,
        "url": url,
        "variables": content.samples,
    }


def _approval(content: Content) -> dict[str, Any]:
    return {
        "allow_category_change": True,
        "category": content.category,
        "content_type": next(iter(content.types), ""),
        "flows": None,
        "name": content.approval_name,
        "rejection_reason": "",
        "status": content.approval,
    }
