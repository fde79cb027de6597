"""A mapping file: what the columns of a list mean, where their names do not say it.

kind: customers
columns: {phone: Mobiel 1, joined: Aangemaakt}
constants: {wording: paper-2024, consent_how: form at the counter}
date_order: day first
decimal_mark: ","
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rules.yaml.problems import Problem
from rules.yaml.reader import Reader
from rules.yaml.source import MAX_BYTES, Source, read_yaml
from stamgast.domain.errors import in_plain_words
from stamgast.lists.columns import Kind, known_columns
from stamgast.sheets.dates import DateOrder

_WORDS: Final = ("kind", "columns", "constants", "date_order", "decimal_mark")
_MARKS: Final = (".", ",")


@dataclass(frozen=True, slots=True)
class Mapping:
    """See the module; what is empty is found out from the file."""

    kind: Kind | None = None
    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    date_order: DateOrder | None = None
    decimal_mark: str = ""


def read_mapping(path: Path) -> tuple[Mapping, list[Problem]]:
    """Read a mapping file, and everything that is wrong with it."""
    try:
        with path.open("rb") as file:
            source = Source(str(path), file.read(MAX_BYTES + 1).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        return Mapping(), [Problem(str(path), 1, 1, f"this file cannot be read: {in_plain_words(error)}")]
    node, reader = read_yaml(source), Reader(source)
    if node is None:
        return Mapping(), list(source.problems)
    found = reader.mapping(node, "mapping", _WORDS)
    kind = reader.one_of(found["kind"], "kind", list(Kind)) if "kind" in found else None
    names = known_columns(kind) if kind else (*known_columns(Kind.PURCHASES), *known_columns(Kind.CUSTOMERS))
    texts: dict[str, dict[str, str]] = {}
    for word in ("columns", "constants"):
        entries = reader.mapping(found[word], word, names) if word in found else {}
        texts[word] = {name: reader.text(each, f"{word}: {name}") or "" for name, each in entries.items()}
    order = reader.one_of(found["date_order"], "date_order", list(DateOrder)) if "date_order" in found else None
    mark = reader.one_of(found["decimal_mark"], "decimal_mark", _MARKS) if "decimal_mark" in found else None
    return Mapping(kind, texts["columns"], texts["constants"], order, mark or ""), list(source.problems)
