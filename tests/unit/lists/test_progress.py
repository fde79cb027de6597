"""How far a list is stands on disk, whatever happened to the process that wrote it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from stamgast.lists.progress import Begun, Progress, ProgressError, Step
from stamgast.lists.receipts import Rejected

LIST = Begun("digest", "bakery", "purchases", "topic", history=True)
STEPS = (Step(500, 499, (Rejected(7, "why"),), {"odd": 2}), Step(20, 20))


def begun(path: Path, what: Begun = LIST) -> Progress:
    progress = Progress(path, what)
    progress.open()
    return progress


def test_what_was_noted_is_found_again_and_half_a_line_was_not_written(tmp_path: Path):
    path = tmp_path / "list.progress"
    first = begun(path)
    assert not first.resumed
    for step in STEPS:
        first.note(step)
    first.close(done=False)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"units":500,"acc')
    second = begun(path)
    assert (second.resumed, second.steps) == (True, list(STEPS))
    second.close(done=False)
    assert path.read_bytes() == whole
    begun(path).close(done=True)
    assert not path.exists()


def test_progress_of_something_else_is_refused_and_says_what_differs(tmp_path: Path):
    path = tmp_path / "list.progress"
    begun(path).close(done=False)
    with pytest.raises(ProgressError, match="of which the list is another"):
        begun(path, replace(LIST, list="other"))
    path.write_text("my notes\n")
    with pytest.raises(ProgressError, match="no progress of ours"):
        begun(path)
    assert path.read_text() == "my notes\n"
    with pytest.raises(ProgressError, match="say with --progress"):
        begun(tmp_path / "nowhere" / "list.progress")
