"""Whom a backtest plays campaigns for: what `--audience` says, a name of program.yaml or a file of identifiers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rules.loader import LoadedMerchant
from stamgast.backtest.lists import GivenList, written_alike
from stamgast.backtest.plan import CsvData, Plan
from stamgast.campaigns.audience import FOLDER
from stamgast.campaigns.identifiers import BadFileError, read_identifiers
from stamgast.commands.answering import fail, misuse, say
from stamgast.domain.spelling import nearest
from stamgast.programs.folders import MERCHANTS
from stamgast.settings import Settings


def for_whom(settings: Settings, loaded: LoadedMerchant, plan: Plan, audience: str) -> Plan:
    """The plan with that audience; a list beside a CSV is read. Ends the command where it names none."""
    known = loaded.rules.audiences.get(audience)
    if known is None and Path(audience).is_file():
        return _for_file(settings, loaded, plan, audience)
    if known is None:
        near = nearest(audience, loaded.rules.audiences)
        hint = f"; did you mean {near!r}?" if near else f"; there are {', '.join(loaded.rules.audiences) or 'none'}"
        fail(f"there is no audience {audience!r} in program.yaml, and no such file{hint}")
    if not plan.starts:
        misuse("--audience is for --campaign-at: when is it started?")
    if known.file and isinstance(plan.data, CsvData):
        path = settings.config_dir / MERCHANTS / loaded.program.merchant / FOLDER / known.file
        if not path.is_file():
            how = "--audience FILE names another, and without it everybody is asked"
            fail(f"{audience} is a list in {path}, and there is no such file: {how}")
        plan = replace(plan, data=replace(plan.data, listed=_read(path, loaded, audience)))
    return replace(plan, audience=audience)


def _for_file(settings: Settings, loaded: LoadedMerchant, plan: Plan, file: str) -> Plan:
    audiences = (rule.trigger.audience for rule in loaded.rules.all)
    if not plan.starts and not any(each is not None and each.file for each in audiences):
        misuse("--audience is for --campaign-at, or for a rule of a list, and there is none: when is it started?")
    path = Path(file)
    if isinstance(plan.data, CsvData):
        return replace(plan, data=replace(plan.data, listed=_read(path, loaded)))
    return replace(plan, data=replace(plan.data, listed=_known(settings, path, loaded)))


def _known(settings: Settings, path: Path, loaded: LoadedMerchant) -> GivenList:
    """The customers of the log whom a file names: the log has none of their identifiers, so who is who is asked."""
    import asyncio

    from stamgast.campaigns.audience import Counted, people_on
    from stamgast.commands.finding import Reasons

    counted = Counted([], None)
    try:
        with Reasons():
            members = asyncio.run(people_on(settings, loaded.program, path, counted))
    except BadFileError as error:
        fail(f"{path}: {error}")
    except OSError as error:
        fail(f"{path}: {error.strerror or error}")
    if counted.nobody:
        such_as = ", ".join(map(str, counted.such_as))
        say(f"{path}: lines that name nobody: {counted.nobody:,}, such as {such_as}")
    return GivenList(path.name, frozenset(members))


def _read(path: Path, loaded: LoadedMerchant, audience: str = "") -> GivenList:
    home, members, nobody = loaded.program.home, set[str](), 0
    try:
        for named in read_identifiers(path):
            if named.text:
                members.add(written_alike(named.text, home))
            else:
                nobody += 1
    except BadFileError as error:
        fail(f"{path}: {error}")
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    if nobody:
        say(f"{path}: lines that name nobody: {nobody:,}")
    return GivenList(path.name, frozenset(members), audience)
