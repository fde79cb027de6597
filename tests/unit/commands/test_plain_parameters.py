"""What is read without pydantic is read as typer reads it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from stamgast.commands.plain_parameters import App


def told(app: typer.Typer, words: Sequence[str]) -> tuple[int, str, str]:
    @app.command()
    def show(
        name: str,
        paths: Annotated[list[Path] | None, typer.Argument()] = None,
        *,
        to: Annotated[Path | None, typer.Option("--to", dir_okay=False)] = None,
        tags: Annotated[list[str] | None, typer.Option("--tag")] = None,
        loud: Annotated[bool, typer.Option("--loud/--quiet", envvar="LOUD")] = False,
        often: Annotated[int, typer.Option("--often", min=1)] = 1,
    ) -> None:
        typer.echo([name, paths, to, tags, loud, often])

    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("loud", [None, "", "1", "0", " yes", "false", "loudly"])
@pytest.mark.parametrize(
    "words",
    [
        ("noor",),
        ("noor", "a", "b/c", "."),
        ("", "--to", "README.md", "--tag", "x", "--tag", "", "--loud"),
        ("noor", "--to", "."),
        ("noor", "--quiet", "--often", "3"),
        ("noor", "--often", "0"),
        ("noor", "--often", "many"),
        (),
        ("noor", "--lod"),
        ("--help",),
        ("\udce9", "\u0007"),
    ],
)
def test_it_is_read_as_by_typer(words: tuple[str, ...], loud: str | None, monkeypatch: Any) -> None:
    if loud is not None:
        monkeypatch.setenv("LOUD", loud)
    else:
        monkeypatch.delenv("LOUD", raising=False)

    assert told(App(rich_markup_mode=None), words) == told(typer.Typer(rich_markup_mode=None), words)


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    words = ("noor", str(tmp_path))

    code, _, error = told(App(rich_markup_mode=None), words)

    assert code == 2
    assert "not readable" in error
