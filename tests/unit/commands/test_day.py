from __future__ import annotations

import pytest

from stamgast.commands.day import _tell


def test_what_waits_is_told_with_the_words_that_list_it(capsys: pytest.CaptureFixture[str]) -> None:
    counts = dict.fromkeys(("purchases", "changes", "refunds", "enrolled"), 0)
    _tell(
        {"merchant": "bakkerij-noord", "date": "2026-11-03", "time_zone": "Europe/Amsterdam", "messages": {}}
        | {"warnings": {}, "dead_letters": {"count": 0, "examples": []}, "waiting_for_review": 2}
        | counts
    )

    assert "`stamgast purchases review bakkerij-noord`" in capsys.readouterr().out
