"""How every command reads its settings, answers and fails.

Exit codes: 0 fine, 1 what was asked about is wrong, 2 misuse. With `--json`, standard output holds one JSON document;
logs and everything else go to standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import msgspec
import typer

from stamgast.commands.plain_parameters import App

if TYPE_CHECKING:
    from stamgast.settings import Settings

WRONG = 1
MISUSE = 2

_answers_in_json = False
"""Whether this process was asked for JSON: then a refusal is a document, too."""


def _note_json(wanted: bool) -> bool:
    global _answers_in_json
    _answers_in_json = wanted
    return wanted


AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.", callback=_note_json)]


def new_app(summary: str, **options: Any) -> typer.Typer:
    """Make a command's typer app as all of them are made."""
    return App(help=summary, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, **options)


def load_settings() -> Settings:
    """Read the settings and send logs to standard error; exit with 2 and every problem if a setting is wrong."""
    from stamgast.logs import configure_logs

    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format)
    return settings


def read_settings() -> Settings:
    """Read the settings for a command that logs nothing; exit with 2 and every problem if one is wrong."""
    # Imported here: these take longer than what a command does that needs no settings.
    from pydantic import ValidationError

    from stamgast.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"]).upper()
            words = problem["msg"].removeprefix("Value error, ")
            say(f"STAMGAST_{name}: {words}" if name else words)
        raise typer.Exit(MISUSE) from None


def kafka_of(settings: Settings, *, to_append: bool = False) -> str:
    """Kafka's address; exit with 2 where what is to be appended there has to be signed and cannot be."""
    from stamgast.broker import kafka_of

    signs = settings.signed_since or settings.all_signed_since or settings.proven_since
    if to_append and signs and not settings.id_key.get_secret_value():
        misuse("STAMGAST_ID_KEY is missing: what is appended here is signed with a key that derives from it")
    return kafka_of(settings)


def is_given(context: typer.Context, option: str) -> bool:
    """Return whether a person wrote an option, which may be what it is by default anyway."""
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


def print_json(document: Any) -> None:
    """Write the one JSON document of a command."""
    print(msgspec.json.encode(document, enc_hook=str).decode())  # noqa: T201  the answer itself


def print_json_items(items: Sequence[Any], *, first: bool) -> None:
    """Write some entries of the one JSON list of a command; `first` begins it, `end_json_items` ends it."""
    inside = msgspec.json.encode(items, enc_hook=str).decode()[1:-1]
    print("[" if first else ",", inside, sep="", end="")  # noqa: T201  the answer itself


def end_json_items(*, empty: bool) -> None:
    """End the list of which entries were written."""
    print("[]" if empty else "]")  # noqa: T201  the answer itself


def answer(text: str) -> None:
    """Write one line of a command's answer for people."""
    print(text)  # noqa: T201  the answer itself


def say(text: str) -> None:
    """Tell the person at the terminal something that is not the answer."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201  standard error


def progress(of_what: str) -> tuple[Callable[[int, int], None], Callable[[], None]]:
    """Make a line that says how far it is, where somebody looks on: how to tell it, and how to take it away."""
    if not sys.stderr.isatty():
        return lambda _done, _all: None, lambda: None

    def tell(done: int, all_: int) -> None:
        width = 30
        filled = width * done // max(all_, 1)
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (width - filled)}] {done:,} of {all_:,} {of_what} ")
        sys.stderr.flush()

    def close() -> None:
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()

    return tell, close


def fail(text: str) -> NoReturn:
    """Say what is wrong with what was asked about and exit with 1; with `--json` the document is `{"error": text}`."""
    say(f"stamgast: {text}")
    _answer_error(text)
    raise typer.Exit(WRONG)


def misuse(text: str) -> NoReturn:
    """Say how the command was meant and exit with 2; with `--json` as `fail`."""
    say(f"stamgast: {text}")
    _answer_error(text)
    raise typer.Exit(MISUSE)


def _answer_error(text: str) -> None:
    if _answers_in_json:
        print_json({"error": text})
