"""The sandbox from outside: which messages it accepted, and what stands on a phone."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx

from stamgast.domain.program import Program
from stamgast.domain.templates import Template

_EXPRESSION: Final = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_CONDITION: Final = re.compile(r"\{%.*?%\}")
_LEAVES_AT_ONCE_MS: Final = {"sent": 0}
"""Shop time may move once a message was handed in: it must have left by then, or it would expire on its way."""
_QUICK_MS: Final = {"sent": 0, "delivered": 60, "read": 250}
_LOOKED_THROUGH: Final = 40
_STEP_S: Final = 0.05
_QUIET_S: Final = 0.6


class Carrier:
    """Asks and sets up the sandbox."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def prepare(self, programs: Mapping[str, Program], *, quick: bool) -> None:
        """Teach it the text of every WhatsApp template; `quick` makes messages travel faster than people read."""
        texts = {
            sid: whatsapp_text(program, template, language)
            for program in programs.values()
            for template in program.templates.values()
            for language, sid in template.whatsapp.items()
        }
        (await self._http.post("/sandbox/contents", json=texts)).raise_for_status()
        delays = _QUICK_MS if quick else _LEAVES_AT_ONCE_MS
        (await self._http.post("/sandbox/settings", json={"delays_ms": delays})).raise_for_status()

    async def has_messages(self) -> bool:
        """Say whether any message was accepted yet."""
        return bool(await self._get("/sandbox/messages?limit=1"))

    async def posts(self) -> list[dict[str, Any]]:
        """Return every attempt to hand in a message."""
        found: list[dict[str, Any]] = await self._get("/sandbox/posts")
        return found

    async def newest(self, sender: str, most: int) -> list[dict[str, Any]]:
        """Return the last messages of a sender, oldest first."""
        found: list[dict[str, Any]] = await self._get(f"/sandbox/messages?limit={_LOOKED_THROUGH}")
        return [each for each in found if each["from"] == sender][-most:]

    async def thread(self, phone: str) -> list[dict[str, Any]]:
        """Return what stands on a phone, oldest first."""
        answer = await self._http.get(f"/sandbox/phones/{phone}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return []
        messages: list[dict[str, Any]] = answer.raise_for_status().json()["messages"]
        return messages

    async def calm_down(self, *, patience_s: float = 10.0) -> None:
        """Wait until no status callback came for a moment: the last messages have been delivered and read."""
        deadline = time.monotonic() + patience_s
        seen, since = -1, time.monotonic()
        while time.monotonic() < deadline:
            count = len(await self._get("/sandbox/callbacks"))
            if count != seen:
                seen, since = count, time.monotonic()
            elif time.monotonic() - since > _QUIET_S:
                return
            await asyncio.sleep(_STEP_S)

    async def _get(self, path: str) -> Any:
        return (await self._http.get(path)).raise_for_status().json()


def whatsapp_text(program: Program, template: Template, language: str) -> str:
    """Write a WhatsApp text with numbered places, as the carrier would have it, from the template's SMS text."""
    numbers = {source.strip("{} "): number for number, source in template.variables.items()}

    def place(found: re.Match[str]) -> str:
        word = found[1]
        return f"{{{{{numbers[word]}}}}}" if word in numbers else program.name if word == "merchant.name" else ""

    text = template.sms.get(language) or next(iter(template.sms.values()), "")
    if not text:
        return " ".join(f"{{{{{number}}}}}" for number in template.variables)
    without_names = re.sub(r"\{% if customer\.first_name %\}.*?\{% endif %\}", "", text, flags=re.DOTALL)
    return " ".join(_EXPRESSION.sub(place, _CONDITION.sub("", without_names)).split())
