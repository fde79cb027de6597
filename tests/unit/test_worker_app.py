"""The Faust app around the partition services."""

from pathlib import Path

from stamgast.log.topics import Topics
from stamgast.settings import Settings
from streams.app import make_app
from streams.metrics import Metrics


def test_the_worker_keeps_no_files_where_it_was_started(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    app = make_app(Settings(_env_file=None), Topics(1), [], Metrics())
    assert Path.cwd() not in Path(app.conf.datadir).absolute().parents
    assert Path.cwd() not in Path(app.conf.tabledir).absolute().parents
