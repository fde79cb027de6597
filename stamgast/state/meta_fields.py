"""A field of a partition's meta, and a family of fields: how each is called, read and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Word = str | int
"""What a field is written as."""

Value = TypeVar("Value")
Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said(Generic[Value]):
    """What is said of a field, and how its value is read and written."""

    holds: str
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    decode: Callable[[str], Value]
    encode: Callable[[Value], Word]
    absent: Callable[[], Value]
    """Make the value where the field does not stand."""

    def read(self, word: bytes | None) -> Value:
        """Read the answer to HGET."""
        return self.absent() if word is None else self.decode(word.decode())


@dataclass(frozen=True, kw_only=True, slots=True)
class Field(_Said[Value]):
    """A field that a partition has at most once."""

    name: str

    def of(self, meta: Mapping[str, str]) -> Value:
        """Read it from a whole meta."""
        text = meta.get(self.name)
        return self.absent() if text is None else self.decode(text)

    def written(self, value: Value) -> dict[str, Word]:
        """Return what a step has to write."""
        return {self.name: self.encode(value)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Family(_Said[Value], Generic[Key, Value]):
    """Fields of one kind, one for each merchant or source: the prefix, and whose it is."""

    prefix: str
    key_of: Callable[[str], Key]
    name_of: Callable[[Key], str]

    def name(self, key: Key) -> str:
        """Name the field of one of them."""
        return self.prefix + self.name_of(key)

    def of(self, meta: Mapping[str, str]) -> dict[Key, Value]:
        """Read all of them from a whole meta."""
        prefix, start = self.prefix, len(self.prefix)
        return {
            self.key_of(name[start:]): self.decode(text) for name, text in meta.items() if name.startswith(prefix)
        }  # fmt: skip

    def written(self, values: Mapping[Key, Value]) -> dict[str, Word]:
        """Return what a step has to write."""
        return {self.name(key): self.encode(value) for key, value in values.items()}
