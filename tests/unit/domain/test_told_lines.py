"""A line that has no more than it needs reads as any other."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.told import DecisionLine, Line, StageLine, StampsLine, as_line, encode_line

words = st.text(max_size=8)
numbers = st.integers(-(2**40), 2**40)


@pytest.mark.parametrize("kind", [StampsLine, StageLine, DecisionLine])
@given(data=st.data())
def test_what_has_fewer_fields_stands_there_as_a_line_does(kind: type, data: st.DataObject):
    values: dict[str, Any] = {
        field.name: data.draw(words if field.type is str else numbers) for field in msgspec.structs.fields(kind)
    }
    short, whole = kind(**values), Line(**values)
    assert (encode_line(short), as_line(short)) == (encode_line(whole), whole)
