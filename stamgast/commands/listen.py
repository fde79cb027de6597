"""`stamgast listen`: see what happens to a merchant's customers while it happens, and send it on to this machine."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from stamgast.commands.answering import answer, fail, kafka_of, load_settings, misuse, new_app, say

if TYPE_CHECKING:
    import httpx

    from stamgast.feeds.happened import Happened
    from stamgast.settings import Settings

app = new_app("See what happens to a merchant's customers while it happens, and send it on to an address.")

_TIMEOUT_S = 10


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

    from stamgast.feeds.secrets import new_secret
    from stamgast.lifecycle.ending import Ending
    from stamgast.log.topics import TopicsError

    if forward_to and not (urlsplit(forward_to).scheme in {"http", "https"} and urlsplit(forward_to).hostname):
        misuse(f"--forward-to {forward_to} is no address: write such as http://127.0.0.1:3000/loyalty")
    made = secret or new_secret()
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

    from stamgast.feeds.happened import read_happened
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
            happened = read_happened((record.topic or "").removeprefix(topics.prefix), record.value)
            if happened is None or happened.merchant != merchant:
                continue
            became = await _forward(client, forward_to, secret, happened) if forward_to else ""
            answer(f"{happened.type:<28} {happened.customer}  {became}".rstrip())
            sys.stdout.flush()  # whoever pipes it looks on as well


async def _forward(client: httpx.AsyncClient, where: str, secret: str, happened: Happened) -> str:
    import httpx

    now, body = datetime.now(UTC), happened.body
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
