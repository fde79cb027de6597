"""`stamgast sandbox`: the local stand-in for Twilio, with phones to look at."""

from __future__ import annotations

from typing import Annotated

import typer

from stamgast.commands.answering import fail, load_settings, misuse, new_app, say

app = new_app("Stand in for Twilio: messages appear on phones in a page, and nothing is sent to anybody.")


@app.command()
def sandbox(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port to listen on (default STAMGAST_SANDBOX_PORT; 0: any)."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Interface; off loopback STAMGAST_SANDBOX_TOKEN is needed.")] = None,
    inbound_url: Annotated[
        str | None,
        typer.Option(help="Where what people write is posted (default STAMGAST_PUBLIC_URL and /twilio/inbound)."),
    ] = None,
) -> None:
    """Serve Twilio's API, signed callbacks and the page until Ctrl-C."""
    from channels.twilio.callback_url import INBOUND_PATH
    from stamgast.lifecycle.ending import Ending
    from stamgast.lifecycle.listening import CannotListenError
    from stamgast.programs.content_texts import ContentTexts
    from stamgast.sandbox.options import DEFAULT_AUTH_TOKEN, SandboxOptions
    from stamgast.sandbox.server import run_forever

    settings = load_settings()
    token = settings.sandbox_token.get_secret_value()
    options = SandboxOptions(
        now=settings.make_clock().now,
        auth_token=settings.twilio_auth_token.get_secret_value() or DEFAULT_AUTH_TOKEN,
        inbound_url=inbound_url if inbound_url is not None else settings.public_url.rstrip("/") + INBOUND_PATH,
        token=token,
        types_of=ContentTexts(settings.config_dir).types_of,
    )
    where = host or settings.sandbox_host

    def announce(taken: int) -> None:
        address = f"[{where}]" if ":" in where else where
        say(f"Phones: http://{address}:{taken}/{'?token=…' if token else ''} (nothing is sent)")

    try:
        with Ending() as ending:
            run_forever(options, ending, where, settings.sandbox_port if port is None else port, announce)
        say("The sandbox has ended.")
    except ValueError as error:
        misuse(str(error))
    except CannotListenError as error:
        fail(str(error))
    except KeyboardInterrupt:
        say("The sandbox has ended.")
