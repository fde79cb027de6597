"""`stamgast clock`: move driven shop time forward."""

from __future__ import annotations

from typing import Annotated

import typer

from stamgast.commands.answering import AsJson, answer, fail, load_settings, misuse, new_app, print_json

app = new_app("Move driven shop time (STAMGAST_CLOCK=driven).")


@app.callback()
def clock() -> None:
    """Move driven shop time (STAMGAST_CLOCK=driven); every process sees it at once."""


@app.command("set")
def set_time(
    time: Annotated[str, typer.Argument(help="RFC 3339, such as 2026-10-01T08:00:00Z; never earlier than now.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Move shop time forward to TIME."""
    from stamgast.clock import DrivenClock, format_time, parse_time

    settings = load_settings()
    try:
        moment = parse_time(time)
    except ValueError as error:
        misuse(str(error))
    if settings.clock.strip() != "driven":  # the file would lie there until somebody drives, and be their beginning
        fail(f"STAMGAST_CLOCK is {settings.clock!r}, and only `driven` time can be set; nothing is written")
    now = DrivenClock(settings.clock_file).move_to(moment)
    if now != moment:
        fail(f"shop time is {format_time(now)} already and never moves backwards")
    if as_json:
        print_json({"now": format_time(now)})
    else:
        answer(format_time(now))
