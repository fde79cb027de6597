"""The words of the rule language. Each word is a class that its registry's decorator adds by its name.

Editors' JSON Schema, docs/rules.md and the messages about unknown words are all made from here. What else a new
word needs, a fact to listen to or a figure in the state, docs/extending.md lists.
"""

import inspect
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar

from rules.engine import Audience, Segment
from rules.language.spoken import settings, spoken_apart
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.reader import Reader
from stamgast.domain.program import Program

R = TypeVar("R")
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What a word is read against: the file's reader and the programme it speaks about."""

    reader: Reader
    program: Program
    rule: str = ""
    """Id of the rule that is read."""
    event: str = ""
    """The event of the merchant's own that sets it off."""
    segments: Mapping[str, Segment] = field(default_factory=dict)
    audiences: Mapping[str, Audience] = field(default_factory=dict)


class Word(ABC, Generic[R]):
    """One word of the language. Its docstring says what it means and ends with a YAML example after `::`."""

    name: ClassVar[str]
    says: ClassVar[Mapping[str, str]]
    """Language -> the word's part of a sentence, with `{value}` for what stands after it (`{key}` for a first word
    within it): `rules check` reads rules back by them, in each of `rules.language.spoken.LANGUAGES`."""
    says_whether: ClassVar[Mapping[bool, Mapping[str, str]]] = MappingProxyType({})
    """The same where `true` or `false` may stand after it and make another sentence."""

    def read_back(self, node: Node, language: str) -> str:
        """The word and what stands after it, as it is said."""
        entries = node.entries if isinstance(node, MapNode) else ()
        first = entries[0][0].text if entries else ""
        if isinstance(node, ScalarNode) and isinstance(node.value, bool) and self.says_whether:
            return self.says_whether[node.value][language]
        said = self.says[language]
        if "{value}" in said:
            value, beside = spoken_apart(node, language)
            said = said.format(value=value, key=first)
            return f"{said} ({beside})" if beside else said
        beside = "" if isinstance(node, ScalarNode) and node.text == self.name else settings(node, language)
        return f"{said} ({beside})" if beside else said

    @abstractmethod
    def read(self, node: Node, context: Context) -> R | None:
        """Check what stands after the word and compile it; None when problems were noted."""

    @abstractmethod
    def schema(self) -> Schema:
        """JSON Schema of what stands after the word."""

    @classmethod
    def meaning(cls) -> str:
        """The docstring without its example."""
        return inspect.cleandoc(cls.__doc__ or "").partition("::")[0].strip().removesuffix("Example").strip()

    @classmethod
    def example(cls) -> str:
        """The docstring's YAML example."""
        return textwrap.dedent(inspect.cleandoc(cls.__doc__ or "").partition("::\n")[2]).strip("\n")

    @classmethod
    def in_a_line(cls) -> str:
        """The word in its example, with what stands after it; empty where that takes several lines."""
        for line in cls.example().splitlines():
            text = line.strip().removeprefix("- ")
            if text.startswith(f"{cls.name}: "):
                return text
        return ""


W = TypeVar("W", bound=Word[Any])


class Registry(Generic[W]):
    """Words of one kind by name, in the order in which they were added."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._words: dict[str, W] = {}

    @property
    def words(self) -> Mapping[str, W]:
        """Name -> word."""
        return MappingProxyType(self._words)

    def add(self, word: type[W]) -> type[W]:
        """Class decorator: register the word. Raises ValueError for a name taken twice."""
        if word.name in self._words:
            raise ValueError(f"{self.kind} {word.name} is registered twice")
        self._words[word.name] = word()
        return word
