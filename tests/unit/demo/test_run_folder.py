from pathlib import Path

import pytest

from stamgast.demo.run_folder import open_run_folder
from stamgast.local.processes import ProcessError


def test_the_logs_go_with_a_trial_that_went_well(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said: list[str] = []
    with open_run_folder(said.append) as folder:
        (folder.path / "web.log").write_text("all well")
        folder.wanted = False
    assert list(tmp_path.iterdir()) == []
    assert len(said) == 1


def break_off(folder: Path) -> None:
    (folder / "web.log").write_text("out of memory")
    raise ProcessError("web has ended")


def test_the_logs_stay_and_are_named_when_a_trial_broke_off(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said: list[str] = []
    with pytest.raises(ProcessError), open_run_folder(said.append) as folder:
        break_off(folder.path)
    assert (folder.path / "web.log").read_text() == "out of memory"
    assert said[-1] == f"the logs are kept: {folder.path}"
