"""The Faust app around the partition services, and what has to be there before it starts."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from stamgast.log.topics import MissingTopicsError, Topics
from stamgast.settings import Settings
from streams.app import make_app
from streams.runtime import cluster


def test_the_worker_keeps_no_files_where_it_was_started(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    app = make_app(Settings(_env_file=None), [], [])
    assert Path.cwd() not in Path(app.conf.datadir).absolute().parents
    assert Path.cwd() not in Path(app.conf.tabledir).absolute().parents


async def test_a_worker_that_waits_for_its_topics_says_once_what_creates_them(monkeypatch: pytest.MonkeyPatch):
    missing = MissingTopicsError("topic purchases.v1 is missing; run `stamgast topics create`")
    answers = [missing, missing, missing, None]

    def check(_bootstrap: str, _topics: Topics) -> None:
        if (answer := answers.pop(0)) is not None:
            raise answer

    monkeypatch.setattr(cluster, "check_topics", check)
    monkeypatch.setattr(cluster, "_ASK_EVERY_S", 0)
    with capture_logs() as logs:
        await cluster.wait_for_topics("nowhere:9092", Topics(1))

    assert answers == []
    assert [each["why"] for each in logs] == [str(missing)]
