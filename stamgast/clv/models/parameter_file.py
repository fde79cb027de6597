"""Parameter sets as JSON files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from stamgast.domain.attrition import CORRECTION, PARAMETERS, TOGETHER
from stamgast.domain.clv_parameters import FitReport, ParameterSet, check
from stamgast.domain.errors import UNREADABLE, in_plain_words
from stamgast.domain.models.gamma_gamma import Spend
from stamgast.domain.spelling import nearest


class ParameterFileError(Exception):
    """A file that cannot be scored with; the text names it and says why."""


def read_parameters(path: Path) -> ParameterSet:
    """Read a set, written by `stamgast clv fit` or by hand, and give it its version.

    A version that stands in the file does not count: numbers changed by hand make another one.

    Raises:
        ParameterFileError: no such file, no JSON, an unknown name, a number that cannot be.
    """
    try:
        document = msgspec.json.decode(path.read_bytes())
        _check_names(document)
        found = msgspec.convert(document, ParameterSet)
        check(found)
    except OSError as error:
        raise ParameterFileError(f"{path}: {error.strerror}") from None
    except UNREADABLE as error:
        raise ParameterFileError(f"{path}: {in_plain_words(error)}") from None
    return found.versioned()


def _check_names(document: Any) -> None:
    """Check all names, and that parameters are numbers, where a wrong one can be told by its name.

    Raises:
        ValueError: one is wrong; the text says which and what was meant.
    """
    if not isinstance(document, dict):
        raise ValueError("a parameter set is an object with model and parameters")  # noqa: TRY004  of a file's content
    _check_keys(document, ParameterSet.__struct_fields__, "key {}")
    for part, struct in (("spend", Spend), ("fit", FitReport)):
        if isinstance(inner := document.get(part), dict):
            _check_keys(inner, struct.__struct_fields__, f"key {{}} in {part}")
    model, parameters = document.get("model"), document.get("parameters")
    named = PARAMETERS | dict.fromkeys(TOGETHER, CORRECTION)
    if isinstance(model, str) and model not in named:
        raise ValueError(f"there is no model {model!r}; {_hint(model, named)}")
    if isinstance(model, str) and isinstance(parameters, dict):
        _check_keys(parameters, named[model], "parameter {}")
    for part in ("parameters", "spend"):
        inner = document.get(part)
        for name, value in inner.items() if isinstance(inner, dict) else ():
            if name != "orders" and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise ValueError(f"{part}.{name} is {_shown(value)}; it must be a number")


def _check_keys(found: dict[str, Any], allowed: Iterable[str], words: str) -> None:
    for name in found:
        if name not in allowed:
            raise ValueError(f"unknown {words.format(repr(name))}; {_hint(name, allowed)}")


def _hint(name: str, allowed: Iterable[str]) -> str:
    near = nearest(name, allowed)
    return (f"did you mean {near}? " if near else "") + f"there are {', '.join(allowed)}"


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def write_parameters(path: Path, parameters: ParameterSet) -> None:
    """Write a set with its version.

    Raises:
        ParameterFileError: the file cannot be written.
    """
    try:
        path.write_bytes(encode_parameters(parameters))
    except OSError as error:
        raise ParameterFileError(f"{path}: {error.strerror}") from None


def encode_parameters(parameters: ParameterSet) -> bytes:
    """Return the document, one name a line."""
    document = {"version": "", **msgspec.to_builtins(parameters.versioned())}
    for each in (document["parameters"], *document.get("members", {}).values()):
        if "k" in each:
            each["k"] = int(each["k"])
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
