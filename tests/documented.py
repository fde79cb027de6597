"""Holds a run's own answers against documented ones: the same but for ids, codes and moments, which go in pairs."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

_IDS: Final = re.compile(
    r"(?<=/c/)[a-z2-7]{31}|c[a-z2-7]{24}(?![a-z0-9])|\b[0-9A-F]{1,3}-[0-9a-f]{32}\b|[0-9A-F]{1,3}-[A-Z2-7]{16}|\b[0-9a-f]{32}\b|\b[0-9a-f]{64}\b|\b[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"
    r"|\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b"
)
_TIMES: Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?")
_DAY: Final = re.compile(r"2026-(?=\d\d-\d\d)\d\d-\d\d")
TOLD_ON: Final = date(2026, 10, 2)


class Run:
    """One run of the documented story: which of its ids stands for which documented one."""

    def __init__(self) -> None:
        self.real: dict[str, str] = {}
        self._shift = datetime.now(ZoneInfo("Europe/Amsterdam")).date() - TOLD_ON

    def asked(self, value: Any) -> Any:
        """What is sent for a documented request: this run's ids, and days as near as the story was then."""
        text = json.dumps(value)
        for documented, real in self.real.items():
            text = text.replace(documented, real)
        return json.loads(_DAY.sub(self._moved, text))

    def _moved(self, found: re.Match[str]) -> str:
        return (date.fromisoformat(found[0]) + self._shift).isoformat()

    def differences(self, documented: Any, real: Any, where: str = "") -> list[str]:
        """What is not as it is documented; nothing if all is."""
        match documented, real:
            case dict(), dict():
                found = [f"{where}: {name} is missing" for name in documented if name not in real]
                found += [f"{where}: {name} is not documented" for name in real if name not in documented]
                both = [name for name in documented if name in real]
                return found + [
                    each for name in both for each in self.differences(documented[name], real[name], f"{where}/{name}")
                ]
            case list(), list():
                if len(documented) != len(real) and where != "/rules":  # that list is shortened
                    return [f"{where}: {len(real)} items, not {len(documented)}"]
                pairs = enumerate(zip(documented, real, strict=False))
                return [each for n, (one, two) in pairs for each in self.differences(one, two, f"{where}/{n}")]
            case str(), str() if where.endswith("/next"):
                return []  # a cursor says where this run's list goes on
            case str(), str() if where.endswith(("/token", "/short_code")):
                return [] if self.real.setdefault(documented, real) == real else [f"{where}: {real!r} is another one"]
            case str(), str():
                return [] if self._says_the_same(documented, real) else [f"{where}: {real!r}, not {documented!r}"]
        return [] if documented == real else [f"{where}: {real!r}, not {documented!r}"]

    def _says_the_same(self, documented: str, real: str) -> bool:
        ids, reals = _IDS.findall(documented), _IDS.findall(real)
        if len(ids) != len(reals) or _rest(documented) != _rest(real):
            return False
        return all(self.real.setdefault(one, two) == two for one, two in zip(ids, reals, strict=True))


def _rest(text: str) -> str:
    return _TIMES.sub("<time>", _IDS.sub("<id>", text))
