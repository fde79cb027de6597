"""`stamgast demo`: try everything on this machine with real purchases."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final

import typer

from stamgast.commands.answering import (
    WRONG,
    AsJson,
    answer,
    fail,
    load_settings,
    misuse,
    new_app,
    print_json,
    say,
)

if TYPE_CHECKING:
    from stamgast.demo.books import Summary
    from stamgast.domain.units import Day

app = new_app("Try everything on this machine: real purchases, a bakery till, phones, and every page.")

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)?", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, None: 1}


@app.command()
def demo(
    *,
    headless: Annotated[bool, typer.Option("--headless", help="No page; as fast as it goes.")] = False,
    duration: Annotated[
        str | None, typer.Option("--for", help="How long to drive, such as 60s or 5m (default: until it is over).")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The page's port (0: any free one).")] = 0,
    hold_on: Annotated[
        str | None, typer.Option("--hold-on", help="A shop day of 1998, such as 1998-06-01: it stays that evening.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the whole engine on this machine and send it fifteen months of real purchases, then three live months.

    Nothing leaves this machine, and nothing stays: broker and Redis live in memory. Exits with 1 if any purchase or
    message was lost or doubled.
    """
    from stamgast.demo.cdnow import NoPurchaseLogError
    from stamgast.demo.run import EndedError, NoExampleError, run_demo
    from stamgast.demo.shop import ShopError
    from stamgast.demo.trial import Options
    from stamgast.local.processes import ProcessError

    for_s = None if duration is None else parse_duration(duration)
    held = None if hold_on is None else parse_day(hold_on)
    settings = load_settings()
    try:
        summary = run_demo(Options(headless, for_s, port, held), settings.config_dir, say)
    except EndedError:
        say("ended; nothing is left running")
        raise typer.Exit(WRONG if headless else 0) from None
    except (NoPurchaseLogError, NoExampleError, ProcessError, ShopError) as error:
        fail(str(error))
    if as_json:
        print_json(summary.document())
    else:
        _tell(summary)
    for detail in summary.details:
        say(detail)
    raise typer.Exit(0 if summary.is_right else WRONG)


def parse_duration(text: str) -> float:
    """Read `60s`, `5m`, `1h` or plain seconds; exit with 2 if it is none."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or float(match[1]) <= 0:
        misuse(f"--for {text!r} is not a duration; write it like 60s or 5m")
    return float(match[1]) * _SECONDS[match[2]]


def parse_day(text: str) -> Day:
    """Read `1998-06-01`; exit with 2 for what is no day, or none of the trial's live ones."""
    from stamgast.demo.cdnow import LIVE_FROM, day_of

    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        misuse(f"--hold-on {text!r} is not a day; write it like 1998-06-01")
    if day < LIVE_FROM:
        misuse(f"--hold-on {text} is before {LIVE_FROM}, when days begin to be lived one by one")
    return day_of(day)


def _tell(summary: Summary) -> None:
    sent, applied = summary.purchases["sent"], summary.purchases["applied"]
    answer(f"purchases        {sent:,} sent, {applied:,} applied, of {summary.customers:,} customers")
    answer(f"cards and more   {summary.cards_completed:,} full cards, {summary.rewards:,} rewards")
    answer(f"customers away   {summary.lapsing:,} lapsing at {summary.shop_time}")
    messages = ", ".join(f"{status} {number:,}" for status, number in summary.messages.items())
    answer(f"activations      {summary.activations:,}: {messages or 'none'}")
    if summary.first_message_after_s is not None:
        answer(f"first message    after {summary.first_message_after_s} s")
    answer(f"lost, doubled    {summary.lost}, {summary.doubled}")
