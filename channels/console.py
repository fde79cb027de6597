"""A channel that prints: for trying rules without any carrier. Nothing leaves the machine."""

import sys
from collections.abc import Collection
from typing import Final, TextIO

from channels.model import (
    Found,
    Inbound,
    Lookup,
    MalformedWebhookError,
    Message,
    Outcome,
    Prepared,
    Refusal,
    SendResult,
    StatusEvent,
    WebhookRequest,
)
from channels.prepare import prepare_message
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Status


def mask_phone(number: str) -> str:
    """A number that can be recognised by who knows it: `+316•••••78`."""
    return f"{number[:4]}{'•' * max(len(number) - 6, 0)}{number[-2:]}" if len(number) > 6 else "•" * len(number)


_MOST_REMEMBERED: Final = 100_000


class ConsoleChannel:
    """Prints each message, and takes it as accepted under the id of its attempt."""

    name = "console"

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._printed: dict[str, None] = {}
        """Attempts, the newest last: who asks for one asks soon."""

    def prepare(self, message: Message, now: Millis) -> Prepared | Refusal:
        """Render, count parts, check. Pure."""
        return prepare_message(message, now)

    async def send(self, prepared: Prepared, attempt_id: str, status_callback: str) -> SendResult:  # noqa: ARG002
        """Print the message; nobody will ever call back."""
        message = prepared.message
        size = f" · {prepared.parts.count} part(s), {prepared.parts.encoding}" if prepared.parts else ""
        shown = prepared.body or " ".join(
            [prepared.content_sid, *(f"{{{{{key}}}}}={value}" for key, value in prepared.content_variables.items())]
        )
        # Control characters could rewrite the terminal's screen.
        safe = "".join(character if character.isprintable() or character == "\n" else "·" for character in shown)
        stream = self._stream or sys.stdout
        stream.write(f"[{message.channel}] to {mask_phone(message.to)} · {message.template} ({message.locale}){size}\n")
        stream.writelines(f"  {line}\n" for line in safe.splitlines())
        stream.flush()
        self._printed[attempt_id] = None
        if len(self._printed) > _MOST_REMEMBERED:
            del self._printed[next(iter(self._printed))]
        return SendResult(Outcome.ACCEPTED, provider_id=f"console-{attempt_id}", status=Status.ACCEPTED)

    async def probe(self) -> SendResult:
        """A console always answers."""
        return SendResult(Outcome.ACCEPTED)

    async def find(
        self,
        prepared: Prepared,  # noqa: ARG002
        attempt_id: str,
        since: Millis,  # noqa: ARG002
        bound: Collection[str] = (),  # noqa: ARG002
    ) -> Found:
        """Was it printed by this process?"""
        if attempt_id in self._printed:
            return Found(Lookup.FOUND, provider_id=f"console-{attempt_id}", status=Status.ACCEPTED)
        return Found(Lookup.NONE)

    def parse_status(self, request: WebhookRequest) -> StatusEvent:
        """A console sends no callbacks."""
        raise MalformedWebhookError(f"the console channel has no callbacks ({request.path})")

    def parse_inbound(self, request: WebhookRequest) -> Inbound:
        """Nobody answers a console."""
        raise MalformedWebhookError(f"the console channel has no replies ({request.path})")

    async def aclose(self) -> None:
        """Nothing to give back."""
