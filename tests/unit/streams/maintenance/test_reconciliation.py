"""The worker that polls: what is due is polled, and one connection's trouble is nobody else's."""

from types import SimpleNamespace
from typing import Any

from stamgast.domain.units import HOUR
from stamgast.log.appender import NotAppendedError
from stamgast.pos.adapter import ApiError
from stamgast.pos.connections import Connection
from stamgast.pos.registry import Registry
from stamgast.tills.reconcile import Polled
from stamgast.tills.record import (
    CursorRecord,
    Name,
    connection_key,
    cursor_key,
    encode_connection,
    encode_cursor,
    record_of,
)
from stamgast.tills.table import ConnectionTable
from streams.maintenance.reconciliation import WATCHING, Reconciliation
from tests.builders import MERCHANT, T0, program
from tests.conftest import eventually
from tests.fakes.doorbell import Doorbell
from tests.fakes.kassa import Kassa


class Polling:
    """In the place of `Reconciler`: notes what it is asked for, and fails where it is told to."""

    def __init__(self, *connections: Connection) -> None:
        table = ConnectionTable()
        for each in connections:
            table.note(connection_key(Name(each.merchant, each.name)), encode_connection(record_of(each, 1)))
        table.loaded = True
        registry = Registry({"kassa": Kassa, "doorbell": Doorbell}, ())
        self.tills = SimpleNamespace(connections=table, registry=registry, adapter=self._adapter)
        self.polled: list[tuple[str, bool]] = []
        self.tended: list[str] = []
        self.fails: dict[str, Exception] = {}

    def _adapter(self, connection: Connection) -> Any:
        return self.tills.registry.get(connection.system)

    async def freshen(self, connection: Connection) -> None:
        self.tended.append(f"credential of {connection.name}")

    async def look_after_webhooks(self, connection: Connection, _at: int) -> None:
        self.tended.append(f"webhooks of {connection.name}")

    async def look_after_feeds(self, connection: Connection, _program: Any) -> None:
        self.tended.append(f"feeds of {connection.name}")

    async def poll(self, connection: Connection, _program: Any, _at: int, *, deep: bool = False) -> Polled:
        self.polled.append((connection.name, deep))
        if connection.name in self.fails:
            raise self.fails[connection.name]
        return Polled(1, 0, 0, more=False)


def connection(name: str, system: str = "doorbell", **sealed: tuple[str, ...]) -> Connection:
    return Connection(MERCHANT, name, system, sealed=sealed or {"api": ("first.x",)})


class Owned(dict[int, Any]):
    """Partitions in a worker's hands; notes whether anybody asked."""

    asked = 0

    def get(self, number: int, default: Any = None) -> Any:
        self.asked += 1
        return super().get(number, default)


def reconciliation(polling: Polling, at: int = T0, owned: dict[int, Any] | None = None) -> Reconciliation:
    async def program_of(merchant: str) -> Any:
        return program() if merchant == MERCHANT else None

    reconciler: Any = polling
    clock: Any = SimpleNamespace(now=lambda: at)
    customers: Any = SimpleNamespace(owned={} if owned is None else owned)
    return Reconciliation(customers, reconciler, program_of, clock)


async def test_what_cannot_be_polled_is_not():
    unknown = Connection("nobody", "stray", "doorbell", sealed={"api": ("first.x",)})
    polling = Polling(
        connection("good"), connection("unsealed", path=("first.x",)), connection("gone", "sold"), unknown
    )
    await reconciliation(polling).look()
    assert polling.polled == [("good", False)]


async def test_trouble_of_one_holds_up_no_other():
    names = ("away", "broken", "full", "good")
    polling = Polling(*map(connection, names))
    polling.fails = {"away": ApiError("no"), "broken": KeyError("a fault of ours"), "full": NotAppendedError("no")}
    await reconciliation(polling).look()
    assert sorted(name for name, _ in polling.polled) == list(names)


async def test_what_was_polled_lately_waits_for_its_hour():
    polling = Polling(connection("good"))
    polling.tills.connections.note(cursor_key(Name(MERCHANT, "good")), encode_cursor(CursorRecord("5", T0)))
    await reconciliation(polling, T0 + HOUR - 1).look()
    assert polling.polled == []
    assert polling.tended == ["credential of good"], "it may end before the hour does"
    await reconciliation(polling, T0 + HOUR).look()
    assert polling.polled == [("good", False)]
    assert polling.tended[1:] == ["credential of good", "webhooks of good", "feeds of good"]


async def test_whoever_watches_hears_how_each_look_ended_and_what_became_of_the_webhooks():
    heard: list[tuple[str, Any]] = []

    class News:
        async def polled(self, name: Name, cursor: CursorRecord | None, _now: int) -> None:
            heard.append((name.connection, cursor and cursor.trouble))

        async def looked(self, name: Name, looked: Any, _now: int) -> None:
            heard.append((name.connection, looked))

    polling = Polling(connection("good"), connection("bad"))
    polling.fails["bad"] = ApiError("the API answers 503")
    failing = CursorRecord("", 0, failing_since=T0, trouble="the API answers 503")
    polling.tills.connections.note(cursor_key(Name(MERCHANT, "bad")), encode_cursor(failing))
    news: Any = News()
    ours = reconciliation(polling)
    ours._news = news
    await ours.look()
    assert sorted(heard, key=str) == [("bad", "the API answers 503"), ("good", None), ("good", None)]


async def test_who_takes_over_looks_as_soon_as_the_partition_is_read():
    polling, owned = Polling(connection("good")), Owned()
    async with reconciliation(polling, owned=owned):
        await eventually(lambda: owned.asked, why="it asks, too early")
        owned[WATCHING] = SimpleNamespace(caught_up=True)
        await eventually(lambda: polling.polled == [("good", False)], seconds=10, why="not half a minute later")
