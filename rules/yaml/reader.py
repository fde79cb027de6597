"""Reads typed values out of nodes; every problem is noted at its place and reading goes on."""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeVar

from rules.yaml.nodes import ListNode, MapNode, Mark, Node, ScalarNode, kind_of
from rules.yaml.problems import MAX_LISTED, nearest, suggest
from rules.yaml.source import Source
from rules.yaml.words import Money, WordError, parse_money
from stamgast.domain.written_money import plain_spaces, read_number, shown

T = TypeVar("T")
W = TypeVar("W", bound=str)


class Reader:
    """Readers of one file's values. A reading that fails gives None and has noted why."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._example = ""

    @contextmanager
    def showing(self, example: str) -> Iterator[None]:
        """Within it, what is not written as it should be is shown in an example, such as `hour: 09:00-12:00`."""
        before, self._example = self._example, example
        try:
            yield
        finally:
            self._example = before

    def _such_as(self, otherwise: str) -> str:
        """The example that is shown; without one what can be said of everything."""
        return f"Such as `{self._example}`." if self._example else otherwise

    def problem(self, at: Node | Mark, message: str, hint: str = "", *, warning: bool = False) -> None:
        """Note a problem at a node or a place."""
        mark = at if isinstance(at, Mark) else at.mark
        self.source.problem(mark, message, hint, warning=warning)

    def refuse_from_now_on(self, at: Node | Mark, message: str, hint: str = "") -> None:
        """Note what used to be taken: an error, but a warning in files that are in force."""
        self.source.refuse_from_now_on(at if isinstance(at, Mark) else at.mark, message, hint)

    def mapping(
        self,
        node: Node,
        where: str,
        allowed: Container[str] | None = None,
        required: Iterable[str] = (),
        elsewhere: Callable[[str], str] | None = None,
    ) -> dict[str, Node]:
        """The entries of a mapping; unknown and missing keys are noted."""
        return {key.text: value for key, value in self.entries(node, where, allowed, required, elsewhere)}

    def entries(
        self,
        node: Node,
        where: str,
        allowed: Container[str] | None = None,
        required: Iterable[str] = (),
        elsewhere: Callable[[str], str] | None = None,
    ) -> list[tuple[ScalarNode, Node]]:
        """As `mapping`, with the keys' places. A key that is not allowed is left out.

        `elsewhere` says of such a key where it belongs, or what to write instead; empty where it is not known.
        """
        if not isinstance(node, MapNode):
            words = _listed(allowed)
            hint = f"Such as: {', '.join(words[:MAX_LISTED])}." if words else "Write each as `word: value`."
            hint = self._such_as(hint)
            self.problem(node, f"`{where}` takes words with values, not {kind_of(node)}", hint)
            return []
        found = []
        meant: set[str | None] = set()
        for key, value in node.entries:
            if allowed is not None and key.text not in allowed:
                words = _listed(allowed)
                hint = (elsewhere(key.text) if elsewhere is not None else "") or suggest(key.text, words)
                self.problem(key, f'unknown word "{key.text}" in `{where}`', hint)
                meant.add(nearest(key.text, words))
            else:
                found.append((key, value))
        present = {key.text for key, _ in found}
        for name in required:
            if name not in present and name not in meant:  # one mistake is told once
                hint = f"Such as `{_USUAL[name]}`." if name in _USUAL else f"Add `{name}: …`."
                self.problem(node, f"{'a rule' if where == 'rule' else f'`{where}`'} needs `{name}`", hint)
        return found

    def items(self, node: Node, where: str) -> list[Node]:
        """The items of a list; a single value counts as a list of one."""
        if isinstance(node, ListNode):
            if not node.items:
                otherwise = "" if where in _NEEDED else f", or leave `{where}` out"
                self.problem(node, f"`{where}` is an empty list", f"Write at least one{otherwise}.")
            return list(node.items)
        return [node]

    def text(self, node: Node, where: str) -> str | None:
        """A text of at least one character. Numbers count as the text they were written as."""
        if not isinstance(node, ScalarNode) or node.value is None or isinstance(node.value, bool) or not node.text:
            one = isinstance(node, ListNode) and len(node.items) == 1
            hint = "Write it without brackets." if one else self._such_as("Write one text behind the colon.")
            self.problem(node, f"`{where}` must be a text, not {kind_of(node)}", hint)
            return None
        return node.text

    def integer(self, node: Node, where: str, least: int, most: int) -> int | None:
        """A whole number within bounds."""
        value = node.value if isinstance(node, ScalarNode) else None
        if not isinstance(value, int) or isinstance(value, bool):
            hint = _meant_number(node, whole=True) or self._such_as(f"Write a whole number from {least} to {most:,}.")
            self.problem(node, f"`{where}` must be a whole number, not {kind_of(node)}", hint)
            return None
        if not least <= value <= most:
            hint = f"Write {least:,}, or more." if value < least else f"Write {most:,}, or less."
            self.problem(node, f"`{where}` must be from {least:,} to {most:,}, not {value}", hint)
            return None
        return value

    def number(self, node: Node, where: str, least: float, most: float) -> float | None:
        """A number within bounds."""
        value = node.value if isinstance(node, ScalarNode) else None
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.problem(
                node,
                f"`{where}` must be a number, not {kind_of(node)}",
                _meant_number(node, whole=False) or f"Write a number from {least:g} to {most:g}.",
            )
            return None
        if not least <= value <= most:
            hint = f"Write {least:g}, or more." if value < least else f"Write {most:g}, or less."
            self.problem(node, f"`{where}` must be from {least:g} to {most:g}, not {value:g}", hint)
            return None
        return float(value)

    def truth(self, node: Node, where: str) -> bool | None:
        """`true` or `false`."""
        value = node.value if isinstance(node, ScalarNode) else None
        if not isinstance(value, bool):
            said = node.text.casefold() if isinstance(node, ScalarNode) else ""
            meant = "true" if said in _YES else "false" if said in _NO else ""
            hint = f"Write `{where}: {meant}`." if meant else "Write one of the two, without quotation marks."
            self.problem(node, f"`{where}` must be true or false, not {kind_of(node)}", hint)
            return None
        return value

    def word(self, node: Node, where: str, parse: Callable[[str], T]) -> T | None:
        """A typed word, such as a duration."""
        text = self.text(node, where)
        if text is None:
            return None
        try:
            return parse(text)
        except WordError as error:
            formerly: T | None = error.formerly if self.source.published else None
            self.problem(node, f"`{where}`: {error}", error.hint, warning=formerly is not None)
            return formerly

    def one_of(self, node: Node, where: str, allowed: Iterable[W], *, thing: str = "word") -> W | None:
        """One of a closed set of words."""
        text = self.text(node, where)
        words = list(allowed)
        if text is None:
            return None
        for each in words:
            if each == text:
                return each
        self.problem(node, f'unknown {thing} "{text}" in `{where}`', suggest(text, words))
        return None

    def some_of(self, node: Node, where: str, allowed: Iterable[W], *, thing: str = "word") -> tuple[W, ...]:
        """One or several of a closed set of words, in the order of the file."""
        words = list(allowed)
        found = (self.one_of(item, where, words, thing=thing) for item in self.items(node, where))
        return tuple(dict.fromkeys(each for each in found if each is not None))

    def texts(self, node: Node, where: str) -> tuple[str, ...]:
        """One text or several."""
        found = (self.text(item, where) for item in self.items(node, where))
        return tuple(dict.fromkeys(each for each in found if each is not None))

    def money(self, node: Node, where: str, currency: str) -> int | None:
        """An amount in the programme's currency, in minor units, not below zero."""
        found: Money | None = self.word(node, where, lambda text: parse_money(text, currency))
        if found is None:
            return None
        if found.currency != currency:
            self.problem(node, f"`{where}` is in {found.currency}", f"The programme counts in {currency}.")
            return None
        if found.minor < 0:
            plain = f' "{node.text.replace("-", "", 1)}"' if isinstance(node, ScalarNode) else ""
            self.problem(node, f"`{where}` is below zero", f"Write it without the minus:{plain}.")
            return None
        return found.minor

    def known(self, node: Node, where: str, things: Mapping[str, T], thing: str) -> str | None:
        """The name of something that program.yaml defines."""
        text = self.text(node, where)
        if text is None or text in things:
            return text
        match = nearest(text, things)
        hint = suggest(text, things) if match or things else f"program.yaml defines no {thing} yet."
        self.problem(node, f'unknown {thing} "{text}" in `{where}`', hint)
        return None


_HOUR: Final = re.compile(r"([01]?[0-9]|2[0-3]):00")


def _listed(allowed: object) -> list[str]:
    return [str(each) for each in allowed] if isinstance(allowed, Iterable) else []


_USUAL: Final = {
    "rule": "rule: free-loaf",
    "when": "when: purchase",
    "then": "then: [{send: hello}]",
    "name": "name: …",
    "currency": "currency: EUR",
    "time_zone": "time_zone: Europe/Amsterdam",
    "languages": "languages: [nl, fr]",
    "stores": "stores: {main-street: {}}",
    "stamps": "stamps: 7",
}
"""How what is missing most is written."""
_NEEDED: Final = frozenset({"expect", "given", "then", "languages"})
"""Lists that cannot be left out."""
_YES: Final = frozenset({"yes", "ja", "oui", "y", "on", "aan", "an"})
_NO: Final = frozenset({"no", "nee", "non", "nein", "n", "off", "uit", "aus", "never"})
_IN_WORDS: Final = {
    word: number
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve",
        "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf",
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    )
    for number, word in enumerate(words.split())
}


def in_digits(word: str) -> int | None:
    """The number that a word means in one of the shops' languages: `seven`, `zeven`, `sept`, `sieben`."""
    return _IN_WORDS.get(word.casefold())


def _meant_number(node: Node, *, whole: bool) -> str:
    """What a number that is written in the Dutch or French way, or with thousands apart, was meant to be."""
    if isinstance(node, MapNode) and len(node.entries) == 1:  # a bound where a number will do
        bound = node.entries[0][1]
        return f"Write {bound.text}." if isinstance(bound, ScalarNode) and isinstance(bound.value, int) else ""
    if not isinstance(node, ScalarNode):
        return ""
    text = plain_spaces(node.text)
    if hour := _HOUR.fullmatch(text):
        return f"Write {int(hour[1])}."
    if (number := in_digits(text)) is not None:
        return f"Write {number}."
    values = [
        each for each in read_number(text.removeprefix("-")).values if not whole or each == each.to_integral_value()
    ]
    sign = "-" if text.startswith("-") else ""
    return f"Write {' or '.join(f'{sign}{shown(each)}' for each in values)}." if values else ""
