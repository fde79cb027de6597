"""No pattern of ours takes long over a text, whatever somebody wrote: a cubic one kept a process busy for minutes."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from types import ModuleType
from typing import Any, Final

import pytest

import channels
import rules
import stamgast
import streams

LENGTH: Final = 600
MOST_S: Final = 0.1
"""Processor time. A square of the length takes a hundredth of it, a cube three times as much."""
PIECES: Final = (
    *("1", "a", "A", " ", "\t", "\n", ".", ",", "-", "_", ":", "/", "+", "%", "@", "'", '"', "<", "&", "#", "(", "[]"),
    *("1 ", "a ", "1.", "1,", "a.", "a-", "1:", " - ", "{{ ", "}}", "{", "of ", "per ", "EUR ", "é"),
)
"""What a text is made of again and again, so that a pattern has many ways to read it."""
BEGINNINGS: Final = ("", "{{", "EUR 1", "a")


def patterns() -> dict[re.Pattern[str], str]:
    found: dict[re.Pattern[str], str] = {}
    for package in (rules, stamgast, channels, streams):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module: ModuleType = importlib.import_module(each.name)
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                    found.setdefault(value, f"{module.__name__}.{name}")
    return found


def spent(pattern: re.Pattern[Any], text: str) -> float:
    began = time.thread_time()
    pattern.fullmatch(text)
    pattern.search(text)
    return time.thread_time() - began


def slowest(pattern: re.Pattern[Any]) -> tuple[float, str]:
    texts = [begin + piece * (LENGTH // len(piece)) + "\x01" for piece in PIECES for begin in BEGINNINGS]
    return max((spent(pattern, text), text[:20]) for text in texts)


def test_no_pattern_takes_long() -> None:
    found = patterns()
    assert len(found) > 90
    looked_at = {name: slowest(pattern) for pattern, name in found.items()}
    slow = {name: what for name, what in looked_at.items() if what[0] > MOST_S}
    assert not slow


@pytest.mark.parametrize("slow", [r"{{\s*([^{}]*?)\s*}}", r"(a+)*b"])
def test_one_that_does_is_found(slow: str) -> None:
    text = "a" * 24 if slow.startswith("(") else "{{" + " " * LENGTH
    assert spent(re.compile(slow), text + "\x01") > MOST_S
