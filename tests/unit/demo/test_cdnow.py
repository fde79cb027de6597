import subprocess
import sys
from datetime import date

import pytest

from stamgast.demo import cdnow


@pytest.fixture(scope="module")
def receipts():
    return cdnow.read_receipts()


def test_the_log_has_every_receipt_of_every_customer(receipts):
    assert len(receipts) == 6_919
    assert {receipt.customer for receipt in receipts} == set(range(1, 2_358))
    assert [receipt.number for receipt in sorted(receipts, key=lambda r: r.number)] == list(range(1, 6_920))


def test_its_sums_are_exact(receipts):
    assert sum(receipt.amount for receipt in receipts) == 24_409_194
    assert sum(receipt.discs for receipt in receipts) == 16_479


def test_fifteen_months_are_history_and_the_last_quarter_is_live(receipts):
    live_from = cdnow.day_of(cdnow.LIVE_FROM)
    assert sum(receipt.day < live_from for receipt in receipts) == 6_406
    assert sum(receipt.day >= live_from for receipt in receipts) == 513
    assert receipts[0].day == cdnow.day_of(date(1997, 1, 1))
    assert receipts[-1].day == cdnow.day_of(date(1998, 6, 30))


def test_receipts_of_one_day_stay_apart(receipts):
    assert len({(receipt.customer, receipt.day) for receipt in receipts}) == 6_696


def test_a_line_is_read_without_floats():
    (receipt,) = cdnow.parse_receipts([" 00004 0001 19970101  2   29.33\r\n", "\n"])
    assert receipt == cdnow.Receipt(1, 1, cdnow.day_of(date(1997, 1, 1)), 2, 2933)


def test_reading_it_imports_no_numeric_library():
    code = (
        "import sys; from stamgast.demo import cdnow; cdnow.read_receipts();"
        "print([m for m in ('lifetimes', 'pandas', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
