"""What is wrong with a document is said once, at its own place."""

import pytest
from pydantic import ValidationError

from stamgast.pos.mapping import Pick
from stamgast.pos.problems import problems_of


@pytest.mark.parametrize("value", [1.5, [1], {"a": 1}])
def test_of_a_value_that_may_be_of_several_kinds_it_is_said_once_which(value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        Pick.model_validate({"value": value})
    (problem,) = problems_of(refused.value, Pick, "/total")
    assert problem["pointer"] == "/total/value"
    assert problem["detail"].endswith(", not a text, an integer or true or false")
