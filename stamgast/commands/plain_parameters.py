"""Reads a command's texts, paths and flags without pydantic, which takes longer to import than `rules check` thinks.

typer makes a pydantic adapter for each parameter, also where there is nothing to convert but a text to itself or to a
path, and for `--help` where nobody asked for it. What is more than that (numbers, choices, files) is left to typer.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

import typer
from typer._coercion import RuntimeParam, build_runtime_param, resolve_type_descriptor
from typer._param_types import coerce_cli_path
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

if TYPE_CHECKING:
    from typer._coercion import TypeDescriptor

_PLAIN: Final = (str, Path, bool)


class App(typer.Typer):
    """A typer app, all of whose commands read plain parameters here."""

    def __init__(self, **options: Any) -> None:
        super().__init__(cls=_Group, **options)

    def command(self, *args: Any, **options: Any) -> Any:
        """As typer's own."""
        return super().command(*args, **{"cls": _Command, **options})


class _Command(TyperCommand):
    def get_params(self, ctx: Any) -> Any:
        return _with_plain(super().get_params(ctx))


class _Group(TyperGroup):
    def get_params(self, ctx: Any) -> Any:
        return _with_plain(super().get_params(ctx))


def _with_plain(parameters: list[Any]) -> list[Any]:
    for each in parameters:
        if isinstance(each, (TyperArgument, TyperOption)) and each._runtime_param is None:  # noqa: SLF001  typer has no other way
            asked = each.type_descriptor
            if _is_plain(asked):
                each._runtime_param = _PlainParameter(asked.parameter_info, asked.annotation)  # noqa: SLF001
    return parameters


class _PlainParameter(RuntimeParam):
    """A text, a path, a flag, or a list of them."""

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        of = _inner(self.annotation)

        def read(each: Any) -> Any:
            if of is str:
                return str(each)
            if of is Path:
                return coerce_cli_path(Path(each), self.parameter_info, path_type=Path, param=param, ctx=ctx)
            if isinstance(each, bool):
                return each
            words = build_runtime_param(resolve_type_descriptor(of, self.parameter_info))
            return words.coerce(each, param=param, ctx=ctx)

        return read(value) if of is self.annotation else [read(each) for each in value]


def _is_plain(asked: TypeDescriptor) -> bool:
    return (
        asked.file_annotation is None
        and asked.parameter_info.parser is None
        and not asked.is_choice
        and _inner(asked.annotation) in _PLAIN
    )


def _inner(annotation: Any) -> Any:
    """What a list is of; anything else is itself."""
    return get_args(annotation)[0] if get_origin(annotation) is list else annotation
