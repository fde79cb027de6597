"""The console shows what would be said, and to whom only as far as needed."""

import io
from types import SimpleNamespace
from typing import Any

from channels.console import ConsoleChannel, mask_phone
from channels.model import Lookup, Message, Outcome, Prepared, Sender, SmsText
from stamgast.domain.vocabulary import Channel

NOW = 1_790_000_000_000
MESSAGE = Message(
    merchant="m",
    activation="a",
    customer="c",
    template="free_loaf",
    channel=Channel.SMS,
    to="+31612345678",
    locale="nl",
    variables={"first_name": "Noor\x1b[2J"},
    source=SmsText("Hoi {{ first_name }}!\nTot gauw"),
    sender=Sender(from_="Bakkerij"),
    valid_until=NOW + 60_000,
)


async def test_a_message_is_printed_with_a_masked_number_and_no_control_characters():
    stream = io.StringIO()
    channel = ConsoleChannel(stream)
    prepared = channel.prepare(MESSAGE, NOW)
    assert isinstance(prepared, Prepared)
    result = await channel.send(prepared, "attempt-1", "https://unused.example")
    assert result.outcome is Outcome.ACCEPTED
    printed = stream.getvalue()
    assert "+316\u2022\u2022\u2022\u2022\u2022\u202278" in printed
    assert "12345678" not in printed
    assert "\x1b" not in printed
    assert "Tot gauw" in printed
    assert (await channel.find(prepared, "attempt-1", NOW)).lookup is Lookup.FOUND
    assert (await channel.find(prepared, "attempt-2", NOW)).lookup is Lookup.NONE


def test_a_short_number_is_hidden_whole():
    assert mask_phone("12345") == "\u2022" * 5


async def test_the_console_remembers_the_attempts_that_anybody_may_still_ask_for(monkeypatch):
    monkeypatch.setattr("channels.console._MOST_REMEMBERED", 2)
    console = ConsoleChannel(io.StringIO())
    message = SimpleNamespace(channel="sms", to="+31612345678", template="hello", locale="nl")
    prepared: Any = SimpleNamespace(message=message, parts=None, body="Dag", content_sid="", content_variables={})
    for attempt in ("a", "b", "c"):
        await console.send(prepared, attempt, "")
    found = [(await console.find(prepared, attempt, 0)).status for attempt in ("a", "b", "c")]
    assert [bool(status) for status in found] == [False, True, True]
