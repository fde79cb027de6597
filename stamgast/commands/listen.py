"""`stamgast listen`: see what happens to a merchant's customers while it happens, and send it on to this machine."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import urlsplit

import typer

from stamgast.commands.answering import answer, fail, kafka_of, load_settings, misuse, new_app, say

if TYPE_CHECKING:
    import httpx

    from stamgast.log.reading import ConsumerRecord
    from stamgast.settings import Settings

app = new_app("See what happens to a merchant's customers while it happens, and send it on to an address.")

_TIMEOUT_S = 10
_SECRET_BYTES = 24


class Happened(NamedTuple):
    """One line of `facts.v1` or `activations.v1`: its id is the record's, whoever reads it."""

    id: str
    type: str
    data: dict[str, Any]

    def body(self) -> str:
        """As Standard Webhooks has it."""
        at = datetime.fromtimestamp(self.data.get("at", 0) / 1000, UTC).isoformat().replace("+00:00", "Z")
        return json.dumps({"type": self.type, "timestamp": at, "data": self.data}, separators=(",", ":"))


@app.command()
def listen(
    *,
    merchant: Annotated[str, typer.Option(help="Whose customers.")],
    forward_to: Annotated[str, typer.Option(help="Where each is sent to as a signed POST; without it: shown.")] = "",
    secret: Annotated[str, typer.Option(help="What they are signed with (whsec_…); without it one is made.")] = "",
) -> None:
    """Show each fact and each line of a message's life from now on, until Ctrl-C.

    With --forward-to each is sent in its order, signed as Standard Webhooks says. It is for a developer's desk: what
    an address does not take is told and left, and what happens while nobody listens is not sent.
    """
    from aiokafka.errors import KafkaError

    from stamgast.lifecycle.ending import Ending
    from stamgast.log.topics import TopicsError

    if forward_to and not (urlsplit(forward_to).scheme in {"http", "https"} and urlsplit(forward_to).hostname):
        misuse(f"--forward-to {forward_to} is no address: write such as http://127.0.0.1:3000/loyalty")
    made = secret or "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    _signer(made)
    settings = load_settings()
    try:
        with Ending():
            asyncio.run(_listen(settings, merchant, forward_to, made))
    except KeyboardInterrupt:
        return
    except (TopicsError, KafkaError, OSError) as error:
        fail(str(error) or type(error).__name__)


async def _listen(settings: Settings, merchant: str, forward_to: str, secret: str) -> None:
    import httpx

    from stamgast.log.following import follow
    from stamgast.log.topics import Topics, check_topics

    topics = Topics(settings.partitions, settings.topic_prefix)
    await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    partitions = [(name, n) for name in (topics.facts, topics.activations) for n in range(topics.partitions)]

    def begun() -> None:
        say(f"Listening to {merchant}. Ctrl-C ends it.")
        if forward_to:
            say(f"Signed with {secret}")

    async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
        async for record in follow(kafka_of(settings), partitions, begun):
            happened = _read(record, topics.facts)
            if happened is None or happened.data.get("merchant") != merchant:
                continue
            became = await _forward(client, forward_to, secret, happened) if forward_to else ""
            answer(f"{happened.type:<28} {happened.data.get('customer', '')}  {became}".rstrip())
            sys.stdout.flush()  # whoever pipes it looks on as well


def _read(record: ConsumerRecord, facts: str) -> Happened | None:
    try:
        data = json.loads(record.value or b"")
    except ValueError:
        return None
    if not isinstance(data, dict):
        return None
    name = f"{record.topic}-{record.partition}-{record.offset}"
    if record.topic == facts:
        return Happened(name, f"fact.{data.get('kind')}.{data.get('became')}", data)
    return Happened(name, f"activation.{data.get('kind')}", data)


async def _forward(client: httpx.AsyncClient, where: str, secret: str, happened: Happened) -> str:
    import httpx

    now, body = datetime.now(UTC), happened.body()
    headers = {
        "Content-Type": "application/json",
        "Webhook-Id": happened.id,
        "Webhook-Timestamp": str(int(now.timestamp())),
        "Webhook-Signature": _signer(secret).sign(happened.id, now, body),
    }
    try:
        answered = await client.post(where, content=body.encode(), headers=headers)
    except httpx.HTTPError as error:
        return f"not taken: {str(error) or type(error).__name__}"
    return f"{answered.status_code}" if answered.is_success else f"not taken: {answered.status_code}"


def _signer(secret: str) -> Any:
    from standardwebhooks import Webhook
    from standardwebhooks.webhooks import EmptyWebhookSecretError

    try:
        return Webhook(secret)
    except (ValueError, RuntimeError, EmptyWebhookSecretError) as error:
        misuse(f"--secret is none: whsec_ and base64 ({error})")
