"""What becomes of a file that somebody sent, also when it does not come."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels.model import FileAwayError, FileGoneError, FilePlace, FileTooLargeError
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.identity.sealing import DataKey, SealError
from stamgast.media.keeping import Keeping, NotYetError
from stamgast.media.record import Came, Wanted, as_record, media_id, read_record, wanted
from stamgast.media.sealed_pictures import open_picture
from stamgast.media.store import FolderStore
from stamgast.sandbox.samples import Sample, picture_of

AT = 20_000 * DAY
WANTED = Wanted("abc", "winkel", "c1", AT, "whatsapp", "r1", FilePlace("AC1", "SM1", "ME1"))
KEY = DataKey.new()


class Hands:
    """A carrier that hands over this, or raises it."""

    def __init__(self, what: bytes | Exception) -> None:
        self.what = what

    async def fetch(self, _place: FilePlace, most: int) -> bytes:
        if isinstance(self.what, Exception):
            raise self.what
        assert len(self.what) <= most
        return self.what


def keeping(tmp_path: Path, what: bytes | Exception, *, later: int = MINUTE, key: DataKey | None = KEY) -> Keeping:
    async def key_of(_merchant: str, _customer: str) -> DataKey | None:
        return key

    return Keeping(Hands(what), FolderStore(tmp_path / "media"), key_of, lambda: AT + later)


async def test_a_picture_lies_sealed_for_its_customer_alone(tmp_path: Path):
    sent = picture_of(Sample.LOAF)
    said = await keeping(tmp_path, sent).keep(WANTED)
    assert (said.came, said.width, said.height, said.data_key) == (Came.KEPT, 960, 720, KEY.id)
    (stored,) = [each for each in (tmp_path / "media").rglob("*") if each.is_file()]
    sealed = stored.read_bytes()
    assert open_picture(KEY, ("winkel", "c1"), "abc", sealed)[:2] == b"\xff\xd8"
    for key, customer, media in [
        (DataKey.new(), ("winkel", "c1"), "abc"),
        (KEY, ("winkel", "c2"), "abc"),
        (KEY, ("winkel", "c1"), "abd"),
    ]:
        with pytest.raises(SealError):
            open_picture(key, customer, media, sealed)


async def test_kept_twice_it_lies_there_once(tmp_path: Path):
    for _ in range(2):
        await keeping(tmp_path, picture_of(Sample.CAKE)).keep(WANTED)
    assert len([each for each in (tmp_path / "media").rglob("*") if each.is_file()]) == 1


@pytest.mark.parametrize(
    ("what", "later", "came"),
    [
        (FileTooLargeError(), 0, Came.TOO_LARGE),
        (b"%PDF-1.7", 0, Came.NO_PICTURE),
        (FileGoneError(), HOUR + 1, Came.NEVER),
        (FileAwayError("500"), DAY + 1, Came.NEVER),
        (b"whatever", 61 * DAY, Came.NEVER),
    ],
)
async def test_what_cannot_be_kept_is_told(tmp_path: Path, what: bytes | Exception, later: int, came: Came):
    assert (await keeping(tmp_path, what, later=later).keep(WANTED)).came is came


@pytest.mark.parametrize(("what", "later"), [(FileGoneError(), HOUR), (FileAwayError("500"), DAY)])
async def test_what_may_still_come_is_tried_again(tmp_path: Path, what: Exception, later: int):
    with pytest.raises(NotYetError):
        await keeping(tmp_path, what, later=later).keep(WANTED)


async def test_a_full_disk_is_no_reason_to_give_it_up(tmp_path: Path):
    (tmp_path / "media").write_text("no folder")
    with pytest.raises(NotYetError):
        await keeping(tmp_path, picture_of(Sample.LOAF)).keep(WANTED)


async def test_of_somebody_who_was_forgotten_nothing_is_fetched(tmp_path: Path):
    assert (await keeping(tmp_path, AssertionError(), key=None).keep(WANTED)).came is Came.FORGOTTEN


def test_a_message_that_comes_twice_asks_for_the_same_files():
    places = [FilePlace("AC1", "SM1", f"ME{number}") for number in range(12)]
    once, again = (wanted(("winkel", "c1"), at, "sms", "r1", places) for at in (AT, AT + 5))
    assert len(once) == 10
    assert [read_record(value).id for _, value in once] == [read_record(value).id for _, value in again]
    assert media_id(("winkel", "c2"), places[0]) != media_id(("winkel", "c1"), places[0])


def test_records_come_back_as_they_were():
    assert read_record(as_record(WANTED)[1]) == WANTED
