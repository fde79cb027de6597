"""From what a path finds to a field's value; what cannot be one says why."""

import re
from collections.abc import Mapping as Map
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from jsonpath import JSONPath

from stamgast.domain.currencies import exponent_of
from stamgast.pos.mapping import AmountPick, MomentPick, Pick, QuantityPick, compiled

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLIS: Final = 10**11
"""A number of seconds since 1970 is smaller than this, one of milliseconds larger."""
_LARGEST: Final = 10**13
_LONGEST: Final = 60
_NUMBER: Final = re.compile(r"[-+]?\d{1,20}(\.\d{1,20})?-?", re.ASCII)


class UnfitError(ValueError):
    """What was found is no value of this field; the text says why."""


class MissingError(UnfitError):
    """The path finds nothing."""


@lru_cache(maxsize=4096)
def _path(text: str) -> JSONPath:
    return compiled(text)


def find_all(path: str, document: Any) -> list[Any]:
    """Everything that a path finds."""
    return [match.obj for match in _path(path).finditer(document)]


def places(path: str, document: Any) -> list[str]:
    """Where a path finds something, as normalized paths."""
    return [match.path for match in _path(path).finditer(document)]


def raw_of(pick: Pick, document: Any) -> Any:
    """What stands there. Raises `MissingError`."""
    for path in (pick.path, pick.or_path):
        if path is not None:
            found = next((each for each in find_all(path, document) if each is not None and each != ""), None)
            if found is not None:
                return _meant(pick, found)
    if pick.value is None:
        raise MissingError(f"{pick.path or 'the path'} finds nothing")
    return pick.value


def text_of(pick: Pick, document: Any) -> str:
    """A text; numbers become one. Raises `UnfitError`."""
    found = raw_of(pick, document)
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
        raise UnfitError(f"is {_kind(found)}, not a text")
    return str(found).strip()


def word_of(pick: Pick, document: Any, allowed: tuple[str, ...]) -> str:
    """One of the contract's words. Raises `UnfitError`."""
    found = text_of(pick, document)
    if found not in allowed:
        how = "say under `words` what it means"
        raise UnfitError(f"{found[:_LONGEST]!r} is none of {', '.join(allowed)}: {how}")
    return found


def truth_of(pick: Pick, document: Any) -> bool:
    """True or false. Raises `UnfitError`."""
    found = raw_of(pick, document)
    if isinstance(found, bool):
        return found
    word = str(found).strip().lower()
    if word in {"true", "1", "yes", "y"}:
        return True
    if word in {"false", "0", "no", "n"}:
        return False
    raise UnfitError(f"{word[:_LONGEST]!r} is neither true nor false")


def minor_of(pick: AmountPick, document: Any, currency: str) -> int:
    """Whole minor units. Raises `UnfitError`."""
    if pick.sum and pick.path is not None:
        found = [each for each in find_all(pick.path, document) if each is not None and each != ""]
        return sum(_minor(pick, each, currency) for each in found)
    return _minor(pick, raw_of(pick, document), currency)


def quantity_of(pick: QuantityPick, document: Any) -> str:
    """A decimal number as text. Raises `UnfitError`."""
    number = _signed(_number(raw_of(pick, document), pick.decimal), pick.sign)
    if pick.decimals is not None:
        digits = next(iter(find_all(pick.decimals, document)), 0)
        number = number.scaleb(-int(_number(digits, ".")))
    return f"{number.normalize():f}"


def moment_of(pick: MomentPick, document: Any, zone: str) -> str:
    """RFC 3339 with its offset. Raises `UnfitError`."""
    zone = pick.zone or zone
    try:
        found = _moment(pick, document, zone).astimezone(UTC)
    except (ValueError, OverflowError, TypeError) as error:
        if isinstance(error, UnfitError):
            raise
        raise UnfitError(f"is no time: {str(error)[:_LONGEST]}") from None
    return found.isoformat().replace("+00:00", "Z")


def version_of(pick: MomentPick, document: Any, zone: str) -> int:
    """A number that grows, as it is; or a time, in microseconds. Raises `UnfitError`."""
    found = raw_of(pick, document) if not pick.parts else None
    if pick.format is None and found is not None and re.fullmatch(r"\d{1,18}", str(found)):
        return int(found)
    moment = datetime.fromisoformat(moment_of(pick, document, zone))
    return int((moment - _EPOCH) / timedelta(microseconds=1))


def fits(only: Map[str, list[str]], document: Any) -> bool:
    """Whether each path finds one of its words."""
    return all(any(_as_word(found) in words for found in find_all(path, document)) for path, words in only.items())


def _meant(pick: Pick, found: Any) -> Any:
    if not pick.words:
        return found if pick.otherwise is None else pick.otherwise
    word = _as_word(found)
    if word in pick.words:
        return pick.words[word]
    if pick.otherwise is not None:
        return pick.otherwise
    raise UnfitError(f"{word[:_LONGEST]!r} is none of its words: {', '.join(pick.words)}")


def _as_word(found: Any) -> str:
    return ("true" if found else "false") if isinstance(found, bool) else str(found).strip()


def _minor(pick: AmountPick, found: Any, currency: str) -> int:
    number = _number(found, pick.decimal)
    if pick.unit == "major":
        number = number.scaleb(exponent_of(currency))
    return int(_signed(number, pick.sign).quantize(Decimal(1), ROUND_HALF_UP))


def _number(found: Any, decimal: str) -> Decimal:
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
        raise UnfitError(f"is {_kind(found)}, not a number")
    text = str(found).strip().replace("\u00a0", "").replace(" ", "").removeprefix("€").removesuffix("€")
    if isinstance(found, str):
        other = "," if decimal == "." else "."
        whole, point, cents = text.partition(decimal)
        if other in cents or not re.fullmatch(rf"[-+]?\d+-?|[-+]?\d{{1,3}}(\{other}\d{{3}})+-?", whole):
            raise UnfitError(f"{found[:_LONGEST]!r} is no number with {decimal!r} before its cents")
        text = whole.replace(other, "") + (f".{cents}" if point else "")
    try:
        if isinstance(found, str) and not _NUMBER.fullmatch(text):
            raise UnfitError(f"{found[:_LONGEST]!r} is no number")
        number = Decimal(f"-{text[:-1]}" if text.endswith("-") else text)
    except InvalidOperation:
        raise UnfitError("is no number") from None
    if not number.is_finite() or abs(number) > _LARGEST:
        raise UnfitError("is larger than any amount")
    return number


def _signed(number: Decimal, sign: str) -> Decimal:
    match sign:
        case "opposite":
            return -number
        case "absolute":
            return abs(number)
        case _:
            return number


def _moment(pick: MomentPick, document: Any, zone: str) -> datetime:
    if pick.parts:
        numbers = [int(_number(next(iter(find_all(path, document)), None), ".")) for path in pick.parts]
        return datetime(*numbers, tzinfo=ZoneInfo(zone))  # type: ignore[arg-type, misc]
    found = raw_of(pick, document)
    if pick.with_path is not None:
        found = f"{found} {next(iter(find_all(pick.with_path, document)), '')}"
    if pick.format is not None:
        read = datetime.strptime(str(found).strip(), pick.format)  # noqa: DTZ007  its zone is put in below
    elif not isinstance(found, bool) and (isinstance(found, int) or str(found).strip().isdecimal()):
        number = int(found)
        return _EPOCH + timedelta(milliseconds=number * 1_000 if number < _MILLIS else number)
    else:
        read = datetime.fromisoformat(str(found).strip())
    return read if read.tzinfo is not None else read.replace(tzinfo=ZoneInfo(zone))


def _kind(found: Any) -> str:
    match found:
        case bool():
            return "true or false"
        case dict():
            return "an object"
        case list():
            return "a list"
        case None:
            return "nothing"
        case _:
            return "a number"
