"""What came stands in memory as it is on the topic: each message once, the newest thousand, and only pictures of late."""

from channels.model import FilePlace
from stamgast.domain.units import DAY, HOUR
from stamgast.media.inbox_tables import MOST, FileTable
from stamgast.media.record import KEPT, Came, Fetched, Wanted, as_record
from tests.fakes.came_in import NOOR, SAM, CameIn
from tests.fakes.house import MERCHANT, NOON, OTHER


def test_messages_are_a_merchants_own_newest_first_and_each_once() -> None:
    came = CameIn()
    for _ in range(2):
        came.write(NOOR, "one", NOON)
        came.write(SAM, "two", NOON + HOUR)
        came.write(SAM, "elsewhere", NOON, merchant=OTHER)
    assert [each.customer for each in came.replies.of(MERCHANT)] == [SAM, NOOR]
    assert len(came.replies.of(OTHER)) == 1
    came.replies.note(b"nothing", b"{}")
    came.replies.note(None, b"\xff")
    came.replies.forget()
    assert came.replies.of(MERCHANT) == []


def test_the_newest_thousand_are_kept() -> None:
    came = CameIn()
    for number in range(MOST + 5):
        came.write(NOOR, "word", NOON + number)
    kept = came.replies.of(MERCHANT)
    assert (len(kept), kept[0].at, kept[-1].at) == (MOST, NOON + MOST + 4, NOON + 5)


def test_what_became_of_a_file_is_not_undone_by_what_came_before_and_old_ones_go() -> None:
    place = FilePlace("AC1", "MM1", "ME1")
    wanted = Wanted("m1", MERCHANT, NOOR, NOON, "whatsapp", "SM1", place)
    fetched = Fetched("m1", MERCHANT, NOOR, NOON, "whatsapp", "SM1", Came.KEPT, "1/m1", "key")
    files = FileTable()
    for said in (wanted, fetched, wanted):
        files.note(*as_record(said))
    assert files.find("m1") == fetched
    late = Fetched("m2", MERCHANT, NOOR, NOON + KEPT + DAY, "whatsapp", "SM2", Came.NEVER)
    files.note(*as_record(late))
    assert (files.find("m1"), files.find("m2")) == (None, late)
