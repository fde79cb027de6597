"""What a provider's error code means, read from `errors.yaml`. An unknown code is never retried."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import yaml

from channels.model import Fault
from stamgast.domain.vocabulary import Treatment


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One row: what happened, what may be done, and the sentence for people."""

    code: str
    fault: Fault
    treatment: Treatment
    meaning: str


@lru_cache(maxsize=1)
def error_table() -> dict[str, ErrorEntry]:
    """All known codes. Raises ValueError if the file names a fault or treatment that does not exist."""
    rows = yaml.safe_load(resources.files("channels.twilio").joinpath("errors.yaml").read_text(encoding="utf-8"))
    return {
        str(code): ErrorEntry(str(code), Fault(fault), Treatment(treatment), meaning)
        for code, (fault, treatment, meaning) in rows.items()
    }


def look_up(code: str | int | None) -> ErrorEntry:
    """The row of a code; for an unknown or missing one: unknown, permanent, no retry."""
    text = "" if code is None else str(code)
    known = error_table().get(text)
    if known is not None:
        return known
    return ErrorEntry(text, Fault.UNKNOWN, Treatment.PERMANENT, "an error this table does not know")


def look_up_http(code: str, status: int) -> ErrorEntry:
    """The row of a refused request: by its code, else by what its HTTP status always means."""
    entry = look_up(code)
    if entry.fault is not Fault.UNKNOWN:
        return entry
    if status in (401, 403, 404):
        return ErrorEntry(code, Fault.CONFIG, Treatment.CONFIG, f"credentials, account or address (HTTP {status})")
    return entry
