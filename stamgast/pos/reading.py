"""From a request's bytes to purchases, or to everything that is wrong with them.

One purchase or a list of them; each bare or inside a CloudEvents 1.0 envelope.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct
from pydantic import ValidationError

from stamgast.pos.canonical import EVENT_TYPE, Canonical, Purchase, Refund
from stamgast.pos.documents import read_document
from stamgast.pos.plain_sale import PlainSale, Told, read_plain
from stamgast.pos.problems import Problem, RefusedError, pointer, problems_of
from stamgast.pos.types import read_instant

MOST_PURCHASES: Final = 1_000
_LARGE: Final = 64_000
_MOST_FIELDS: Final = 64

_ENVELOPE: Final = ("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data")
_LONGEST_NAME: Final = 200
_EXTENSION: Final = re.compile(r"[a-z0-9]{1,20}")


class TooManyError(ValueError):
    """A batch is larger than `MOST_PURCHASES`."""


class Received(Struct, frozen=True):
    """One purchase or refund, and the envelope's own id and source where there was one."""

    purchase: Told
    place: str = ""
    """JSON Pointer of the purchase in what was read."""
    event_id: str = ""
    event_source: str = ""
    delivery: str = ""
    """What the delivery that it came by is remembered under; empty where it has no name."""


class Refused(NamedTuple):
    """One item of a batch that is not taken, and everything that is wrong with it."""

    problems: Sequence[Problem]
    place: str = ""
    named: Mapping[str, str] = {}
    """`transaction_id` and `refund_id`, as far as they can be read."""
    too_large: bool = False
    more: bool = False
    """There is more wrong with it than `problems`."""


Item = Received | Refused
"""What became of one item of a batch when it was read."""


def read_item(document: Any, place: str) -> Item:
    """One item of several; `place` is its pointer among them."""
    if type(document) is dict and (plain := read_plain(document)) is not None:
        return Received(plain, place)
    return judged(document, place)


def judged(document: Any, place: str) -> Item:
    """The same by the contract's models alone: what is shown to people says which fields were given."""
    try:
        return read_purchase(document, place)
    except RefusedError as refused:
        return Refused(refused.problems, place, _names_in(document), more=refused.more)


def as_given(purchase: Told) -> dict[str, Any]:
    """The document that was read, as far as it says anything."""
    if isinstance(purchase, PlainSale):
        return dict(msgspec.to_builtins(purchase))
    return purchase.model_dump(mode="json", exclude_unset=True)


def names_of(received: Received) -> dict[str, str]:
    """By what its sender can tell which one it was."""
    names = {"transaction_id": received.purchase.transaction_id}
    if isinstance(received.purchase, Refund):
        names["refund_id"] = received.purchase.refund_id
    return names


def _names_in(document: Any) -> dict[str, str]:
    """The same of what cannot be read, as far as it is there."""
    data = document.get("data", document) if isinstance(document, dict) else None
    found = {name: data.get(name) for name in ("transaction_id", "refund_id")} if isinstance(data, dict) else {}
    return {name: value[:_LONGEST_NAME] for name, value in found.items() if isinstance(value, str)}


def read_purchases(body: bytes) -> list[Item]:
    """The purchases of a request's body; one that is wrong does not hold up the others.

    Raises:
        UnreadableError: it is not JSON.
        RefusedError: it is an empty list, or has an object with far more fields than there are.
        TooManyError: more than `MOST_PURCHASES`.
    """
    document = read_document(body)
    if len(body) > _LARGE and (wide := _too_wide(document, "")) is not None:
        raise RefusedError([{"pointer": wide, "detail": f"this object has more than {_MOST_FIELDS} fields"}])
    if not isinstance(document, list):
        return [read_item(document, "")]
    if not document:
        raise RefusedError([{"pointer": "", "detail": "the batch is empty"}])
    if len(document) > MOST_PURCHASES:
        raise TooManyError(f"{len(document)} purchases in one request; at most {MOST_PURCHASES}")
    return [read_item(item, f"/{index}") for index, item in enumerate(document)]


def _too_wide(document: Any, where: str) -> str | None:
    """The pointer of an object with far more fields than there are; naming each of a million takes a gigabyte."""
    if isinstance(document, dict):
        if len(document) > _MOST_FIELDS:
            return where
        inner: Iterable[tuple[str | int, Any]] = document.items()
    elif isinstance(document, list):
        inner = enumerate(document)
    else:
        return None
    found = (_too_wide(each, pointer(where, [name])) for name, each in inner if isinstance(each, dict | list))
    return next((each for each in found if each is not None), None)


def read_purchase(document: Any, base: str = "") -> Received:
    """One purchase, bare or enveloped; `base` is its pointer in the batch. Raises `RefusedError`."""
    if not isinstance(document, dict):
        raise RefusedError([{"pointer": base, "detail": "a purchase is a JSON object"}])
    if "specversion" not in document:
        return Received(_read_data(document, base), base)
    problems = _envelope_problems(document, base)
    data = document.get("data")
    purchase: Canonical | None = None
    if isinstance(data, dict):
        try:
            purchase = _read_data(data, f"{base}/data")
        except RefusedError as refused:
            problems += refused.problems
    elif "data" in document:
        problems.append({"pointer": f"{base}/data", "detail": "data is a purchase, as a JSON object"})
    subject = document.get("subject")
    if purchase is not None and subject is not None and subject != purchase.transaction_id:
        problems.append({"pointer": f"{base}/subject", "detail": "subject is not the transaction_id in data"})
    if problems or purchase is None:
        raise RefusedError(problems)
    return Received(purchase, f"{base}/data", document["id"], document["source"])


def _read_data(data: dict[str, Any], base: str) -> Canonical:
    refund = data.get("status") == "refund" or ("refund_id" in data and "status" not in data)
    model: type[Purchase | Refund] = Refund if refund else Purchase
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise RefusedError(problems_of(error, model, base)) from None


def _envelope_problems(event: dict[str, Any], base: str) -> list[Problem]:
    problems = [
        {"pointer": pointer(base, [name]), "detail": f"{name} is missing"}
        for name in ("id", "source", "type", "data")
        if name not in event
    ]
    for name, value in event.items():
        if reason := _attribute_problem(name, value):
            problems.append({"pointer": pointer(base, [name]), "detail": f"{name} {reason}"})
    return problems


def _attribute_problem(name: str, value: Any) -> str:
    """Why this attribute is refused; empty if it is fine. Extensions of CloudEvents are taken and dropped."""
    match name:
        case "data":
            return ""
        case "specversion":
            return "" if value == "1.0" else "must be 1.0"
        case "type":
            return "" if value == EVENT_TYPE else f"must be {EVENT_TYPE}"
        case "datacontenttype":
            return "" if value == "application/json" else "must be application/json"
        case "id" | "source" | "subject" | "dataschema":
            return "" if isinstance(value, str) and 1 <= len(value) <= 200 else "must be a text of 1 to 200 characters"
        case "time":
            return _time_problem(value)
    if name.startswith("stamgast"):
        return "is set by us alone"
    if not _EXTENSION.fullmatch(name):
        return "is not an attribute of CloudEvents 1.0 (extensions have 1 to 20 letters a-z and digits)"
    return ""


def _time_problem(value: Any) -> str:
    try:
        read_instant(value)
    except ValueError as error:
        return str(error)
    return ""
