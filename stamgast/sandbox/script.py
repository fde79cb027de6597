"""Plays a conversation: what a person does, step by step, and what they must read before they go on."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from channels.twilio.addresses import bare
from stamgast.sandbox.carrier import Carrier
from stamgast.sandbox.records import Records, StoredMessage
from stamgast.sandbox.requests import BadRequestError
from stamgast.sandbox.said import read_said

_MOST_STEPS: Final = 100
_USUAL_S: Final = 10.0
_LONGEST_S: Final = 120.0
_LOOK_AGAIN_S: Final = 0.05
_HERE: Final = frozenset({"delivered", "read"})
_DOES: Final = ("body", "button", "photo", "file")
_KNOWN: Final = (*_DOES, "channel", "expect", "from", "to", "within_s")


class Script:
    """One script: `{from, to, channel, steps: [{body: "JA"}, {expect: "Bedankt"}, {photo: loaf}, …]}`.

    A step may say `from`, `to` and `channel` of its own. `expect` waits, at most `within_s` seconds, for a message that
    has its words and was not read by an earlier step; what had come before that person last wrote was read.
    """

    def __init__(self, data: dict[str, Any], records: Records, carrier: Carrier) -> None:
        steps = data.get("steps")
        if not isinstance(steps, list) or not 0 < len(steps) <= _MOST_STEPS:
            raise BadRequestError(f"steps is a list of 1 to {_MOST_STEPS}", 422)
        shared = {name: data[name] for name in ("from", "to", "channel") if name in data}
        self._steps = [shared | self._checked(number, step) for number, step in enumerate(steps, 1)]
        self._records = records
        self._carrier = carrier
        self._read: set[str] = set()

    @staticmethod
    def _checked(number: int, step: Any) -> dict[str, Any]:
        if not isinstance(step, dict) or not ({*_DOES, "expect"} & set(step)):
            raise BadRequestError(f"step {number} says none of {', '.join(_DOES)}, expect", 422)
        if unknown := sorted(set(step) - set(_KNOWN)):
            raise BadRequestError(f"step {number}: {unknown[0]} is unknown, known are {', '.join(_KNOWN)}", 422)
        within = step.get("within_s", _USUAL_S)
        if not isinstance(within, int | float) or not 0 < within <= _LONGEST_S:
            raise BadRequestError(f"step {number}: within_s is a number of seconds up to {_LONGEST_S:.0f}", 422)
        return step

    async def play(self) -> dict[str, Any]:
        """Go through it, and stop at what does not happen: `{ok, steps: [{step, …}], failed}`."""
        played: list[dict[str, Any]] = []
        for person in {_person(step) for step in self._steps}:
            self._read |= self._read_by(person)
        for number, step in enumerate(self._steps, 1):
            done = await self._wait(step) if "expect" in step else await self._do(step)
            played.append({"step": number, **done})
            if not done["ok"]:
                return {"ok": False, "failed": number, "steps": played}
        return {"ok": True, "failed": None, "steps": played}

    def _read_by(self, person: str) -> set[str]:
        """What had come to a phone before its person last wrote."""
        messages = list(self._records.newest_first(person))
        wrote = next((at for at, each in enumerate(messages) if each.direction == "inbound"), len(messages))
        return {each.sid for each in messages[wrote:]}

    async def _do(self, step: dict[str, Any]) -> dict[str, Any]:
        said = read_said(step, self._records)
        reply = await self._carrier.receive(said)
        status = reply.webhook_status
        return {"ok": status is not None and status < 300, "sid": reply.message.sid, "webhook_status": status}

    async def _wait(self, step: dict[str, Any]) -> dict[str, Any]:
        wanted, loop = str(step["expect"]), asyncio.get_running_loop()
        until = loop.time() + step.get("within_s", _USUAL_S)
        while True:
            for message in self._unread(step):
                if wanted.casefold() in message.body.casefold():
                    self._read.add(message.sid)
                    return {"ok": True, "sid": message.sid, "read": message.body}
            if loop.time() > until:
                came = [message.body for message in self._unread(step)]
                return {"ok": False, "expected": wanted, "came": came}
            await asyncio.sleep(_LOOK_AGAIN_S)

    def _unread(self, step: dict[str, Any]) -> Iterator[StoredMessage]:
        for message in reversed(list(self._records.newest_first(_person(step)))):
            here = message.direction != "inbound" and message.status in _HERE and message.sid not in self._read
            if here and step.get("channel", message.channel) == message.channel:
                yield message


def _person(step: dict[str, Any]) -> str:
    return bare(str(step.get("from") or ""))
