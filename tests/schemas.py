"""Documents held against our JSON Schemas; that a schema is one is asked once, for it takes fifty times as long."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match


def validate(document: Any, schema: dict[str, Any]) -> None:
    """Raise `jsonschema.ValidationError` for what does not fit, and `SchemaError` for a schema that is none."""
    error = best_match(_of(msgspec.json.encode(schema)).iter_errors(document))
    if error is not None:
        raise error


@cache
def _of(schema: bytes) -> Draft202012Validator:
    read = msgspec.json.decode(schema)
    Draft202012Validator.check_schema(read)
    return Draft202012Validator(read)
