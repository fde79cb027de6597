"""Reading requests within bounds, and who may send them."""

import base64
import binascii
import hmac
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from stamgast.domain.errors import UNREADABLE, in_plain_words
from stamgast.sandbox.options import ACCOUNT_PREFIX, DEFAULT_ACCOUNT
from stamgast.sandbox.refusals import TwilioRefusalError, error_body

_LARGEST_BODY: Final = 256 * 1024
LARGEST_INBOUND: Final = 24 * 1024 * 1024
"""Of what a person sends, which may be pictures."""
_KEY_PREFIXES: Final = (ACCOUNT_PREFIX, "SKsandbox")


class BadRequestError(Exception):
    """A request to the sandbox's own endpoints that cannot be understood."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message, self.status = message, status


def json_response(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON, never cached."""
    return Response(
        msgspec.json.encode(data),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        media_type="application/json",
    )


async def read_body(request: Request, most: int = _LARGEST_BODY) -> bytes:
    """The body, if it is not too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise BadRequestError("the body is too large", 413)
    return bytes(body)


async def read_form(request: Request) -> dict[str, str]:
    """The form of a request of Twilio's SDK; the last value of each field."""
    body = await read_body(request)
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200))
    except ValueError as error:
        raise TwilioRefusalError(20001, 400, "The form cannot be read") from error


async def read_json(request: Request, most: int = _LARGEST_BODY) -> dict[str, Any]:
    """A JSON object. Other content types are refused: a foreign page can send those without being asked."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise BadRequestError("send application/json", 415)
    try:
        data = msgspec.json.decode(await read_body(request, most))
    except UNREADABLE as error:
        raise BadRequestError(f"not JSON: {in_plain_words(error)}") from error
    if not isinstance(data, dict):
        raise BadRequestError("send a JSON object")
    return data


def check_account(request: Request, token: str) -> str:
    """The account of a basic-auth request, which must be the sandbox's. Real ones are refused and never kept."""
    key, secret = _basic_auth(request)
    account = request.path_params.get("account", DEFAULT_ACCOUNT)
    if not account.startswith(ACCOUNT_PREFIX) or not key.startswith(_KEY_PREFIXES):
        raise TwilioRefusalError(
            20003, 401, f"Authenticate. This is a sandbox: it takes {ACCOUNT_PREFIX}… accounts alone"
        )
    if token and not hmac.compare_digest(secret.encode(), token.encode()):
        raise TwilioRefusalError(20003, 401, "Authenticate. The API secret must be this sandbox's token")
    return str(account)


def _basic_auth(request: Request) -> tuple[str, str]:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        decoded = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    key, separator, secret = decoded.partition(":")
    if scheme.lower() != "basic" or not separator:
        raise TwilioRefusalError(20003, 401, "Authenticate")
    return key, secret


def bad_request(_: Request, error: Exception) -> Response:
    """Answer what could not be understood."""
    assert isinstance(error, BadRequestError)  # noqa: S101 - registered for this alone
    return json_response({"error": error.message}, error.status)


def twilio_refusal(_: Request, error: Exception) -> Response:
    """Answer as Twilio refuses."""
    assert isinstance(error, TwilioRefusalError)  # noqa: S101 - registered for this alone
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if error.status == 401 else None
    return json_response(error_body(error.code, error.status, error.message), error.status, headers)
