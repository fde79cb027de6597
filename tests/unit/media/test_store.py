"""A store of pictures: a folder, or a bucket that is spoken to over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from stamgast.domain.units import DAY
from stamgast.media.record import KEPT, object_of
from stamgast.media.store import FolderStore, ObjectStore, StoreError, open_store
from streams.maintenance.old_pictures import drop_old
from tests.fakes.bucket import BucketHandler

TODAY = 20_000


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = ThreadingHTTPServer(("127.0.0.1", 0), BucketHandler)
    server.objects = {}  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"s3://shop/pictures?endpoint=http://127.0.0.1:{server.server_port}&region=eu-west-1"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return open_store(str(tmp_path / "media") if request.param == "folder" else request.getfixturevalue("bucket"))


def test_what_is_put_is_got_and_put_again_is_replaced(store: ObjectStore):
    name = object_of("abc", TODAY * DAY)
    assert store.get(name) is None
    store.put(name, b"one")
    store.put(name, b"two")
    assert store.get(name) == b"two"
    assert store.get(object_of("abd", TODAY * DAY)) is None


def test_what_is_older_than_sixty_days_goes_by_whole_days(store: ObjectStore):
    for day in range(TODAY - 63, TODAY + 1):
        store.put(object_of(f"p{day}", day * DAY + 5), b"x")
    now = TODAY * DAY + 7
    assert drop_old(store, now) == 3
    assert store.days() == list(range(TODAY - KEPT // DAY, TODAY + 1))
    assert drop_old(store, now) == 0


def test_more_than_a_listing_holds_go_at_once(bucket: str):
    store = open_store(bucket)
    for number in range(1_203):
        store.put(object_of(f"p{number:05d}", DAY), b"x")
    assert store.drop_day(1) == 1_203
    assert store.days() == []


def test_a_store_that_is_not_there_says_which(tmp_path: Path):
    (tmp_path / "media").write_text("a file")
    with pytest.raises(StoreError, match=str(tmp_path)):
        FolderStore(tmp_path / "media").put(object_of("abc", DAY), b"x")


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("", "no store of pictures"),
        ("http://host/x", "give a folder, or s3://"),
        ("s3:///x", "names no bucket"),
        ("s3://b/x?endpiont=https://h", "endpiont is unknown, known are endpoint and region"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(where: str, says: str):
    with pytest.raises(ValueError, match=says):
        open_store(where)
