"""The document itself: valid, every operation with an example, every refusal of the one shape."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from stamgast.web.openapi.document import openapi
from stamgast.web.openapi.examples import EXAMPLES
from stamgast.web.problem import Problem

OPERATIONS = {each["operationId"]: each for methods in openapi()["paths"].values() for each in methods.values()}
PROBLEM = "application/problem+json"


def test_the_document_is_valid():
    assert not [each.message for each in OpenAPIV31SpecValidator(openapi()).iter_errors()]


def test_every_operation_has_an_example_that_is_its_own():
    assert set(EXAMPLES) == set(OPERATIONS)
    for operation, examples in EXAMPLES.items():
        assert len({each.name for each in examples}) == len(examples), operation
        for example in examples:
            assert str(example.status) in OPERATIONS[operation]["responses"], f"{operation}: {example.name}"


def shown() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Every example of a body, with its schema."""
    for operation, described in OPERATIONS.items():
        bodies = [described.get("requestBody", {}), *described["responses"].values()]
        for media in (each for body in bodies for each in body.get("content", {}).values()):
            for name, example in media.get("examples", {}).items():
                yield f"{operation}: {name}", media.get("schema", {}), example["value"]


@pytest.mark.parametrize(("name", "schema", "value"), [pytest.param(*each, id=each[0]) for each in shown()])
def test_examples_of_what_is_taken_and_answered_fit_their_schemas(name: str, schema: dict[str, Any], value: Any):
    if name in {"enrolCustomer: mistyped", "reportPurchases: refused", "reportPurchases: some", "voidVoucher: over"}:
        return  # what these send is wrong, and that is what they show
    whole = schema | {"components": openapi()["components"]}
    assert not [each.message for each in jsonschema.Draft202012Validator(whole).iter_errors(value)]


def test_every_refusal_has_the_one_shape():
    for operation, described in OPERATIONS.items():
        refusals = {code: each for code, each in described["responses"].items() if code >= "400"}
        assert {"401", "404", "429", "500", "503"} <= set(refusals), operation
        for code, each in refusals.items():
            assert set(each["content"]) == {PROBLEM}, f"{operation} {code}"
            assert each["content"][PROBLEM]["schema"] == {"$ref": "#/components/schemas/Problem"}


@pytest.mark.parametrize(
    ("status", "title"), [(404, "Not Found"), (413, "Content Too Large"), (422, "Unprocessable Content")]
)
def test_titles_are_the_same_on_every_python(status: int, title: str):
    assert HTTPStatus(status)
    assert f'"title":"{title}"'.encode() in Problem(status, "x", "y").response().body
