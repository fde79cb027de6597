"""Pictures stand beside what is written down of a customer, or it is said why they do not."""

from __future__ import annotations

from pathlib import Path

from channels.model import FilePlace
from stamgast.domain.units import DAY
from stamgast.identity.sealing import DataKey
from stamgast.lists.pictures import Pictures
from stamgast.media.record import Came, Fetched, Record, Wanted, object_of
from stamgast.media.sealed_pictures import seal_picture
from stamgast.media.store import FolderStore

AT = 20_000 * DAY
KEY = DataKey.new()
NAMES = [letter * 24 for letter in "abcdef"]


def kept(name: str, at: int = AT, key: DataKey = KEY) -> Fetched:
    where = (object_of(name, at), key.id, 4, 960, 720)
    return Fetched(name, "winkel", "c1", at, "whatsapp", "r1", Came.KEPT, *where)


def store_with(folder: Path, *names: str) -> FolderStore:
    store = FolderStore(folder / "media")
    for name in names:
        store.put(object_of(name, AT), seal_picture(KEY, ("winkel", "c1"), name, b"jpeg" + name[:1].encode()))
    return store


async def test_what_the_store_has_is_a_file_and_the_rest_is_said_to_be_gone(tmp_path: Path):
    there, dropped, other_key, large, waiting, _ = NAMES
    shelf = Pictures(store_with(tmp_path, there, other_key), tmp_path / "out")
    sent: list[Record] = [
        Wanted(waiting, "winkel", "c1", AT + 4, "whatsapp", "r4", FilePlace("AC1", "SM1", "ME1")),
        Fetched(large, "winkel", "c1", AT + 3, "whatsapp", "r3", Came.TOO_LARGE),
        kept(there),
        kept(dropped),
        kept(other_key, key=DataKey.new()),
    ]
    shown = await shelf.show("c1", sent, KEY)
    assert [each["picture"] for each in shown] == [there, dropped, other_key, large, waiting]
    assert [each["file"] for each in shown] == [f"pictures/{there}.jpg", None, None, None, None]
    assert [each["missing"] and each["missing"][:12] for each in shown[:3]] == [None, "the store ha", "the customer"]
    assert (shown[3]["missing"], shown[4]["missing"][:11]) == ("it had more than 5 MB", "it has not ")
    assert [(each["width"], each["height"]) for each in shown] == [(960, 720)] * 3 + [(None, None)] * 2
    assert [each.name for each in (tmp_path / "out" / "pictures").iterdir()] == [f"{there}.jpg"]
    assert (tmp_path / "out" / "pictures" / f"{there}.jpg").read_bytes() == b"jpega"


async def test_of_many_customers_each_has_a_folder(tmp_path: Path):
    shelf = Pictures(store_with(tmp_path, NAMES[0]), tmp_path / "out", apart=True)
    (shown,) = await shelf.show("c1", [kept(NAMES[0])], KEY)
    assert (tmp_path / "out" / shown["file"]).relative_to(tmp_path / "out").parts[:2] == ("pictures", "c1")


async def test_without_a_folder_it_is_said_how_to_get_it_and_that_it_is_gone_where_it_is(tmp_path: Path):
    shelf = Pictures(store_with(tmp_path, NAMES[0]), None)
    first, second = await shelf.show("c1", [kept(NAMES[0]), kept(NAMES[1])], KEY)
    assert ("--to FOLDER" in first["missing"], "60 days" in second["missing"]) == (True, True)
    forgotten = await shelf.show("c1", [kept(NAMES[0])], None)
    assert forgotten[0]["missing"] == "the customer was forgotten"
