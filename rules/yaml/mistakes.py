"""What a person did, out of what a YAML parser stumbled over: where the mistake is, and how it is written right.

A parser notices a bracket that is never closed where the file ends, and a missing colon a line too late. Here the
text is looked at as a person would, from its beginning to where the parser stopped.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import yaml

from rules.yaml.nodes import Mark

NOT_YAML: Final = "this is not YAML"
_KEY: Final = re.compile(r"(?P<lead>\s*(?:- +)*)(?P<key>[A-Za-z_][A-Za-z0-9_-]*)(?P<rest>.*)")
_VALUE: Final = re.compile(r"\s*(?:- +)*(?:[^\s:#\"'][^:#]*: +|- +)?(?P<value>\S.*)?")
_BLOCK: Final = re.compile(r"[:\-] +[|>][+-]?[0-9]?\s*(#.*)?$")
_NOT_FIRST: Final = "%@`*&!|>"
_CLOSES: Final = {"[": "]", "{": "}"}
_OPENING: Final = "\u201c\u201e\u00ab"


class Mistake(NamedTuple):
    """Where something is wrong, what, and how to write it."""

    mark: Mark
    message: str
    hint: str


def explain(lines: Sequence[str], error: yaml.MarkedYAMLError) -> Mistake:
    """The mistake that a parser's error comes from."""
    stopped = error.problem_mark or error.context_mark
    line = min(stopped.line if stopped else 0, len(lines) - 1)
    begun = error.context_mark.line if error.context_mark else line
    for look in _LOOKS:
        found = look(lines, error, line, min(begun, line))
        if found is not None:
            return found
    column = stopped.column + 1 if stopped else 1
    return Mistake(
        Mark(line + 1, column), NOT_YAML, "Look at the indentation and brackets of this line and the one above."
    )


Look = Callable[[Sequence[str], yaml.MarkedYAMLError, int, int], Mistake | None]


def _odd_beginning(lines: Sequence[str], error: yaml.MarkedYAMLError, line: int, begun: int) -> Mistake | None:
    """`%10`, `@shop`, `*new*`: characters that mean something else to YAML."""
    text = lines[line] if lines else ""
    if "unknown escape" in (error.problem or ""):
        mark = Mark(line + 1, (error.problem_mark.column if error.problem_mark else 0))
        return Mistake(mark, "a backslash within double quotation marks", "Use single quotation marks: 'C:\\…'.")
    if "directive" in (error.context or "") and lines:
        mark = Mark(begun + 1, 1)
        return Mistake(
            mark,
            f'a line cannot begin with "{lines[begun][:1]}"',
            f"Delete the {lines[begun][:1]}, or put quotation marks.",
        )
    column = error.problem_mark.column if error.problem_mark else 0
    if not ("cannot start any token" in (error.problem or "") and column < len(text)):
        column = _value_begins(text)
    if column >= len(text) or text[column] not in _NOT_FIRST or _BLOCK.search(text):
        return None
    if text[column] in "|>" and "block scalar" not in (error.context or ""):
        return None
    value = _value_from(text, column)
    if re.fullmatch(r"% ?[0-9]+", value):
        hint = f"Write {value[1:].strip()}%."
        return Mistake(Mark(line + 1, column + 1, len(value)), "a per cent sign stands before its number", hint)
    message = f'a text that begins with "{text[column]}" needs quotation marks'
    return Mistake(Mark(line + 1, column + 1, len(value)), message, _quoting(value))


def _value_begins(text: str) -> int:
    match = _VALUE.match(text)
    return match.start("value") if match and match["value"] else len(text)


def _value_from(text: str, column: int) -> str:
    """What stands there up to what ends a value: the end of the line, a comment, a bracket around it."""
    value = re.split(r" #|[,}\]](?=[\s,}\]]|$)", text[column:])[0]
    return value.rstrip()


def _quoting(value: str) -> str:
    plain = value.strip()
    if plain[0] == plain[-1] == '"':
        plain = plain[1:-1]
    return f"Write '{plain}'." if '"' in plain else f'Write "{plain}".'


def _quotes_and_brackets(lines: Sequence[str], error: yaml.MarkedYAMLError, line: int, begun: int) -> Mistake | None:  # noqa: ARG001
    return next(iter(_Walk(lines).found()), None)


class _Walk:
    """Through quotation marks, brackets and comments, from the first line to the last."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._open: list[tuple[str, int, int]] = []

    def found(self) -> Iterator[Mistake]:
        """The first mistake with quotation marks or brackets, if there is one."""
        block = -1
        for number, text in enumerate(self._lines):
            indent = len(text) - len(text.lstrip())
            if block >= 0 and (not text.strip() or indent > block):
                continue
            if self._open and self._begins_anew(text, indent):
                break
            block = indent if _BLOCK.search(text) else -1
            mistake = self._line(number, text)
            if mistake is not None:
                yield mistake
                return
        if self._open:
            bracket, number, column = self._open[-1]
            hint = f'Write "{_CLOSES[bracket]}" where it ends.'
            yield Mistake(Mark(number + 1, column + 1), f'a bracket "{bracket}" is opened here and not closed', hint)

    def _begins_anew(self, text: str, indent: int) -> bool:
        """A key at the left of where the bracket was opened: what was opened should have been closed by now."""
        _, number, _ = self._open[0]
        opener = self._lines[number]
        outer = len(opener) - len(opener.lstrip())
        return indent <= outer and re.match(r"\s*(- +)?[A-Za-z_][A-Za-z0-9_-]*:( |$)", text) is not None

    def _line(self, number: int, text: str) -> Mistake | None:
        column, fresh = 0, True
        while column < len(text):
            character = text[column]
            if character == "#" and (column == 0 or text[column - 1] in " \t"):
                return None
            if character in "\"'" and fresh:
                end = _end_of_quote(text, column)
                if end < 0:
                    return self._unclosed(number, text, column)
                after = text[end + 1 :].lstrip()
                if after and after[0] in "\"'" and self._open:
                    mark = Mark(number + 1, text.index(after, end + 1) + 1)
                    return Mistake(
                        mark, "a comma is missing before this", f"Write {text[column : end + 1]}, {after[0]}…"
                    )
                if after and after[0] not in ",]}:#":
                    return self._after_quote(number, text, column, end)
                column, fresh = end + 1, False
                continue
            wrong = self._bracket(number, column, character, fresh=fresh)
            if wrong is not None:
                return wrong
            fresh = (
                character in "[{,"
                or (character in ":-" and text[column + 1 : column + 2] in {"", " "})
                or (fresh and character in " \t")
            )
            column += 1
        return None

    def _bracket(self, number: int, column: int, character: str, *, fresh: bool) -> Mistake | None:
        if character in "[{" and (fresh or self._open):
            self._open.append((character, number, column))
        elif character in "]}" and self._open:
            opened, line, _ = self._open[-1]
            if _CLOSES[opened] != character:
                message = f'"{character}" closes here what "{opened}" opened on line {line + 1}'
                return Mistake(Mark(number + 1, column + 1), message, f'Write "{_CLOSES[opened]}".')
            self._open.pop()
        return None

    @staticmethod
    def _unclosed(number: int, text: str, column: int) -> Mistake:
        value = text[column + 1 :].split(" #", maxsplit=1)[0].rstrip(" ,]}")
        hint = f"Write {text[column]}{value}{text[column]}."
        mark = Mark(number + 1, column + 1, len(text) - column)
        return Mistake(mark, "a quotation mark is opened here and not closed", hint)

    @staticmethod
    def _after_quote(number: int, text: str, column: int, end: int) -> Mistake:
        whole = _value_from(text, column)
        if text[column] == "'" and end + 1 < len(text) and text[end + 1].isalpha():
            inner = whole.strip("'").replace("''", "'")
            hint = f'Write "{inner}", for an apostrophe ends a text in single quotation marks.'
        else:
            inner = whole.replace(text[column], "").strip()
            hint = f"Write {text[column]}{inner}{text[column]}."
        mark = Mark(number + 1, end + 2, max(1, len(text) - end - 1))
        return Mistake(mark, "there is more after the closing quotation mark", hint)


def _end_of_quote(text: str, begin: int) -> int:
    quote, place = text[begin], begin + 1
    while place < len(text):
        if quote == '"' and text[place] == "\\":
            place += 2
            continue
        if text[place] == quote:
            if quote == "'" and text[place + 1 : place + 2] == "'":
                place += 2
                continue
            return place
        place += 1
    return -1


def _curly_quotes(lines: Sequence[str], error: yaml.MarkedYAMLError, line: int, begun: int) -> Mistake | None:  # noqa: ARG001
    text = lines[line] if lines else ""
    column = _value_begins(text)
    if column < len(text) and text[column] in _OPENING:
        value = _value_from(text, column)
        plain = value.strip('"\u201c\u201d\u201e\u00ab\u00bb ')
        message = "curly quotation marks do not enclose a text in YAML"
        return Mistake(Mark(line + 1, column + 1, len(value)), message, f'Write "{plain}", with straight ones.')
    return None


def _colons(lines: Sequence[str], error: yaml.MarkedYAMLError, line: int, begun: int) -> Mistake | None:
    problem = error.problem or ""
    if "expected ':'" in problem:
        return _without_colon(lines, begun)
    if "mapping values are not allowed" not in problem or not lines:
        return None
    text = lines[line]
    column = error.problem_mark.column if error.problem_mark else 0
    before = _line_before(lines, line)
    if before is not None and text[:column].count(": ") == 0 and _is_plain_key(text[:column]):
        above = lines[before]
        if not re.search(r":( |$)", _uncommented(above)):
            return _without_colon(lines, before)
        if _indent(text) > _indent(above):
            return _too_deep(lines, line, before)
    value = _value_from(text, _value_begins(text))
    mark = Mark(line + 1, _value_begins(text) + 1, len(value))
    return Mistake(mark, 'a text with ": " in it needs quotation marks', _quoting(value))


def _is_plain_key(text: str) -> bool:
    return re.fullmatch(r"\s*(- +)?[^\s:\"'\[{]+ *", text) is not None


def _without_colon(lines: Sequence[str], line: int) -> Mistake | None:
    match = _KEY.fullmatch(_uncommented(lines[line]))
    if match is None:
        return None
    lead, key, rest = match["lead"], match["key"], match["rest"]
    if rest.startswith(":") and rest[1:].strip():
        mark = Mark(line + 1, len(lead) + 1, len(key) + 1)
        return Mistake(mark, f'a space is missing after "{key}:"', f'Write "{key}: {rest[1:].strip()}".')
    value = rest.strip(" =")
    mark = Mark(line + 1, len(lead) + 1, len(key))
    return Mistake(
        mark, f'a colon is missing after "{key}"', f'Write "{key}: {value}".' if value else f'Write "{key}:".'
    )


def _indentation(lines: Sequence[str], error: yaml.MarkedYAMLError, line: int, begun: int) -> Mistake | None:
    problem = error.problem or ""
    if not lines:
        return None
    text, before = lines[line], _line_before(lines, line)
    if "sequence entries are not allowed" in problem:
        column = error.problem_mark.column if error.problem_mark else 0
        return Mistake(
            Mark(line + 1, column + 1), "a list begins on a line of its own", "Begin a new line before the dash."
        )
    if "<block end>" not in problem or before is None:
        return None
    beside = error.context_mark.column if error.context_mark else 0
    here = _indent(text)
    if text.lstrip().startswith("- ") and here == beside and "'-'" in problem:
        return Mistake(
            Mark(line + 1, here + 1),
            "a list item stands among words with a colon",
            "Put it under the word it belongs to.",
        )
    if here == beside and lines[begun].lstrip().startswith("- "):
        message = "a word with a colon stands among list items"
        return Mistake(Mark(line + 1, here + 1), message, 'Begin it with "- ", or indent it under the item above.')
    return _too_deep(lines, line, before)


def _too_deep(lines: Sequence[str], line: int, before: int) -> Mistake:
    here, is_item = _indent(lines[line]), lines[line].lstrip().startswith("- ")
    said = [text for text in lines[: before + 1] if text.strip() and not text.lstrip().startswith("#")]
    levels = sorted({_indent(text) for text in said if is_item == text.lstrip().startswith("- ")})
    if not is_item:  # what belongs to a list item stands under its first word
        levels += [_indent(text) + 2 for text in said if text.lstrip().startswith("- ")]
    near = min(levels, key=lambda each: (abs(each - here), each != _indent(lines[before])), default=0)
    message = f"this line is indented by {_spaces(here)}, and those beside it {f'by {near}' if near else 'not at all'}"
    hint = f"Indent it by {_spaces(near)}." if near else "Begin it at the left, without spaces."
    if near == here:
        hint = "Look at the indentation of the lines above."
    return Mistake(Mark(line + 1, 1, max(1, here)), message, hint)


def _spaces(number: int) -> str:
    return "1 space" if number == 1 else f"{number} spaces"


def _commas(lines: Sequence[str], error: yaml.MarkedYAMLError, line: int, begun: int) -> Mistake | None:  # noqa: ARG001
    if "expected ','" not in (error.problem or ""):
        return None
    mark = error.problem_mark
    column = mark.column + 1 if mark else 1
    return Mistake(
        Mark(line + 1, column), "a comma is missing before this", "Within brackets a comma stands between things."
    )


def _line_before(lines: Sequence[str], line: int) -> int | None:
    """The line above that says something."""
    above = (n for n in range(line - 1, -1, -1) if lines[n].strip() and not lines[n].lstrip().startswith("#"))
    return next(above, None)


def _uncommented(text: str) -> str:
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].rstrip()


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


_LOOKS: Final[tuple[Look, ...]] = (
    _odd_beginning,
    _quotes_and_brackets,
    _curly_quotes,
    _colons,
    _indentation,
    _commas,
)
