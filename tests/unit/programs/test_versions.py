"""What the history says of a version."""

from __future__ import annotations

import pytest

from stamgast.programs.record import BundleRecord
from stamgast.programs.versions import Version
from stamgast.programs.writer import InForce

NOON = 1_790_848_800_000
"""2026-10-01 10:00 UTC."""


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("name: Bakker\ntime_zone: Europe/Amsterdam  # ours\n", "2026-10-01 12:00"),
        ('time_zone: "America/New_York"\n', "2026-10-01 06:00"),
        ("time_zone: Europe/Amsterdm\n", "2026-10-01T10:00:00Z"),
        ("name: Bakker\n", "2026-10-01T10:00:00Z"),
        ("time_zone: ../etc\n", "2026-10-01T10:00:00Z"),
    ],
)
def test_when_it_came_is_told_by_the_shops_clock(program: str, told: str) -> None:
    record = BundleRecord(merchant="bakker", hash="a" * 64, files={"program.yaml": program}, published_at=NOON)
    version = Version(InForce(3, record), ())
    assert version.at == told
    assert version.as_json()["at"] == "2026-10-01T10:00:00Z", "whoever reads JSON has UTC everywhere"
