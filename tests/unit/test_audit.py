"""The audit of what is locked: it answers offline, and stops at a hit, at what nobody looked at, and at what nobody keeps."""

import json
from datetime import date
from pathlib import Path

import pytest

from tests.script_files import script

ROOT = Path(__file__).parents[2]


audit = script("audit")
TABLE = {
    "made": "2026-11-29",
    "not_asked": ["twilio"],
    "advisories": [
        {"package": "starlette", "id": "GHSA-1", "affected": [">=0.39.0,<0.49.1"], "what": "slow ranges"},
        {"package": "h11", "id": "GHSA-2", "affected": ["<0.16.0"], "what": "smuggling", "accepted": "not reachable"},
    ],
    "packages": {
        "starlette": {"released": {"0.49.1": "2025-10-28", "0.48.0": "2025-09-13"}},
        "h11": {"released": {"0.14.0": "2025-01-01"}},
        "mdurl": {"released": {"0.1.2": "2022-08-14"}, "note": "finished"},
        "sniffio": {"released": {"1.3.1": "2024-02-25"}},
        "twilio": {"released": {"9.13.0": "2026-11-01"}},
    },
}


def test_what_is_locked_here_has_no_problem():
    assert audit.faults_of(audit.pins_of(ROOT / "requirements"), json.loads(audit.TABLE.read_text())) == []


def test_lock_files_are_read_with_their_markers_and_extras(tmp_path):
    (tmp_path / "dev.txt").write_text(
        "numpy==2.4.6 ; python_full_version < '3.12' \\\n    --hash=sha256:00\nnumpy==2.5.1 ; python_full_version >= '3.12'\n"
        "redis[hiredis]==8.1.0 \\\n    --hash=sha256:11\n"
    )
    assert audit.pins_of(tmp_path) == {"numpy": ["2.4.6", "2.5.1"], "redis": ["8.1.0"]}


@pytest.mark.parametrize(
    ("pins", "told"),
    [
        ({"starlette": ["0.49.1"], "mdurl": ["0.1.2"], "twilio": ["9.13.0"]}, ""),
        ({"starlette": ["0.48.0"]}, "starlette 0.48.0: GHSA-1, slow ranges; affected: >=0.39.0,<0.49.1"),
        ({"h11": ["0.14.0"]}, ""),
        ({"starlette": ["0.50.0"]}, "starlette 0.50.0 is not in the table"),
        ({"leftpad": ["1.0"]}, "leftpad 1.0 is not in the table"),
        ({"sniffio": ["1.3.1"]}, "sniffio 1.3.1 is of 2024-02-25"),
    ],
    ids=["good", "a hit", "accepted", "another version", "a new package", "kept by nobody"],
)
def test_it_stops_at_a_hit_at_what_is_unlisted_and_at_what_has_had_no_release(pins, told):
    faults = audit.faults_of(pins, TABLE)
    assert len(faults) == bool(told)
    assert all(fault.startswith(told) for fault in faults)


def test_the_table_ages_by_a_remark_and_never_by_a_failure_of_its_own():
    pins = {"twilio": ["9.13.0"]}
    assert audit.faults_of(pins, TABLE) == []
    young, old = (audit.remarks_on(pins, TABLE, date(year, 12, 1)) for year in (2026, 2027))
    assert any("367 days old" in each for each in old)
    assert not any("days old" in each for each in young)
    assert any("1 of 1 packages nobody could be asked" in each for each in young)


def test_refreshing_keeps_what_people_wrote_and_tells_what_could_not_be_asked():
    answer = {
        "dependencies": [
            {"name": "mdurl", "skip_reason": "not found"},
            {
                "name": "starlette",
                "version": "0.49.1",
                "vulns": [{"id": "GHSA-3", "fix_versions": ["0.50.0"], "description": "Bad.\nMore."}],
            },
            {"name": "h11", "version": "0.14.0", "vulns": [{"id": "GHSA-2", "fix_versions": [], "description": "x"}]},
        ]
    }
    pins = {"mdurl": ["0.1.2"], "starlette": ["0.49.1"], "h11": ["0.14.0"], "fresh": ["1.0"]}
    table = audit.refreshed(TABLE, pins, {"fresh": {"1.0": "2026-11-28"}}, answer)
    assert table["packages"]["mdurl"] == {"released": {"0.1.2": "2022-08-14"}, "note": "finished"}
    assert table["packages"]["fresh"] == {"released": {"1.0": "2026-11-28"}}
    assert table["not_asked"] == ["mdurl"]
    by_id = {each["id"]: each for each in table["advisories"]}
    assert by_id["GHSA-3"]["affected"] == ["==0.49.1"]
    assert by_id["GHSA-3"]["what"] == "Bad. (fixed in 0.50.0)"
    assert by_id["GHSA-2"]["accepted"] == "not reachable"
    assert by_id["GHSA-2"]["affected"] == ["<0.16.0", "==0.14.0"]
    assert [fault.partition(":")[0] for fault in audit.faults_of(pins, table)] == ["starlette 0.49.1"]
