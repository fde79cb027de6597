"""A rule is edited beside what is in force: checked as files are, and nobody's change is lost."""

from pathlib import Path

import pytest

from rules.loader import load_merchant
from stamgast.programs.editing import Edit, StaleEditError, check_edit, differences, plain, tag_of, with_edit
from stamgast.programs.launches import Launch
from stamgast.programs.publish import EditedElsewhereError, Signed, _with_files
from stamgast.programs.record import BundleRecord, changed
from stamgast.programs.versions import text_of_rule

BAKERY = Path(__file__).parents[3] / "config/merchants/bakkerij-noord"
RULE, FILE = "free-loaf", "rules/free-loaf.yaml"
SIGNED = Signed(1_790_000_000_000, "els", "kinder")


@pytest.fixture(scope="module")
def record() -> BundleRecord:
    files = dict(load_merchant(BAKERY).files)
    return changed(BundleRecord(merchant="bakkerij-noord", hash="", files=files), published_at=1)


def test_a_text_that_is_right_is_read_back_and_its_tests_are_played(record: BundleRecord) -> None:
    text = text_of_rule(record, RULE)
    checked = check_edit(record, RULE, text, SIGNED.now, with_tests=True)
    assert (checked.ok, checked.failing) == (True, ())
    assert checked.sentence
    stricter = text.replace("visits: {at_least: 3}", "visits: {at_least: 30}")
    failing = check_edit(record, RULE, stricter, SIGNED.now, with_tests=True).failing
    assert any(each.missing for each in failing)


def test_what_is_wrong_is_said_as_check_says_it_with_its_place_and_the_nearest_word(record: BundleRecord) -> None:
    text = text_of_rule(record, RULE)
    [problem, *_] = check_edit(record, RULE, text.replace("visits:", "visitz:"), SIGNED.now).problems
    line = text.splitlines().index(next(each for each in text.splitlines() if "visits:" in each)) + 1
    assert (problem.file, problem.line, problem.severity) == (FILE, line, "error")
    assert 'Did you mean "visits"' in problem.hint


def test_a_rule_keeps_its_id_and_its_size(record: BundleRecord) -> None:
    text = text_of_rule(record, RULE)
    renamed = check_edit(record, RULE, text.replace("rule: free-loaf", "rule: freeloaf"), 0)
    assert not renamed.ok
    assert any("Write `rule: free-loaf`" in each.hint for each in renamed.problems)
    assert not check_edit(record, RULE, text + "#" * 64_000, 0).ok
    assert not check_edit(record, RULE, "", 0).ok


def test_an_edit_is_a_version_that_keeps_what_was_launched(record: BundleRecord) -> None:
    text = text_of_rule(record, RULE)
    launched = changed(record, launched={RULE: Launch("paused", "live")})
    new = with_edit(launched, Edit(RULE, text + "# more\n", tag_of(text)), SIGNED)
    assert new is not None
    assert (new.files[FILE], new.who, new.why) == (text + "# more\n", "els", "kinder")
    assert (new.launched[RULE].status, new.edited) == ("paused", {FILE: SIGNED.now})
    assert with_edit(new, Edit(RULE, text + "# more\n", "whatever"), SIGNED) is None, "it is in force already"


def test_who_was_overtaken_is_told_so(record: BundleRecord) -> None:
    with pytest.raises(StaleEditError, match="somebody else changed"):
        with_edit(record, Edit(RULE, "rule: free-loaf\n", tag_of("an older text")), SIGNED)
    with pytest.raises(StaleEditError, match="not in force any more"):
        with_edit(record, Edit("gone", "rule: gone\n", ""), SIGNED)


def test_a_publish_that_lacks_an_edit_is_refused_until_it_has_it_or_somebody_insists(record: BundleRecord) -> None:
    text = text_of_rule(record, RULE)
    edited = with_edit(record, Edit(RULE, text + "# more\n", tag_of(text)), SIGNED)
    loaded = load_merchant(BAKERY)
    with pytest.raises(EditedElsewhereError, match=r"rules/free-loaf\.yaml on 2026-09-21T"):
        _with_files(loaded, None, SIGNED, edited, anyway=False)
    insisted = _with_files(loaded, None, SIGNED, edited, anyway=True)
    assert insisted is not None
    assert (insisted.files[FILE], insisted.edited) == (text, {})


def test_a_folder_that_has_caught_up_may_go_on(record: BundleRecord) -> None:
    """The same files are published once more, so that the next text of the folder is no surprise."""
    edited = changed(record, edited={FILE: 5})
    caught_up = _with_files(load_merchant(BAKERY), None, SIGNED, edited, anyway=False)
    assert caught_up is not None
    assert (caught_up.hash, caught_up.edited) == (record.hash, {})
    assert _with_files(load_merchant(BAKERY), None, SIGNED, caught_up, anyway=False) is None


def test_what_a_browser_sends_becomes_lines_as_files_have_them() -> None:
    assert plain("a: 1\r\nb: 2") == "a: 1\nb: 2\n"
    assert plain("") == ""
    assert differences("a\nb\n", "a\nc\n")[1:] == [" a", "-b", "+c"]
