"""Asks Twilio what it knows of the messages that WhatsApp has to approve. Nothing is changed there."""

from collections.abc import Sequence
from typing import Any, Final

import httpx
from twilio.base.exceptions import TwilioException, TwilioRestException

from channels.twilio.client import (
    LIVE_BASE_URL,
    SingleShotHttpClient,
    TwilioCredentials,
    UnsafeEndpointError,
    open_client,
)

_NOT_FOUND: Final = 404
_NOT_YOU: Final = (401, 403)
_APPROVAL: Final = ("name", "category", "status", "rejection_reason")


class ContentsError(Exception):
    """Twilio did not answer, or not to us."""


async def ask_contents(
    credentials: TwilioCredentials, sids: Sequence[str], base_url: str = LIVE_BASE_URL
) -> list[dict[str, Any]]:
    """Each of these contents that the account has, as `ContentAndApprovals` tells it. Raises `ContentsError`."""
    http = SingleShotHttpClient(base_url)
    try:
        client = open_client(credentials, base_url, http_client=http)
        found = [await _ask(client, sid) for sid in sids]
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
    return [each for each in found if each is not None]


async def _ask(client: Any, sid: str) -> dict[str, Any] | None:
    """One content; None where there is none."""
    resource = client.content.v1.contents(sid)
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
        "approval_requests": {
            name: whatsapp.get(name)
            for name in ("name", "category", "status", "rejection_reason")
            if whatsapp.get(name)
        },
    }
