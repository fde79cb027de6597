"""A month's report says what was sold on its days, whenever that came in, and what the month before was."""

from typing import Any

import pytest

from stamgast.domain.day_sums import Per, of_month
from stamgast.marketer.month_report import MonthError, MonthReport, month_report, shifted
from stamgast.marketer.overview import Seen
from tests.builders import at, program

NOW = at("2026-10-07 10:00")


def report(month: str, totals: dict[str, int] | None = None, **more: Any) -> MonthReport:
    return month_report(Seen(program=program(), totals=totals or {}, now=NOW, **more), month)


def test_a_month_stands_beside_the_one_before_in_each_store() -> None:
    sold = {
        of_month("2026-09", Per.SPEND, "shop"): 900, of_month("2026-08", Per.SPEND, "shop"): 600,
        of_month("2026-09", Per.SPEND, ""): 50, of_month("2026-09", Per.CUSTOMERS): 4,
    }  # fmt: skip
    found = report("2026-09", sold)
    assert (found.sums.spend, found.before.spend, found.sums.customers) == (950, 600, 4)
    assert [(each.store, each.sums.spend, each.before.spend) for each in found.stores] == [
        ("shop", 900, 600), ("bar", 0, 0), ("", 50, 0)
    ]  # fmt: skip
    assert (found.is_over, found.previous, found.next) == (True, "2026-08", "2026-10")


def test_the_month_that_goes_on_has_none_after_it_and_a_year_before_it() -> None:
    found = report("2026-10")
    assert (found.is_over, found.next) == (False, None)
    assert [found.months[0].month, found.months[-1].month, len(found.months)] == ["2025-10", "2026-10", 13]


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "202610", "before", "2026-11", "../x"])
def test_what_is_no_month_or_has_not_begun_is_refused(month: str) -> None:
    with pytest.raises(MonthError, match="write it as 2026-09|has not begun"):
        report(month)


def test_months_go_on_over_new_year() -> None:
    assert (shifted("2026-01", -1), shifted("2026-12", 1)) == ("2025-12", "2027-01")
