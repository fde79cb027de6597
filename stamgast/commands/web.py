"""`stamgast web`: purchases, webhooks and rewards over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from stamgast.commands.answering import fail, load_settings, misuse, new_app, say

app = new_app("Serve purchases, enrolment, rewards and Twilio's webhooks over HTTP until Ctrl-C.")


@app.command()
def web(
    port: Annotated[int | None, typer.Option(help="Port to listen on (default STAMGAST_WEB_PORT; 0: any).")] = None,
    host: Annotated[str | None, typer.Option(help="Interface (default STAMGAST_WEB_HOST).")] = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    import asyncio

    from stamgast.bootstrap import SettingsError
    from stamgast.log.topics import TopicsError
    from stamgast.web.serve import run

    settings = load_settings()
    where = host or settings.web_host

    def announce(taken: int) -> None:
        say(
            f"Listening on http://{f'[{where}]' if ':' in where else where}:{taken}/ (/openapi.json says what there is)"
        )

    try:
        asyncio.run(run(settings, where, settings.web_port if port is None else port, announce))
    except SettingsError as error:
        misuse(str(error))
    except TopicsError as error:
        fail(str(error))
    except OSError as error:
        fail(f"cannot listen on {where}: {error.strerror}")
    except KeyboardInterrupt:
        say("The web process has ended.")
