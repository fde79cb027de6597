"""A key that comes twice in one object is refused, however the object is written; nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.pos.documents import read_document
from stamgast.pos.problems import UnreadableError

COLONS = st.sampled_from([":", "a", "a:", "::", '":"', '\\": ', "é", "u003a", "\\u003a"])
TEXTS = st.lists(COLONS, max_size=3).map("".join)


def _written(text: str, *, escaped: bool) -> str:
    written = json.dumps(text)
    return written.replace(":", "\\u003a") if escaped else written


@st.composite
def _objects(draw: st.DrawFn, inner: Any) -> tuple[str, bool]:
    """Text of an object, and whether a key comes twice in it or within."""
    pairs = draw(st.lists(st.tuples(TEXTS, st.booleans(), inner), max_size=4))
    keys = [key for key, _, _ in pairs]
    text = ",".join(f"{_written(key, escaped=escaped)} : {value}" for key, escaped, (value, _) in pairs)
    return f"{{{text}}}", len(set(keys)) < len(keys) or any(twice for _, _, (_, twice) in pairs)


def _lists(inner: Any) -> Any:
    return st.lists(inner, max_size=3).map(lambda them: (f"[{','.join(t for t, _ in them)}]", any(w for _, w in them)))


PLAIN = st.one_of(
    st.builds(_written, TEXTS, escaped=st.booleans()), st.sampled_from(["1", "-1.5e3", "true", "null", "9" * 40])
).map(lambda text: (text, False))
DOCUMENTS = st.recursive(PLAIN, lambda inner: _objects(inner) | _lists(inner), max_leaves=8)


@given(DOCUMENTS)
def test_a_document_is_refused_exactly_when_a_key_comes_twice(document: tuple[str, bool]):
    text, twice = document
    if twice:
        with pytest.raises(UnreadableError, match="comes twice in one object"):
            read_document(text.encode())
    else:
        read_document(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": "\\u003a"}',
        '{"a": 1, "b": {"a": 1, "a": 2, "c": "\\u003A"}}',
        '[{"total": 100, "total": 1}]',
        '{"a": {"b": 1, "b": 2}, "a": 1}',
    ],
)
def test_no_colon_makes_up_for_a_key_that_came_twice(text: str):
    with pytest.raises(UnreadableError, match="comes twice in one object"):
        read_document(text.encode())
