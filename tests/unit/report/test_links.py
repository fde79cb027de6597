"""A link to a report shows that one, for sixty days, and cannot be made by anybody else."""

import pytest

from stamgast.identity.sealing import WrappingKeys
from stamgast.report.links import LASTS, ReportLinks, Shared

LINKS = ReportLinks(WrappingKeys({"first": b"k" * 32}))
NOW = 1_790_000_000_000


def test_a_link_shows_its_report_until_it_is_over() -> None:
    token = LINKS.make("bakery", "2026-09", NOW)
    assert LINKS.read(token, NOW) == Shared("bakery", "2026-09", NOW + LASTS)
    assert LINKS.read(token, NOW + LASTS) is None


def test_it_stands_in_an_address_as_it_is() -> None:
    assert LINKS.make("bakery", "2026-09", NOW).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 5_000, "Zmlyc3QuQUFBQQ"])
def test_what_nobody_of_us_made_shows_nothing(token: str) -> None:
    assert LINKS.read(token, NOW) is None


def test_a_link_made_with_other_keys_or_changed_shows_nothing() -> None:
    token = LINKS.make("bakery", "2026-09", NOW)
    assert ReportLinks(WrappingKeys({"first": b"x" * 32})).read(token, NOW) is None
    assert LINKS.read(token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), NOW) is None
