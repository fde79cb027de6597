"""What Twilio knows of the messages that WhatsApp has to approve: asked for, and given new ones."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import httpx
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from channels.twilio.client import (
    LIVE_BASE_URL,
    SingleShotHttpClient,
    TwilioCredentials,
    UnsafeEndpointError,
    open_client,
)

_NOT_FOUND: Final = 404
_NOT_YOU: Final = (401, 403)
_ERROR: Final = 400
_APPROVAL: Final = ("name", "category", "status", "rejection_reason")
_PAGE: Final = 500
"""Contents that are asked for at once."""
_CREATE: Final = "https://content.twilio.com/v1/Content"


class ContentsError(Exception):
    """Twilio did not answer, or not to us."""


class RefusedContentError(ContentsError):
    """Twilio answered that it does not take this content, and why."""


class NewContent(NamedTuple):
    """A content in one language. `name` tells it from all others of the account; `types` are as in the Content API."""

    name: str
    language: str
    types: Mapping[str, Any]
    samples: Mapping[str, str]


class Contents:
    """The contents of one account."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def look(self, sid: str) -> dict[str, Any] | None:
        """One content and its approval, as `ContentAndApprovals` tells them; None where there is none."""
        resource = self._client.content.v1.contents(sid)
        try:
            content = await resource.fetch_async()
            approval = await resource.approval_fetch().fetch_async()
        except TwilioRestException as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        whatsapp = approval.whatsapp or {}
        return {
            "sid": content.sid,
            "friendly_name": content.friendly_name,
            "language": content.language,
            "types": content.types,
            "variables": content.variables,
            "approval_requests": {name: whatsapp[name] for name in _APPROVAL if whatsapp.get(name)},
        }

    async def sids_by_name(self) -> dict[str, str]:
        """Name -> ContentSid of all that there are, so that what was created once is not created again."""
        found = await self._client.content.v1.contents.list_async(page_size=_PAGE)
        return {each.friendly_name: each.sid for each in found if each.friendly_name}

    async def create(self, content: NewContent) -> str:
        """Make a content; return its ContentSid. Not repeated: `sids_by_name` tells what became of a lost answer."""
        document = {
            "friendly_name": content.name,
            "language": content.language,
            "types": dict(content.types),
            **({"variables": dict(content.samples)} if content.samples else {}),
        }
        return str((await self._post(_CREATE, document))["sid"])

    async def submit(self, sid: str, name: str, category: str) -> str:
        """Ask for WhatsApp's approval; return where that stands. `category` is UTILITY or MARKETING."""
        document = {"name": name, "category": category}
        told = await self._post(f"{_CREATE}/{sid}/ApprovalRequests/whatsapp", document)
        return str(told.get("status") or "received")

    async def _post(self, url: str, document: dict[str, Any]) -> dict[str, Any]:
        # The SDK's own classes for this leave out what they do not know; its client sends what it is given.
        headers = {"Content-Type": "application/json"}
        answer = await self._client.request_async("POST", url, data=document, headers=headers)
        told: dict[str, Any] = httpx.Response(answer.status_code, text=answer.text).json() if answer.text else {}
        if answer.status_code >= _ERROR:
            if answer.status_code in _NOT_YOU or answer.status_code >= 500:
                raise TwilioRestException(answer.status_code, url, str(told.get("message", "")), told.get("code"))
            raise RefusedContentError(f"Twilio does not take it: {told.get('message') or answer.status_code}")
        return told


@asynccontextmanager
async def open_contents(credentials: TwilioCredentials, base_url: str = LIVE_BASE_URL) -> AsyncIterator[Contents]:
    """The contents of an account while it is asked. Raises `ContentsError`, also for what goes wrong within."""
    http = SingleShotHttpClient(base_url)
    try:
        yield Contents(open_client(credentials, base_url, http_client=http))
    except UnsafeEndpointError as error:
        raise ContentsError(str(error)) from None
    except TwilioRestException as error:
        if error.status in _NOT_YOU:
            raise ContentsError(f"Twilio does not let this account and key in ({error.status})") from None
        raise ContentsError(f"Twilio answered {error.status}, code {error.code}") from None
    except (TwilioException, httpx.HTTPError, TimeoutError, ValueError) as error:
        raise ContentsError(f"Twilio cannot be asked: {type(error).__name__}") from None
    finally:
        await http.aclose()


async def ask_contents(
    credentials: TwilioCredentials, sids: Sequence[str], base_url: str = LIVE_BASE_URL
) -> list[dict[str, Any]]:
    """Each of these contents that the account has, as `ContentAndApprovals` tells it. Raises `ContentsError`."""
    async with open_contents(credentials, base_url) as contents:
        found = [await contents.look(sid) for sid in sids]
    return [each for each in found if each is not None]
