"""What is wrong with a merchant's file: where, what, what is allowed, and the nearest right thing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rules.yaml.abroad import in_english
from stamgast.domain import spelling

STILL_RUNNING = "Nothing of this is published: the previous version, if there is one, keeps running."
MAX_LISTED = 12
NEARLY_ALL = 3
"""So many more words are listed as well, rather than said to be left out."""
MAX_QUOTED = 120
_QUOTES = "\"'\u201c\u201d\u201e\u00ab\u00bb "


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem at one place. `line` and `column` count from 1; `quoted` is that line of the file.

    `length` is the number of characters that the caret underlines. A `warning` does not stop a publish.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    quoted: str = ""
    length: int = 1
    severity: Literal["error", "warning"] = "error"

    def render(self) -> str:
        """The problem as people read it: place and message, the quoted line with a caret, the hint."""
        label = "warning: " if self.severity == "warning" else ""
        lines = [f"{self.file}:{self.line}:{self.column}: {label}{self.message}"]
        if self.quoted.strip():
            number = f"{self.line:>5}"
            quoted, before = self._excerpt()
            lines.append(f"{number} | {quoted}")
            lines.append(f"{'':>5} | {' ' * before}{'^' * max(1, min(self.length, len(quoted) - before))}")
        if self.hint:
            lines.append(f"      {self.hint}")
        return "\n".join(lines)

    def _excerpt(self) -> tuple[str, int]:
        """The quoted line, of a long one what stands around the caret, and how much of it stands before the caret."""
        before = self.column - 1
        if len(self.quoted) <= MAX_QUOTED:
            return self.quoted, before
        begin = max(0, min(before - MAX_QUOTED // 2, len(self.quoted) - MAX_QUOTED))
        end = begin + MAX_QUOTED
        left, right = "…" if begin else "", "…" if end < len(self.quoted) else ""
        return f"{left}{self.quoted[begin:end]}{right}", before - begin + len(left)

    def as_json(self) -> dict[str, Any]:
        """The keys that `stamgast rules check --json` prints."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "hint": self.hint,
            "quoted": self.quoted,
            "severity": self.severity,
        }


def render_problems(problems: Sequence[Problem]) -> str:
    """All problems, in the order of files and lines, and what they mean for what is running."""
    ordered = sorted(problems, key=lambda each: (each.file, each.line, each.column))
    parts = [each.render() for each in ordered]
    if any(each.severity == "error" for each in problems):
        parts.append(STILL_RUNNING)
    return "\n\n".join(parts)


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of them stops a publish."""
    return any(each.severity == "error" for each in problems)


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that `word` means in another language or looks most like, if there is one."""
    by_folded = {each.casefold().replace("-", "_"): each for each in allowed}
    folded = word.casefold().strip(_QUOTES).replace("-", "_").replace(" ", "_")
    if folded in by_folded:
        return by_folded[folded]
    if english := in_english(word, by_folded.values()):
        return english
    return spelling.nearest(word.strip(_QUOTES), by_folded.values()) or None


def suggest(word: str, allowed: Iterable[str]) -> str:
    """The hint for a word that is not among `allowed`: the nearest one, and what there is."""
    words = sorted(allowed)
    match = nearest(word, words)
    asked = f'Did you mean "{match}"? ' if match else ""
    if not words:
        return f"{asked}There is none yet."
    shown = words if len(words) <= MAX_LISTED + NEARLY_ALL else words[:MAX_LISTED]
    listed = ", ".join(shown)
    more = f", ... ({len(words) - len(shown)} more)" if len(words) > len(shown) else ""
    return f"{asked}Allowed here: {listed}{more}."
