"""`stamgast vouchers`: codes of a shop's own, which its vouchers get."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stamgast.commands.answering import (
    WRONG,
    AsJson,
    answer,
    fail,
    load_settings,
    new_app,
    print_json,
    progress,
    say,
)
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.code_import import Brought
    from stamgast.settings import Settings
    from stamgast.sheets.codes import CodeList

app = new_app("Bring in codes of a shop's own, see how many are left.", no_args_is_help=True)

_SHOWN = 5
_TOLD = 20
"""Lines that people are told of; `--json` has all of them."""


@app.command("import-codes")
def import_codes(
    file: Annotated[Path, typer.Argument(help="A CSV with a column of codes, or a code a line.")],
    merchant: Annotated[str, typer.Option("--merchant", help="Whose codes they are.")],
    reward: Annotated[str, typer.Option("--reward", help="Of which reward; it says `codes: imported`.")],
    column: Annotated[str, typer.Option("--column", help="Which column has them, if its name does not say it.")] = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read all of it and bring in nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask after the preview.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring in codes that another system made: each is given to one voucher. What is there already is passed over.

    A list that was cut short goes on where it was. Exits with 1 where no line could be taken.
    """
    from stamgast.commands.finding import Reasons
    from stamgast.commands.stamping import stamp_of
    from stamgast.sheets.codes import read_codes
    from stamgast.sheets.lines import SheetError

    settings = load_settings()
    at = stamp_of(settings)
    _check(settings, merchant, reward)
    try:
        read = read_codes(file, column)
    except SheetError as error:
        fail(str(error))
    _preview(file, read)
    ask = not (dry_run or yes or as_json) and sys.stdin.isatty() and bool(read.codes)
    if ask and not typer.confirm("Bring them in?", err=True):
        raise typer.Exit
    brought = None
    if read.codes and not dry_run:
        reasons = Reasons()
        reasons.hint = "; the same command again goes on from where it is"
        with reasons:
            brought = _bring(settings, (merchant, reward), [code for _, code in read.codes], at)
        if brought.added:
            _note(settings, merchant, reward, brought.added)
    _tell((merchant, reward), read, brought, as_json=as_json)
    if read.wrong and not read.codes:
        raise typer.Exit(WRONG)


@app.command()
def codes(merchant: Annotated[str, typer.Argument(help="The merchant.")], *, as_json: AsJson = False) -> None:
    """Show how many codes of the shop's own each reward has, and how many are left."""
    from stamgast.code_import import program_of, stocks
    from stamgast.commands.finding import Reasons

    settings = load_settings()

    async def look() -> Any:
        return await stocks(settings, await program_of(settings, merchant))

    with Reasons():
        found = asyncio.run(look())
    if as_json:
        shown = [
            {"reward": each.reward, "brought": each.brought, "given": each.given, "left": each.left} for each in found
        ]
        print_json({"merchant": merchant, "codes": shown})
        return
    for each in found:
        answer(f"{each.reward}: {each.left:,} left of {each.brought:,}")
    if not found:
        answer(f"no reward of {merchant} has codes of its own: `codes: imported` at a reward lets it")


def _check(settings: Settings, merchant: str, reward: str) -> None:
    from stamgast.code_import import check_reward, program_of
    from stamgast.commands.finding import Reasons

    with Reasons():
        check_reward(asyncio.run(program_of(settings, merchant)), reward)


def _preview(file: Path, read: CodeList) -> None:
    say(f"{file}: {so_many(len(read.codes), 'code')}")
    for line, code in read.codes[:_SHOWN]:
        say(f"  line {line}: {code[:2]}…{code[-2:]}")


def _bring(settings: Settings, pool: tuple[str, str], found: list[str], at: int) -> Brought:
    from stamgast.code_import import bring_in

    tell, close = progress("codes")
    try:
        return asyncio.run(bring_in(settings, pool, found, at, tell))
    finally:
        close()


def _note(settings: Settings, merchant: str, reward: str, added: int) -> None:
    from stamgast.audit.record import About, Did
    from stamgast.commands.noting import note_done

    note_done(settings, Did.IMPORTED, About(merchant, reward=reward, words=so_many(added, "code")))


def _tell(pool: tuple[str, str], read: CodeList, brought: Brought | None, *, as_json: bool) -> None:
    added, known, elsewhere = (0, 0, {}) if brought is None else brought
    wrong = [
        *((each.line, each.why) for each in read.wrong),
        *((line, f"is a code of the reward {elsewhere[code]}") for line, code in read.codes if code in elsewhere),
    ]
    if as_json:
        print_json(
            {
                "merchant": pool[0],
                "reward": pool[1],
                "codes": len(read.codes),
                "added": added,
                "known": known,
                "rejected": [{"line": line, "reason": why} for line, why in sorted(wrong)],
                "sent": brought is not None,
            }
        )
        return
    for line, why in sorted(wrong)[:_TOLD]:
        answer(f"line {line:,}: {why}")
    if len(wrong) > _TOLD:
        answer(f"… and {len(wrong) - _TOLD:,} more: --json has all of them")
    passed = f", {len(wrong):,} passed over" if wrong else ""
    if brought is None:
        answer(f"{so_many(len(read.codes), 'code')} would come in, but for those that are there already{passed}")
    else:
        answer(f"{so_many(added, 'code')} came in, {known:,} were there before{passed}")
