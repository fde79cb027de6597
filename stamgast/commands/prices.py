"""`stamgast prices`: what messages cost after all, as the carrier says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from stamgast.commands.answering import (
    WRONG,
    AsJson,
    answer,
    fail,
    kafka_of,
    load_settings,
    misuse,
    new_app,
    print_json,
    say,
)
from stamgast.commands.every import seconds_of

if TYPE_CHECKING:
    from stamgast.report.prices import Asked
    from stamgast.settings import Settings

app = new_app("What messages cost after all.")


@app.command()
def prices(
    *,
    days: Annotated[int, typer.Option(min=1, max=400, help="Ask about messages of so many days.")] = 30,
    a_second: Annotated[float, typer.Option(min=0.1, max=100, help="At most so many requests a second.")] = 5,
    most: Annotated[int, typer.Option(min=1, help="At most so many messages this time.")] = 10_000,
    every: Annotated[
        str | None,
        typer.Option(help='Ask again after so long ("6 hours"), until Ctrl-C; what breaks is tried again.'),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the carrier what each message cost, and book the difference to what program.yaml says; run it once a day.

    Twilio knows a price some time after the message went: what it does not know yet is asked the next time. With
    --every it runs for ever, and serves /metrics and /healthz on STAMGAST_METRICS_PORT.
    """
    from stamgast.commands.finding import Reasons

    if every is not None:
        _run_for_ever(load_settings(), days, a_second, most, seconds_of(every))
        return
    with Reasons():
        asked = asyncio.run(_ask(load_settings(), days, a_second, most))
    if as_json:
        print_json(
            {
                "told": asked.told, "not_known_yet": asked.not_known_yet, "without_rate": asked.without_rate,
                "left": asked.left, "carrier_away": asked.away,
            }
        )  # fmt: skip
    else:
        _tell(asked)
    if asked.away or asked.without_rate:
        raise typer.Exit(WRONG)


def _tell(asked: Asked) -> None:
    answer(f"{asked.told:,} prices told, {asked.not_known_yet:,} not known yet, {asked.left:,} not asked about")
    for currency, count in asked.without_rate.items():
        answer(f"{count:,} in {currency}, for which program.yaml has no rate: add it under `exchange:`, and ask again")
    if asked.away:
        answer("the carrier does not answer: ask again later")


def _run_for_ever(settings: Settings, days: int, a_second: float, most: int, every_s: float) -> None:
    import contextlib

    from stamgast.lifecycle.ending import Ending, end_process
    from stamgast.lifecycle.listening import CannotListenError
    from stamgast.report.asking import PriceFigures, ask_for_ever
    from stamgast.settings import SettingsError
    from stamgast.web.health import figures_app
    from stamgast.web.serve import serving

    figures = PriceFigures()

    async def ask() -> Asked:
        return await _ask(settings, days, a_second, most)

    async def run(ending: Ending) -> None:
        async with contextlib.AsyncExitStack() as stack:
            if settings.metrics_port:
                app = figures_app(figures.text, settings.metrics_token.get_secret_value())
                where = "STAMGAST_METRICS_HOST and STAMGAST_METRICS_PORT"
                await stack.enter_async_context(
                    serving(app, settings.metrics_host, settings.metrics_port, settings=where)
                )
            with contextlib.suppress(asyncio.CancelledError):
                if not settings.twilio_account_sid:
                    say("there is no Twilio account in the settings, and so nothing to be asked: idle")
                    await ending.over(asyncio.Event().wait())
                clock = settings.make_clock()
                await ending.over(ask_for_ever(ask, every_s, figures, clock, hopeless=SettingsError))
        end_process(0)

    try:
        with Ending() as ending:
            asyncio.run(run(ending))
    except SettingsError as error:
        misuse(str(error))
    except CannotListenError as error:
        fail(str(error))
    except KeyboardInterrupt:
        return


async def _ask(settings: Settings, days: int, a_second: float, most: int) -> Asked:
    from contextlib import aclosing

    from channels.twilio.channel import TwilioChannel
    from stamgast import bootstrap
    from stamgast.carriers import channel_of
    from stamgast.clock.shop_time import is_real
    from stamgast.domain.units import DAY
    from stamgast.log.appender import Appender
    from stamgast.log.reading import LogReader
    from stamgast.lookup import every_bundle, newest_of
    from stamgast.report.prices import Prices

    topics = bootstrap.topics_of(settings)
    shelf = await every_bundle(settings, topics)
    carrier = channel_of(settings)
    if not isinstance(carrier, TwilioChannel):
        fail("messages are printed, which costs nothing: there is no Twilio account in the settings")
    clock = settings.make_clock()
    address = kafka_of(settings, to_append=True)
    appender = Appender(address, bootstrap.partition_counts(topics), client_id="stamgast-prices")
    programs = {name: newest_of(shelf, name).program for name in shelf.newest}
    async with aclosing(carrier), LogReader(address) as reader:
        try:
            asking = Prices(carrier, topics, appender, programs, clock, a_second, is_real=is_real(settings.clock))
            return await asking.ask(reader, clock.now() - days * DAY, most)
        finally:
            await appender.close()
