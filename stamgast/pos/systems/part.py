"""A system's JSON object with its place, read field by field: liberal in how a value is written, exact in what is said.

A field that is missing, null or (as some systems write nothing) false or "" is not there. Names may be several, where a
system has changed them: the first that is there counts.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NoReturn, TypeVar

from stamgast.domain.units import Minor
from stamgast.pos.problems import RefusedError, kind_of, pointer
from stamgast.pos.systems import amounts, moments
from stamgast.pos.systems.ids import fitting

MOST_PARTS: Final = 2_000
"""Lines of one receipt: the contract takes no more."""

_PIECES: Final = 10**6
_NO: Final = frozenset({"", "0", "false", "no", "n", "f"})
_Read = TypeVar("_Read")


class Part:
    """One object of a system's body, and its JSON Pointer."""

    __slots__ = ("content", "place")

    def __init__(self, content: Any, place: str = "") -> None:
        if not isinstance(content, dict):
            _refuse(place, f"{_last(place) or 'this'} is {kind_of(content)}, not an object")
        self.content: dict[Any, Any] = content
        self.place = place

    def get(self, *names: str) -> Any:
        """The first of these fields that is there, as it stands; None."""
        for name in names:
            value = self.content.get(name)
            if value or (value is not None and value is not False and value != ""):
                return value
        return None

    def has(self, *names: str) -> bool:
        """Whether one of these fields is there."""
        content = self.content
        for name in names:
            value = content.get(name)
            if value or (value is not None and value is not False and value != ""):
                return True
        return False

    def refuse(self, name: str, detail: str, allowed: str = "") -> NoReturn:
        """Raise `RefusedError` about a field."""
        _refuse(pointer(self.place, [name]), f"{name} {detail}", allowed)

    def text(self, *names: str) -> str:
        """An id or a word that has to be there; a number is taken as its digits."""
        value = self.maybe(*names)
        if value is None:
            self.refuse(names[0], "is missing")
        return value

    def maybe(self, *names: str) -> str | None:
        """An id or a word; None where it is not there."""
        content = self.content
        for name in names:
            value = content.get(name)
            if value is None:
                continue
            kind = type(value)  # JSON has no others, and a sale is asked for dozens of them
            if kind is str:
                if text := str(value).strip():
                    return text
            elif kind is int and abs(value) < 10**30:
                return str(value)
            elif value is not False:
                self.refuse(name, f"is {kind_of(value)}, not a text")
        return None

    def word(self, *names: str) -> str:
        """A word of the system's own list in small letters; empty where there is none, or something else."""
        value = self.get(*names)
        return value.strip().lower() if isinstance(value, str) else ""

    def id(self, *names: str) -> str | None:
        """As `maybe`, made to fit the contract's ids."""
        value = self.content.get(names[0])
        if type(value) is int and 0 <= value < _PIECES:  # most of them are small, and fit
            return str(value)
        value = self.maybe(*names)
        return None if value is None else fitting(value)

    def flag(self, *names: str) -> bool:
        """Whether one of these is true, in whatever way that is written."""
        value = self.get(*names)
        return value.strip().lower() not in _NO if isinstance(value, str) else bool(value)

    def number(self, *names: str, default: Decimal | None = None) -> Decimal:
        """A number, or text that is one; `default` where it is not there."""
        value = self.content.get(names[0])
        if type(value) is int and -_PIECES < value < _PIECES:  # as quantities are
            return Decimal(value)
        return self._read(names, amounts.decimal, default)

    def minor(self, currency: str, *names: str, default: Minor | None = None) -> Minor:
        """An amount in major units -> minor ones; `default` where it is not there."""
        return self._read(names, amounts.minor, default, currency)

    def whole(self, *names: str, default: Minor | None = None) -> Minor:
        """An amount that is in minor units already; `default` where it is not there."""
        return self._read(names, amounts.whole, default)

    def moment(self, *names: str, zone: str = "") -> datetime:
        """A time as text that has to be there; without an offset it is in `zone`."""
        return self._read(names, moments.moment, None, zone)

    def instant(self, *names: str, zone: str = "") -> datetime:
        """As `moment`, or milliseconds since 1970."""

        def read(value: Any) -> datetime:
            in_millis = isinstance(value, int) or (isinstance(value, str) and value.isdigit())
            return moments.moment(moments.from_millis(value)) if in_millis else moments.moment(value, zone)

        return self._read(names, read, None)

    def part(self, *names: str) -> "Part | None":
        """An object; None where it is not there, or is the empty list that PHP writes for one."""
        for name in names:
            value = self.get(name)
            if value is not None and value != []:
                return Part(value, f"{self.place}/{name}")
        return None

    def beside(self, name: str) -> "Part | None":
        """An object that is told by the way; None where it is not there, or stands there as an id or a word alone."""
        value = self.content.get(name)
        return Part(value, f"{self.place}/{name}") if isinstance(value, dict) else None

    def parts(self, *names: str) -> "list[Part]":
        """The objects of a list, or of `{"elements": […]}`, or of its address alone; null in it is left out.

        An empty object is an empty list: who writes PHP can tell them apart as little as we.
        """
        for name in names:
            value = self.get(name)
            if value is not None:
                place = f"{self.place}/{name}"
                if isinstance(value, dict) and (not value or "elements" in value or "href" in value):
                    value, place = value.get("elements") or [], f"{place}/elements"
                return _parts(value, place)
        return []

    def _read(self, names: tuple[str, ...], read: Callable[..., _Read], default: _Read | None, *how: str) -> _Read:
        for name in names:
            value = self.content.get(name)
            if value or (value is not None and value is not False and value != ""):
                try:
                    return read(value, *how)
                except ValueError as error:
                    self.refuse(name, str(error))
        if default is None:
            self.refuse(names[0], "is missing")
        return default


class refusing:  # noqa: N801  it is used like a function
    """Refuse an object whose fields are each right, and what is worked out of them is not: a sum too large."""

    __slots__ = ("_kind",)

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __enter__(self) -> None:
        """Begin to work it out."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        """Say what came of it. Raises `RefusedError`."""
        if isinstance(error, RefusedError) or not isinstance(error, ValueError | ArithmeticError):
            return
        why = str(error) if isinstance(error, ValueError) else "is no number"
        raise RefusedError([{"pointer": "", "detail": f"what this {self._kind} comes to {why}"}]) from None


def _parts(value: Any, place: str) -> list[Part]:
    if not isinstance(value, list):
        _refuse(place, f"{_last(place)} is {kind_of(value)}, not a list")
    if len(value) > MOST_PARTS:
        _refuse(place, f"{_last(place)} has {len(value)} entries; at most {MOST_PARTS} are taken")
    return [Part(each, f"{place}/{index}") for index, each in enumerate(value) if each is not None]


def _refuse(place: str, detail: str, allowed: str = "") -> NoReturn:
    problem = {"pointer": place, "detail": detail}
    raise RefusedError([problem | {"allowed": allowed} if allowed else problem])


def _last(place: str) -> str:
    return place.rpartition("/")[2]
