"""A till's webhook -> what it is about -> purchases, by its system's adapter: always in this order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from stamgast.domain.units import Millis
from stamgast.pos.adapter import Adapter, Context, Found, Headers
from stamgast.pos.documents import read_document
from stamgast.pos.problems import Problem, RefusedError, UnreadableError
from stamgast.pos.reading import Received, read_purchase

FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 300

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
"""Money stays what was written: 10.649999999999999 is not rounded on the way."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A request as it came. `headers` by small names; `url` is the one that the system was given."""

    raw: bytes
    headers: Headers
    url: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What a genuine webhook says."""

    delivery_id: str
    found: Sequence[Found]


def read_webhook(adapter: Adapter, webhook: Webhook, secrets: Sequence[str], now: Millis) -> Notice:
    """Verify the raw bytes, and only then look into them. `secrets`: more than one while it is being changed.

    What an unsigned system says is a hint: `found` is without contents, to be read again.

    Raises:
        SignatureError: it is not genuine.
        RefusedError: it cannot be read.
    """
    signed = adapter.capabilities.signed
    if signed:
        adapter.verify(webhook.raw, webhook.headers, webhook.url, secrets, now)
    body = read_body(webhook.raw, webhook.headers)
    found = adapter.refs(body)
    return Notice(
        adapter.delivery_id(webhook.headers, body), found if signed else [each._replace(content=None) for each in found]
    )


def read_body(raw: bytes, headers: Headers) -> Any:
    """JSON, or a form as a dict of its fields. Raises `UnreadableError`."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        return read_document(raw, _decode)
    try:
        text = raw.decode("utf-8")
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise UnreadableError("the body is not a form in UTF-8, or has too many fields") from None


def purchases_of(adapter: Adapter, found: Iterable[Found], context: Context) -> list[Received]:
    """The purchases that these objects mean, checked as everybody's are; pointers count through them in their order.

    Raises:
        RefusedError: some cannot be read, or are not of the contract's shape; it has all of the places, each after the
            number of its object.
        ValueError: an object has no content yet: `reread` comes first.
    """
    received: list[Received] = []
    problems: list[Problem] = []
    count = 0
    source = f"/v1/merchants/{context.connection.merchant}/pos/{context.connection.name}"
    for each in found:
        if each.content is None:
            raise ValueError(f"{each.kind} {each.id} is to be read again first")
        try:
            documents = adapter.snapshot(each, context)
        except RefusedError as refused:
            problems += [told | {"pointer": f"/{count}{told['pointer']}"} for told in refused.problems]
            count += 1
            continue
        for document in documents:
            place, count = f"/{count}", count + 1
            try:
                read = read_purchase(document, place)
            except RefusedError as refused:
                problems += refused.problems
                continue
            received.append(replace(read, event_source=read.event_source or source))
    if problems:
        raise RefusedError(problems)
    return received
