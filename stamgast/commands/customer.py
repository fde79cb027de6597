"""`stamgast customer`: what is known about a customer, what they wrote, and forgetting who they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from stamgast.commands.answering import AsJson, answer, fail, load_settings, misuse, new_app, print_json

if TYPE_CHECKING:
    from stamgast.lookup import People
    from stamgast.settings import Settings

app = new_app("Show what is known about a customer, or forget who they are.", no_args_is_help=True)

T = TypeVar("T")
Merchant = Annotated[str, typer.Argument(help="The merchant.")]
Identifier = Annotated[str, typer.Argument(help="Customer id, phone or membership number.")]


@app.command()
def show(merchant: Merchant, identifier: Identifier, *, as_json: AsJson = False) -> None:
    """Show figures, stamps, vouchers, stage and CLV of one customer."""
    from stamgast.commands.finding import find
    from stamgast.showing import show_customer

    settings = load_settings()
    found = find(settings, merchant, identifier)
    shown = show_customer(found.customer_id, found.state, found.bundle.program, settings.make_clock().now())
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        answer(f"{name:<16} {_in_words(value)}".rstrip())


@app.command()
def erase(merchant: Merchant, identifier: Identifier, *, as_json: AsJson = False) -> None:
    """Forget the person for good: profile, identifiers, replies. Purchases stay under an id that names nobody."""
    from stamgast.erasing import Erasure, erase_person

    settings = load_settings()
    at = settings.make_clock().now()

    async def forget(people: People, customer: str) -> Erasure:
        state = await people.state_of(merchant, customer)
        person = (merchant, customer)
        append = people.appender.append
        done = await erase_person(people.identities, append, people.topics, person, state=state, at=at)
        if not done.known and state is None:
            fail(f"{merchant} has no customer {customer}")
        return done

    done = _with_people(settings, merchant, identifier, forget)
    if as_json:
        print_json({"customer": done.customer, "merchant": merchant, "erased": True, "identifiers": done.identifiers})
    elif done.known:
        answer(f"{done.customer} of {merchant} is forgotten, with {done.identifiers} identifiers.")
    else:
        answer(f"{done.customer} of {merchant} was forgotten before.")


def _with_people(settings: Settings, merchant: str, identifier: str, work: Callable[[People, str], Awaitable[T]]) -> T:
    """Do something for the customer whom the identifier names; say what is wrong and exit if it cannot be done."""
    import asyncio

    from aiokafka.errors import KafkaError
    from redis.exceptions import RedisError

    from stamgast.bootstrap import SettingsError
    from stamgast.log.appender import NotAppendedError
    from stamgast.log.topics import TopicsError
    from stamgast.lookup import NotFoundError, name_customer, open_people
    from stamgast.state.views import NotLoadedError

    named: list[str] = []

    async def run() -> T:
        async with open_people(settings) as people:
            named.append(await name_customer(settings, people, merchant, identifier))
            return await work(people, named[0])

    try:
        return asyncio.run(run())
    except SettingsError as error:
        misuse(str(error))
    except (NotFoundError, TopicsError) as error:
        fail(str(error))
    except (NotLoadedError, NotAppendedError, KafkaError, RedisError, TimeoutError) as error:
        whose = f" (this was customer {named[0]}; ask again by that id)" if named else ""
        fail(f"{error or 'Redis or Kafka did not answer in time'}{whose}")


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_in_words(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(_in_words(each) for each in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
