"""Parameter sets as JSON files."""

from __future__ import annotations

import difflib
from pathlib import Path

import msgspec

from stamgast.domain.attrition import PARAMETERS
from stamgast.domain.clv_parameters import ParameterSet, check


class ParameterFileError(Exception):
    """A file that cannot be scored with; the text names it and says why."""


def read_parameters(path: Path) -> ParameterSet:
    """Read a set, written by `stamgast clv fit` or by hand, and give it its version.

    A version that stands in the file does not count: numbers changed by hand make another one.

    Raises:
        ParameterFileError: no such file, no JSON, an unknown name, a number that cannot be.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=ParameterSet)
    except OSError as error:
        raise ParameterFileError(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise ParameterFileError(f"{path}: {error}") from None
    if found.model not in PARAMETERS:
        near = difflib.get_close_matches(found.model, PARAMETERS, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(PARAMETERS)}"
        raise ParameterFileError(f"{path}: there is no model {found.model!r}; {hint}")
    try:
        check(found)
    except ValueError as error:
        raise ParameterFileError(f"{path}: {error}") from None
    return found.versioned()


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
    if "k" in document["parameters"]:
        document["parameters"]["k"] = int(document["parameters"]["k"])
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
