import pytest

from rules.yaml.nodes import ListNode, MapNode, Node, ScalarNode
from rules.yaml.source import MAX_DEPTH, Source, read_plain, read_yaml


def tree_of(text: str) -> tuple[Node | None, list[str]]:
    source = Source("x.yaml", text)
    node = read_yaml(source)
    return node, [f"{p.line}:{p.column} {p.message}" for p in source.problems]


def value_of(text: str) -> object:
    node, problems = tree_of(f"key: {text}\n")
    assert problems == []
    assert isinstance(node, MapNode)
    value = node.get("key")
    assert isinstance(value, ScalarNode)
    return value.value


@pytest.mark.parametrize(
    "text",
    [
        "21:00",
        "09:00",
        "NO",
        "no",
        "yes",
        "on",
        "off",
        "+31612345678",
        "0123",
        "007",
        "2026-10-01",
        "1_000",
        "10%",
        "1.2.3",
        ".inf",
        ".nan",
        "0x1G",
        "y",
        "1e",
    ],
)
def test_what_looks_like_text_to_a_person_is_text(text: str):
    assert value_of(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("True", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("7", 7),
        ("-3", -3),
        ("12.40", 12.4),
        ("1e3", 1000.0),
        ("8712345678901", 8712345678901),
    ],
)
def test_numbers_and_truths_are_what_yaml_1_2_says(text: str, value: object):
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


@pytest.mark.parametrize("text", ['"7"', "'true'", '"null"', '""'])
def test_what_stands_in_quotes_is_text(text: str):
    assert value_of(text) == text[1:-1]


def test_the_written_text_is_kept_beside_the_value():
    node, _ = tree_of("sku: 1.10")
    assert isinstance(node, MapNode)
    value = node.get("sku")
    assert isinstance(value, ScalarNode)
    assert (value.value, value.text) == (1.1, "1.10")


def test_on_is_a_key_like_any_other():
    node, problems = tree_of("on: 1\noff: 2\n")
    assert isinstance(node, MapNode)
    assert [key.text for key, _ in node.entries] == ["on", "off"]
    assert problems == []


def test_a_key_that_stands_twice_is_refused_at_its_second_place():
    node, problems = tree_of("a: 1\nb: 2\na: 3\n")
    assert problems == ['3:1 "a" stands here twice']
    assert isinstance(node, MapNode)
    assert [key.text for key, _ in node.entries] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x 1\n", "1:4 an anchor (&x)"),
        ("a: &x 1\nb: *x\n", "2:4 an alias (*x)"),
        ("<<: {a: 1}\n", "1:1 a merge key (<<)"),
        ("a: !!python/object:os.system 1\n", '1:4 a text that begins with "!" needs quotation marks'),
        ("a:\n\t- 1\n", "2:1 a tab character"),
        ("a: 1\t# comment\n", "1:5 a tab character"),
        ("a: 1\n---\nb: 2\n", "2:1 a second document"),
        ("? [a, b]\n: 1\n", "1:3 a key must be a single word"),
        ("", "1:1 this file is empty"),
        ("# nothing\n", "1:1 this file is empty"),
    ],
)
def test_what_we_do_not_take_is_refused_with_its_place(text: str, problem: str):
    assert problem in tree_of(text)[1]


@pytest.mark.parametrize(
    "text", ["a: [1, 2\n", 'a: "x\n', "a: 1\n b: 2\n", "a: b: c\n", "- 1\nb: 2\n", "a: \x01\n", "@x\n", "a: 'it's'\n"]
)
def test_broken_yaml_is_one_problem_and_no_exception(text: str):
    node, problems = tree_of(text)
    assert node is None
    assert len(problems) == 1


def test_all_refusals_of_a_file_are_told_at_once():
    _, problems = tree_of("a: &x 1\na: 2\nb:\t3\n")
    assert len(problems) == 3


def test_depth_size_and_number_are_bounded():
    assert tree_of("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))[0] is None
    assert tree_of("[" * 5000)[0] is None
    assert "larger than" in tree_of("a: " + "x" * 300_000)[1][0]
    assert "more than" in tree_of("[" + "1," * 30_000 + "]")[1][0]


def test_places_count_from_one_and_cover_the_word():
    node, _ = tree_of("when:\n  - store: [dok-noord]\n")
    assert isinstance(node, MapNode)
    listed = node.get("when")
    assert isinstance(listed, ListNode)
    inner = listed.items[0]
    assert isinstance(inner, MapNode)
    key, value = inner.entries[0]
    assert (key.mark.line, key.mark.column, key.mark.length) == (2, 5, 5)
    assert isinstance(value, ListNode)
    assert (value.items[0].mark.column, value.items[0].mark.length) == (13, 9)


def test_plain_words_never_become_huge_numbers():
    assert read_plain("1" * 40) == "1" * 40
