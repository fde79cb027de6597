"""`stamgast web`: purchases, webhooks and rewards over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from stamgast.commands.answering import fail, load_settings, misuse, new_app, say

app = new_app("Serve purchases, enrolment, rewards and Twilio's webhooks over HTTP until Ctrl-C.")


@app.command()
def web(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port to listen on (default STAMGAST_WEB_PORT; 0: any)."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Interface (default STAMGAST_WEB_HOST).")] = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    import asyncio
    import contextlib

    from stamgast.lifecycle.ending import Ending, end_process
    from stamgast.lifecycle.listening import CannotListenError
    from stamgast.log.topics import TopicsError
    from stamgast.logs import get_logger, logs_are_json, say_what_python_would_print
    from stamgast.settings import SettingsError
    from stamgast.web.serve import run

    settings = load_settings()
    tell: Callable[[str], None] = say
    if logs_are_json(settings.log_format):
        say_what_python_would_print()
        tell = get_logger(__name__).info
    where = host or settings.web_host

    def announce(taken: int) -> None:
        tell(
            f"Listening on http://{f'[{where}]' if ':' in where else where}:{taken}/ (/openapi.json says what there is)"
        )

    async def serve(ending: Ending) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await ending.over(run(settings, where, settings.web_port if port is None else port, announce))
        tell("The web process has ended.")
        end_process(0)  # not `asyncio.run`'s own end: it waits for threads, and one may wait for a broker

    try:
        with Ending() as ending:
            asyncio.run(serve(ending))
    except SettingsError as error:
        misuse(str(error))
    except (TopicsError, CannotListenError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        tell("The web process has ended.")
