"""Is this webhook from Twilio? The signature is HMAC-SHA1 over the URL and the sorted form fields.

The URL is rebuilt from the configured public address and the request's own path and query, never from Host or
X-Forwarded headers, which anybody can send. Two tokens may be valid at once, so that they can be rotated.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qs, parse_qsl, urlsplit, urlunsplit

from channels.model import MalformedWebhookError, WebhookRefusedError, WebhookRequest

_MOST_FIELDS = 300

Fields = Sequence[tuple[str, str]]


def parse_form(body: bytes) -> list[tuple[str, str]]:
    """Form fields in order, blank ones kept (they are signed too). Raises `MalformedWebhookError`."""
    try:
        return parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=False,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise MalformedWebhookError("the body is not a form in UTF-8, or has too many fields") from error


def compute_signature(token: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """The signature Twilio makes: names sorted, and of one name each value once, sorted."""
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.new(token.encode("utf-8"), text.encode("utf-8"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


class SignatureVerifier:
    """Verifies webhooks for one public address under one or more auth tokens."""

    def __init__(self, public_url: str, tokens: Iterable[str]) -> None:
        self._public_url = public_url.rstrip("/")
        self._tokens = tuple(token for token in tokens if token)

    def verify(self, request: WebhookRequest) -> list[tuple[str, str]]:
        """The form fields of a genuine request. Raises `WebhookRefusedError` for any other."""
        if not request.signature or not self._tokens:
            raise WebhookRefusedError("the signature is missing, or no token is configured")
        url = self._public_url + request.path + (f"?{request.query}" if request.query else "")
        body_hash = parse_qs(request.query).get("bodySHA256")
        if body_hash:
            # Another body than a form: its hash is in the URL, and only the URL is signed.
            if not _same(hashlib.sha256(request.body).hexdigest(), body_hash[0].lower()):
                raise WebhookRefusedError("the body is not the one that was signed")
            fields: list[tuple[str, str]] = []
        else:
            fields = parse_form(request.body)
        if not self._signed(url, fields, request.signature):
            raise WebhookRefusedError("the signature is wrong")
        return fields

    def _signed(self, url: str, fields: Fields, signature: str) -> bool:
        # Every combination is tried, so that the time taken says nothing about which one was near.
        matches = [
            _same(compute_signature(token, variant, fields), signature)
            for token in self._tokens
            for variant in _port_variants(url)
        ]
        return any(matches)


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8"), right.encode("utf-8"))


def _port_variants(url: str) -> tuple[str, ...]:
    """Twilio signs some URLs with their port and some without it, whichever port it is: its own library tries both."""
    parts = urlsplit(url)
    standard = {"https": 443, "http": 80}.get(parts.scheme)
    host = parts.netloc
    if parts.port is None:
        return url, urlunsplit(parts._replace(netloc=f"{host}:{standard}"))
    return url, urlunsplit(parts._replace(netloc=host.rpartition(":")[0]))
