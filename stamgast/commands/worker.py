"""`stamgast worker`: one of the processes that apply purchases and events and send messages."""

from __future__ import annotations

from stamgast.commands.answering import fail, load_settings, misuse, new_app

app = new_app("Apply purchases and events, and send messages, until SIGTERM. Start as many as there is work for.")


@app.command()
def worker() -> None:
    """Share the work with the other workers of this deployment; each partition has one owner at a time."""
    import asyncio

    from stamgast.lifecycle.listening import CannotListenError
    from stamgast.logs import logs_are_json, say_what_python_would_print
    from stamgast.settings import SettingsError
    from streams.runtime.watchdog import end_process
    from streams.worker import run

    async def work() -> None:
        # Not `asyncio.run`'s own end: it waits for every task and thread, and a broken worker's may never end.
        settings = load_settings()
        if logs_are_json(settings.log_format):
            say_what_python_would_print()
        end_process(await run(settings))

    try:
        asyncio.run(work())
    except SettingsError as error:
        misuse(str(error))
    except CannotListenError as error:
        fail(str(error))
