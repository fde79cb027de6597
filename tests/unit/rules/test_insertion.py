import pytest
import yaml

from rules.yaml.insertion import InsertionError, insert_entry


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "cards:\n  tea: {stamps: 7}\n"),
        ("name: Proef\n", "name: Proef\n\ncards:\n  tea: {stamps: 7}\n"),
        ("name: Proef", "name: Proef\n\ncards:\n  tea: {stamps: 7}\n"),
        ("cards:\nname: Proef\n", "cards:\n  tea: {stamps: 7}\nname: Proef\n"),
        ("cards:", "cards:\n  tea: {stamps: 7}\n"),
        ("cards: {}\n", "cards: {tea: {stamps: 7}}\n"),
        ("cards: {pie: {stamps: 2}}  # one\n", "cards: {pie: {stamps: 2}, tea: {stamps: 7}}  # one\n"),
        ("cards: {pie: {stamps: 2},}\n", "cards: {pie: {stamps: 2}, tea: {stamps: 7}}\n"),
        (
            "cards:\n    pie:   # ours\n        stamps: 2   # few\n\n# rewards now\nrewards: {}\n",
            "cards:\n    pie:   # ours\n        stamps: 2   # few\n    tea: {stamps: 7}\n\n# rewards now\nrewards: {}\n",
        ),
        ("cards:\n  pie:\n    categories:\n      - a\n      - b", "cards:\n  pie:\n    categories:\n      - a\n      - b\n  tea: {stamps: 7}\n"),
        ("cards:\n  tea: {stamps: 3}\n", "cards:\n  tea: {stamps: 3}\n"),
    ],
)  # fmt: skip
def test_an_entry_comes_in_and_nothing_else_moves(before: str, after: str):
    assert insert_entry(before, "cards", "tea", "{stamps: 7}") == after
    assert "tea" in yaml.safe_load(after)["cards"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("cards: {tea: {stamps: 7}} # one\n", "cards: {tea: {stamps: 7, ends: soon}} # one\n"),
        ("cards:\n  tea: {stamps: 7}\n", "cards:\n  tea: {stamps: 7, ends: soon}\n"),
        (
            "cards:\n  tea:\n    stamps: 7  # few\n  pie: {}\n",
            "cards:\n  tea:\n    stamps: 7  # few\n    ends: soon\n  pie: {}\n",
        ),
        ("cards: {tea: {ends: late}}\n", "cards: {tea: {ends: late}}\n"),
    ],
)
def test_a_word_comes_into_an_entry_that_is_there(before: str, after: str):
    assert insert_entry(before, "cards", "tea: ends", "soon") == after


@pytest.mark.parametrize("text", ["", "name: Proef\n", "cards:\n", "cards: {pie: {}}\n", "cards: {tea: 7}\n"])
def test_an_entry_that_is_not_there_takes_no_word(text: str):
    with pytest.raises(
        InsertionError, match=r"this file is no mapping|`cards` is no mapping|`cards: tea` is no mapping"
    ):
        insert_entry(text, "cards", "tea: ends", "soon")


def test_an_entry_of_several_lines_is_a_block():
    told = insert_entry("segments:\n  old: {}\n", "segments", "vip", "all:\n  - visits: {at_least: 9}\n")
    assert told == "segments:\n  old: {}\n  vip:\n    all:\n      - visits: {at_least: 9}\n"
    with pytest.raises(InsertionError, match="`vip` takes several lines and cannot stand between braces"):
        insert_entry("segments: {}\n", "segments", "vip", "all:\n  - a\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- a\n", "this file is no mapping"),
        ("cards: 3\n", "`cards` is no mapping of names to values"),
        ("cards: [\n", "this is not YAML"),
    ],
)
def test_a_file_that_cannot_take_it_is_told(text: str, why: str):
    with pytest.raises(InsertionError, match=why):
        insert_entry(text, "cards", "tea", "{}")


def test_a_section_of_ten_thousand_entries_takes_one_more():
    text = "cards:\n" + "".join(f"  c{number}: {{stamps: 7}}  # the {number}th\n" for number in range(10_000))
    assert insert_entry(text, "cards", "tea", "{stamps: 7}") == text + "  tea: {stamps: 7}\n"
