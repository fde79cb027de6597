"""Everything that is wrong with a document at once: where (JSON Pointer), why, what is allowed, what was meant."""

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from stamgast.domain.spelling import nearest
from stamgast.pos.types import ANY_ID, MOST_MINOR

Problem = dict[str, str]
"""`pointer`, `detail`, and where they help `allowed` and `nearest`."""

UNKNOWN: Final = "is not a field here"
"""So ends what is said of a field with a name that is none of ours: whatever somebody wrote where a name belongs."""

MOST_PROBLEMS: Final = 100
"""An answer lists no more: who sends a thousand mistakes mends what makes them."""
_LONGEST_NAME: Final = 60
_QUANTITY: Final = 'a decimal number as text, such as "1" or "0.348"'
_ALLOWED_BY_FIELD: Final = {
    "quantity": _QUANTITY,
    "price_currency": "an ISO 4217 code in capitals, such as EUR",
    "customer_id": "c and 24 letters a-z or digits 2-7, as enrolment answered it",
    "tax_rate": 'a percentage as text, such as "9" or "21.0"',
    "gln": "13 digits",
    "gtin": "8, 12, 13 or 14 digits",
    "card_ref": "a keyed hash of the card; never its number",
    "birthday": "a date such as 1988-10-21, or --10-21 without the year",
    "language": "a language code, such as nl or fr",
    "region": "a country's two letters in capitals, such as NL or BE",
    "acquisition_source": "1 to 64 letters a-z, digits and _ . : - without spaces, such as instagram or flyer-2026",
    "purpose": "1 to 40 small letters and _, such as marketing or utility",
    "email": "one address with an @ and without spaces",
    "sealed": "letters, digits, - and _, as sealing to the merchant's public key gave it (base64url without =)",
}
_PRIVATE: Final = frozenset({"card_ref", "customer_id", "email", "first_name", "name", "phone"})
_KINDS: Final = {
    "int_type": "an integer",
    "int_from_float": "an integer",
    "string_type": "a text",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "an object",
    "dict_type": "an object",
    "model_attributes_type": "an object",
}
_BRANCHES: Final = frozenset({"str", "int", "bool"})
"""What pydantic puts behind the place of a value that may be of several kinds. No field of ours is called so."""
_UNION: Final = "union"


class RefusedError(ValueError):
    """A document that is refused, with its problems: all of them, or the first `MOST_PROBLEMS`."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems[:MOST_PROBLEMS])
        self.more = len(problems) > MOST_PROBLEMS
        super().__init__("; ".join(f"{each['pointer'] or '/'}: {each['detail']}" for each in self.problems))


class UnreadableError(RefusedError):
    """A body that is no document at all, so that nothing can be said of its places."""

    def __init__(self, detail: str) -> None:
        super().__init__([{"pointer": "", "detail": detail}])


def problems_of(error: ValidationError, model: type[BaseModel], base: str = "") -> list[Problem]:
    """What pydantic found, in our words; `base` is the pointer of the document within its batch."""
    found = error.errors(include_url=False, include_input=True)[: MOST_PROBLEMS + 1]
    return [_problem(detail, model, base) for detail in list(_one_of_each_union(found))]


def _one_of_each_union(found: Iterable[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Where a value may be of several kinds pydantic says of each that it is not: that is one thing that is wrong."""
    kinds: dict[tuple[int | str, ...], list[str]] = {}
    for each in found:
        *where, last = each["loc"] or ("",)
        if each["type"] not in _KINDS or last not in _BRANCHES:
            yield each
            continue
        known = kinds.setdefault(tuple(where), [])
        known.append(_KINDS[each["type"]])
        if len(known) == 1:
            yield {**each, "loc": tuple(where), "type": _UNION, "ctx": {"kinds": known}}  # which are told afterwards


def pointer(base: str, parts: Sequence[str | int]) -> str:
    """JSON Pointer (RFC 6901); a name that is none of ours is cut short."""
    return base + "".join("/" + _short(str(part)).replace("~", "~0").replace("/", "~1") for part in parts)


def allowed_in(field: str, pattern: str) -> str:
    """Say what a field with a pattern may hold; for one that nobody has described yet, the pattern itself."""
    return _ALLOWED_BY_FIELD.get(field) or ("no control characters" if pattern == ANY_ID else f"what fits {pattern}")


def _problem(detail: ErrorDetails, model: type[BaseModel], base: str) -> Problem:
    where = detail["loc"]
    field = _short(str(where[-1])) if where else ""
    context: Mapping[str, Any] = detail.get("ctx") or {}
    found: Problem = {"pointer": pointer(base, where)}
    match detail["type"]:
        case "extra_forbidden":
            found |= _unknown_field(field, _fields_at(model, where[:-1]))
        case "missing":
            found["detail"] = f"{field} is missing"
            found |= _where_known(allowed=_words_for(model, where) or _ALLOWED_BY_FIELD.get(field, ""))
        case "currency" | "mistyped" | "literal_error":
            found["detail"] = f"{field} may not be {_shown(detail['input'])}"
            found |= _words_meant(detail, context)
        case kind if kind.startswith("string_") and kind not in _KINDS:
            found |= _text_problem(field, detail, context)
        case "greater_than_equal" | "less_than_equal":
            found["detail"] = f"{field} is out of range"
            found["allowed"] = _range(context)
        case kind if kind == _UNION:
            *others, last = context["kinds"]
            kinds = f"{', '.join(others)} or {last}" if others else last
            found["detail"] = f"{field} is {kind_of(detail['input'])}, not {kinds}"
        case kind if kind in _KINDS:
            found["detail"] = f"{field or 'the document'} is {kind_of(detail['input'])}, not {_KINDS[kind]}"
            found |= _where_known(allowed=_hint(field, kind))
        case _:
            found["detail"] = f"{field} {_first_lower(detail['msg'])}".strip()
    return found


def _where_known(**parts: str) -> Problem:
    return {name: text for name, text in parts.items() if text}


def _words_meant(detail: ErrorDetails, context: Mapping[str, Any]) -> Problem:
    """What is allowed in the place of a word that is none of those that there are, and the nearest of them."""
    if detail["type"] != "literal_error":
        allowed = str(context.get("allowed") or _ALLOWED_BY_FIELD["price_currency"])
        return _where_known(allowed=allowed, nearest=str(context["nearest"]))
    allowed = str(context["expected"]).replace("'", "")
    near = nearest(_short(str(detail["input"])), allowed.replace(" or ", ", ").split(", "))
    return _where_known(allowed=allowed, nearest=near or "")


def _text_problem(field: str, detail: ErrorDetails, context: Mapping[str, Any]) -> Problem:
    match detail["type"]:
        case "string_too_short":
            return {"detail": f"{field} is empty"}
        case "string_too_long":
            return {"detail": f"{field} has more than {context['max_length']} characters"}
        case "string_pattern_mismatch":
            shown = _shown(detail["input"], private=field in _PRIVATE)
            return {
                "detail": f"{field} may not be {shown}",
                "allowed": allowed_in(field, str(context["pattern"])),
            }
        case _:
            return {"detail": f"{field} {_first_lower(detail['msg'])}"}


def _unknown_field(field: str, known: Sequence[str]) -> Problem:
    found = {"detail": f"{field} {UNKNOWN}"}
    if known:
        found["allowed"] = ", ".join(known)
    if near := nearest(field, known):
        found["nearest"] = near
    return found


def _hint(field: str, kind: str) -> str:
    if kind == "int_type" and field.endswith("_minor"):
        return "whole minor units (cents): 12.40 is written 1240"
    if kind == "string_type":
        return _ALLOWED_BY_FIELD.get(field, "")
    return ""


def _range(context: Mapping[str, Any]) -> str:
    bound = context.get("ge", context.get("le"))
    if bound in {MOST_MINOR, -MOST_MINOR}:
        return f"{-MOST_MINOR} to {MOST_MINOR} minor units"
    return f"at least {bound}" if "ge" in context else f"at most {bound}"


def kind_of(value: object) -> str:
    """What kind of JSON value it is, as a person calls it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int():
            return "an integer"
        case float() | Decimal():
            return "a number with a fraction"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"


def _shown(value: object, *, private: bool = False) -> str:
    """The value, cut short; what may be about a person is not repeated, because answers end up in logs."""
    if private or not isinstance(value, str):
        return "this"
    return f"{value[:40]!r}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"


def _first_lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _words_for(model: type[BaseModel], where: Sequence[str | int]) -> str:
    """The words of which a field at this place holds one; empty if it holds anything else."""
    current = _model_at(model, where[:-1])
    field = current.model_fields.get(str(where[-1])) if current is not None else None
    if field is None or get_origin(field.annotation) is not Literal:
        return ""
    return ", ".join(str(each) for each in get_args(field.annotation))


def _fields_at(model: type[BaseModel], where: Sequence[str | int]) -> list[str]:
    """Field names of the model that stands at this place."""
    current = _model_at(model, where)
    return list(current.model_fields) if current is not None else []


def _model_at(model: type[BaseModel], where: Sequence[str | int]) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    for part in where:
        if isinstance(part, int) or current is None:
            continue  # a list's items have the list's own model
        field = current.model_fields.get(part)
        current = _model_in(field.annotation) if field else None
    return current


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {Union, types.UnionType, list, Annotated}:
        for inner in get_args(annotation):
            if (found := _model_in(inner)) is not None:
                return found
    return None
