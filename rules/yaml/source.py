"""YAML as a shop keeper means it: `21:00`, `NO`, `+31612345678`, `0123`, `on` and `yes` are text.

PyYAML's scanner and parser do the syntax; the meaning of plain scalars is YAML 1.2's core schema, with two
exceptions in favour of what people write: numbers with a leading zero or plus sign stay text. Duplicate keys, anchors,
aliases, merge keys, tags and tabs are refused. Size, depth and the number of values are bounded.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, Literal

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    StreamEndEvent,
)

from rules.yaml.mistakes import NOT_YAML, explain
from rules.yaml.nodes import ListNode, MapNode, Mark, Node, Plain, ScalarNode
from rules.yaml.problems import Problem
from stamgast.domain.written_money import SPACES

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 20
MAX_NODES: Final = 20_000
MOST_PROBLEMS: Final = 200
"""Errors of a merchant's files that are told: for each the nearest right words are looked for."""
_MOST_REMEMBERED: Final = 4_096
"""Characters of a file whose tree is kept: some tens of kB a tree."""

_MOST_AT_ONCE: Final = 32_768
"""Characters of a file whose events are held all together."""
_FAST: Final = getattr(yaml, "CSafeLoader", None)
"""libyaml's parser, where PyYAML was built with it."""

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})?(\.[0-9]+([eE][-+]?[0-9]{1,2})?|(?<=[0-9])[eE][-+]?[0-9]{1,2})")
_DASH: Final = re.compile(r"-[A-Za-z]")
_WORDS: Final[dict[str, Plain]] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}


def read_plain(text: str) -> Plain:
    """The value of a plain (unquoted) scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


_REFERENCE: Final = "Write the value out where it is used. A text that begins so needs quotation marks around it."


class _TooMuch(Exception):  # noqa: N818 - it ends the reading, it is no error of ours
    """The file is nested too deeply or holds too much."""

    def __init__(self, mark: Mark, message: str) -> None:
        super().__init__(message)
        self.mark = mark


class TooManyProblemsError(Exception):
    """Enough is wrong with a merchant's files: reading on would cost more than it tells."""


class Tally:
    """How much may still be wrong with a merchant's files. It counts errors of all of them together."""

    def __init__(self, most: int = MOST_PROBLEMS) -> None:
        self._left = most

    def note(self) -> None:
        """One more. Raises TooManyProblemsError after the last."""
        self._left -= 1
        if self._left <= 0:
            raise TooManyProblemsError


class Source:
    """One file's text: its lines for quoting, its tree, its problems so far.

    `published`: it stands in the log. What was taken once stays usable, whatever is refused now (`refuse_from_now_on`).
    """

    def __init__(self, file: str, text: str, *, published: bool = False, tally: Tally | None = None) -> None:
        self._tally = tally
        self.file = file
        self.published = published
        self.text = text
        self.lines = text.splitlines()
        self.problems: list[Problem] = []

    def refuse_from_now_on(self, mark: Mark, message: str, hint: str = "") -> None:
        """Note what used to be taken: an error, but a warning in files that are in force. There is no other way."""
        self.problem(mark, message, hint, warning=self.published)

    def problem(self, mark: Mark, message: str, hint: str = "", *, warning: bool = False) -> None:
        """Note a problem at a place of this file."""
        quoted = self.lines[mark.line - 1] if 0 < mark.line <= len(self.lines) else ""
        length = max(1, min(mark.length, len(quoted) - mark.column + 1))
        severity: Literal["error", "warning"] = "warning" if warning else "error"
        found = Problem(self.file, mark.line, mark.column, message, hint, quoted, length, severity)
        if found in self.problems[-1:]:
            return  # the same of a second message, which is told of where the first one stands
        self.problems.append(found)
        if self._tally is not None and not warning:
            self._tally.note()


def read_yaml(source: Source) -> Node | None:
    """The document's tree, or None if it could not be read at all; problems are noted in `source`.

    A bundle that comes for another fit, or for one file that was edited, brings the other files as they were.
    """
    known = _remembered_tree(source.text) if len(source.text) <= _MOST_REMEMBERED else None
    return known or _read(source)


@lru_cache(maxsize=512)
def _remembered_tree(text: str) -> Node | None:
    """The tree of a text without any problem; None for others, of which each file tells by itself."""
    source = Source("", text)
    tree = _read(source)
    return None if source.problems else tree


def _read(source: Source) -> Node | None:
    if len(source.text.encode(errors="surrogatepass")) > MAX_BYTES:
        source.problem(Mark(1, 1), f"this file is larger than {MAX_BYTES // 1024} KiB", "Split it into several files.")
        return None
    _refuse_tabs(source)
    composer = _Composer(source)
    try:
        return composer.document()
    except _TooMuch as error:
        source.problem(error.mark, str(error))
    except yaml.MarkedYAMLError as error:
        _note_syntax(source, error)
    except yaml.YAMLError as error:  # a character that YAML does not allow; it has no mark
        _note_character(source, error)
    return None


def _refuse_tabs(source: Source) -> None:
    if _ODD_SPACE.search(source.text) is None:
        return
    for number, line in enumerate(source.lines, start=1):
        if "\t" in line:
            mark = Mark(number, line.index("\t") + 1)
            source.problem(mark, "a tab character", "YAML counts spaces: replace the tab by spaces.")
        if found := _HARD_SPACE.search(line):
            mark = Mark(number, found.start("space") + 1, found.end("space") - found.start("space"))
            hint = "It looks like a space and is none to YAML: type it anew."
            source.refuse_from_now_on(mark, "a non-breaking space", hint)


def _note_character(source: Source, error: yaml.YAMLError) -> None:
    place, character = getattr(error, "position", 0), getattr(error, "character", "")
    before = source.text[: place if isinstance(place, int) else 0]
    mark = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
    code = f"U+{character:04X}" if isinstance(character, int) else "one"
    source.problem(mark, f"{NOT_YAML}: a character that no text holds ({code})", "Delete it: it came in by copying.")


_HARD_SPACE: Final = re.compile(f"(?:^ *|[:,-] *)(?P<space>[{SPACES}]+)")
"""Where a space counts: at the beginning of a line, and after what asks for one."""
_ODD_SPACE: Final = re.compile(f"[\\t{SPACES}]")


def _note_syntax(source: Source, error: yaml.MarkedYAMLError) -> None:
    mistake = explain(source.lines, error)
    place = (mistake.mark.line, mistake.mark.column)
    tab = source.lines[place[0] - 1].find("\t") + 1 if 0 < place[0] <= len(source.lines) else 0
    if 0 < tab < place[1]:
        return  # it is told already, and what looks wrong behind it may be right without it
    source.problems[:] = [each for each in source.problems if (each.line, each.column) != place]
    source.problem(mistake.mark, mistake.message, mistake.hint)


def _with_spaces(line: str) -> str:
    """The line with spaces of the usual kind where they count."""
    while found := _HARD_SPACE.search(line):
        begin, end = found.span("space")
        line = f"{line[:begin]}{' ' * (end - begin)}{line[end:]}"
    return line


def _events_of(text: str) -> Iterator[Any]:
    """What the parser sees. The one in C takes a tenth of the time, and the other one says better what is wrong."""
    if _FAST is not None and len(text) <= _MOST_AT_ONCE:
        try:
            return iter(list(yaml.parse(text, Loader=_FAST)))
        except (yaml.YAMLError, UnicodeEncodeError):  # half a letter: the other one says where it stands
            pass
    return iter(yaml.parse(text, Loader=yaml.SafeLoader))


class _Composer:
    """Turns the parser's events into nodes, noting what we refuse and going on."""

    def __init__(self, source: Source) -> None:
        self._source = source
        # A tab is already a problem; as one space it lets us find the others, at the right columns.
        text = source.text.replace("\t", " ")
        if not source.published:
            text = "".join(map(_with_spaces, text.splitlines(keepends=True)))
        self._events = _events_of(text)
        self._count = 0

    def document(self) -> Node | None:
        next(self._events)  # the stream's start
        first = next(self._events)
        if isinstance(first, StreamEndEvent):
            hint = "Delete it, or write the rule, or the programme, into it."
            self._source.problem(Mark(1, 1), "this file is empty", hint)
            return None
        root = self._node(next(self._events), 1)
        next(self._events)  # the document's end
        after = next(self._events)
        if isinstance(after, DocumentStartEvent):
            self._source.problem(_mark(after), "a second document", "One file, one document.")
        return root

    def _node(self, event: NodeEvent, depth: int) -> Node:
        mark = _mark(event)
        self._count += 1
        if self._count > MAX_NODES:
            raise _TooMuch(mark, f"this file holds more than {MAX_NODES} values")
        if depth > MAX_DEPTH:
            raise _TooMuch(mark, f"this is nested more than {MAX_DEPTH} levels deep")
        if event.anchor is not None or getattr(event, "tag", None) is not None:
            self._refuse_references(event, mark)
        if isinstance(event, ScalarEvent):
            return self._scalar(event, mark)
        if isinstance(event, MappingStartEvent):
            return self._mapping(mark, depth)
        if isinstance(event, CollectionStartEvent):
            return self._list(mark, depth)
        return ScalarNode(None, "", mark)

    def _refuse_references(self, event: Event, mark: Mark) -> None:
        if isinstance(event, AliasEvent):
            self._source.problem(mark, f"an alias (*{event.anchor})", _REFERENCE)
        elif isinstance(event, NodeEvent) and event.anchor is not None:
            self._source.problem(mark, f"an anchor (&{event.anchor})", _REFERENCE)
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            hint = f"Put quotation marks around the whole text that begins with {tag}, or leave the ! out."
            self._source.problem(mark, 'a text that begins with "!" needs quotation marks', hint)

    def _scalar(self, event: ScalarEvent, mark: Mark) -> ScalarNode:
        text = event.value
        plain = not event.style and event.implicit[0]
        if not text and plain:  # nothing stands there: behind its colon, and not where the next thing begins
            before = (
                self._source.lines[mark.line - 1][: mark.column - 1] if mark.line <= len(self._source.lines) else ""
            )
            mark = Mark(mark.line, len(before.rstrip(" ")) + 1, mark.length) if before.strip() else mark
        return ScalarNode(read_plain(text) if plain else text, text, mark)

    def _list(self, mark: Mark, depth: int) -> ListNode:
        items: list[Node] = []
        while not isinstance(event := next(self._events), CollectionEndEvent):
            items.append(self._node(event, depth + 1))
        return ListNode(tuple(items), mark)

    def _mapping(self, mark: Mark, depth: int) -> MapNode:
        entries: list[tuple[ScalarNode, Node]] = []
        seen: dict[str, int] = {}
        while not isinstance(event := next(self._events), CollectionEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, ScalarNode):
                self._refuse_key(key)
            elif key.text == "" and key.mark.length <= 1 and isinstance(value, ScalarNode):
                self._source.problem(
                    key.mark, "a word is missing before the colon", "Write what it is, then the colon."
                )
            elif key.text[:1] == "-" and _DASH.match(key.text) and isinstance(event, ScalarEvent) and not event.style:
                hint = f'Write "- {key.text[1:]}: …".'
                self._source.problem(key.mark, "a space is missing after the dash", hint)
                entries.append((ScalarNode(key.text[1:], key.text[1:], key.mark), value))
            elif key.text[:1].isdigit() and self._is_after_comma(event, key, value, entries):
                self._rejoin(key, entries)
            elif key.text == "<<":
                self._source.problem(key.mark, "a merge key (<<)", "Write the values out where they are used.")
            elif key.text in seen:
                hint = f"It stands on line {seen[key.text]} already. Keep one of the two."
                self._source.problem(key.mark, f'"{key.text}" stands here twice', hint)
            else:
                seen[key.text] = key.mark.line
                entries.append((key, value))
        return MapNode(tuple(entries), mark)

    def _refuse_key(self, key: Node) -> None:
        """`{{ voucher.code }}` without quotation marks is a mapping in a mapping to YAML."""
        line = self._source.lines[key.mark.line - 1] if key.mark.line <= len(self._source.lines) else ""
        if isinstance(key, MapNode) and line[key.mark.column - 2 : key.mark.column] == "{{":
            text = line[key.mark.column - 2 :].split("}}")[0]
            mark = Mark(key.mark.line, key.mark.column - 1, len(text) + 2)
            self._source.problem(mark, "a text with {{ … }} in it needs quotation marks", f'Write "{text}}}}}".')
        else:
            self._source.problem(key.mark, "a key must be a single word")

    @staticmethod
    def _is_after_comma(event: Event, key: ScalarNode, value: Node, entries: list[tuple[ScalarNode, Node]]) -> bool:
        """`{at_least: 12,50 EUR}`: the comma ended the value, and what comes behind it is a word without a value."""
        before = entries[-1][1] if entries else None
        nothing = isinstance(value, ScalarNode) and value.value is None and value.text == ""
        if not nothing or not isinstance(before, ScalarNode) or not isinstance(event, ScalarEvent):
            return False
        return before.text[-1:].isdigit() and before.mark.line == key.mark.line

    def _rejoin(self, key: ScalarNode, entries: list[tuple[ScalarNode, Node]]) -> None:
        word, before = entries[-1]
        assert isinstance(before, ScalarNode)  # noqa: S101 - that is how it was found
        text = f"{before.text},{key.text}"
        mark = Mark(before.mark.line, before.mark.column, key.mark.column + key.mark.length - before.mark.column)
        self._source.problem(
            mark, f'within braces the comma ends "{before.text}"', f'Write "{text}", in quotation marks.'
        )
        entries[-1] = (word, ScalarNode(text, text, mark))


def _mark(event: Event) -> Mark:
    start, end = event.start_mark, event.end_mark
    if start is None or end is None:
        return Mark(1, 1)
    line, column = start.line, start.column
    length = end.column - column if end.line == line else 1
    return Mark(line + 1, column + 1, length if length > 0 else 1)
