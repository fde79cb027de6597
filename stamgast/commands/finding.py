"""How commands find the customer they are asked about, and what they say if they cannot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from stamgast.commands.answering import fail, misuse

if TYPE_CHECKING:
    from stamgast.lookup import Found, Named, People
    from stamgast.settings import Settings


T = TypeVar("T")


def find(settings: Settings, merchant: str, identifier: str) -> Found:
    """Return the customer, or say what is wrong and exit."""
    import asyncio

    from stamgast.lookup import find_customer

    with Reasons():
        return asyncio.run(find_customer(settings, merchant, identifier))


def with_people(settings: Settings, merchant: str, identifier: str, work: Callable[[People, Named], Awaitable[T]]) -> T:
    """Do something for the customer whom the identifier names; say what is wrong and exit if it cannot be done."""
    import asyncio

    from stamgast.lookup import name_customer, open_people

    reasons = Reasons()

    async def run() -> T:
        async with open_people(settings) as people:
            named = await name_customer(settings, people, merchant, identifier)
            reasons.hint = f" (this was customer {named.customer}; ask again by that id)"
            return await work(people, named)

    with reasons:
        return asyncio.run(run())


class Reasons:
    """A context in which trouble of every usual kind is told in a sentence, and ends the command."""

    def __init__(self) -> None:
        self.hint = ""
        """What to do once whatever was away is back."""

    def __enter__(self) -> None:
        """Nothing to do yet."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _at: TracebackType | None
    ) -> None:
        """Say what is wrong and exit."""
        from aiokafka.errors import KafkaError

        from stamgast.log.appender import NotAppendedError
        from stamgast.log.topics import TopicsError
        from stamgast.lookup import NotFoundError
        from stamgast.settings import SettingsError
        from stamgast.state.errors import StateError
        from stamgast.state.views import NotLoadedError

        if isinstance(error, SettingsError):
            misuse(str(error))
        if isinstance(error, NotFoundError | TopicsError):
            fail(str(error))
        if isinstance(error, NotLoadedError | NotAppendedError | KafkaError | StateError | TimeoutError):
            fail(f"{str(error) or 'Redis or Kafka did not answer in time'}{self.hint}")
