"""How commands find the one merchant whose files they are asked about, and what they say if they cannot."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from stamgast.commands.answering import fail, misuse, say
from stamgast.domain.spelling import nearest

if TYPE_CHECKING:
    from rules.loader import LoadedMerchant
    from stamgast.settings import Settings


def files_of(settings: Settings, merchant: str | None) -> tuple[Path, LoadedMerchant]:
    """Return folder and files of the named merchant, or of the only one; say what is wrong and exit if it cannot be."""
    from rules.loader import load_merchant
    from rules.yaml.problems import render_problems
    from stamgast.programs.folders import MERCHANTS, merchant_folders

    folders = {folder.name: folder for folder in merchant_folders(settings.config_dir)}
    if not folders:
        fail(f"there is no merchant in {settings.config_dir / MERCHANTS}")
    if merchant is None and len(folders) > 1:
        misuse(f"whose? say --merchant, one of {', '.join(folders)}")
    name = merchant or next(iter(folders))
    if name not in folders:
        _fail_for(name, folders, settings)
    loaded = load_merchant(folders[name])
    if not loaded.ok:
        say(render_problems(loaded.problems))
        fail(f"the files of {name} have errors; nothing was run")
    return folders[name], loaded


def paths_meant(
    read: Callable[[], Settings], given: Sequence[Path] | None, merchant: str | None
) -> tuple[list[Path], Settings | None]:
    """Return what is meant by paths, by merchants' names in their place and by --merchant; of neither, everybody.

    Settings are read, and returned, only where they are asked: that takes longer than to look at a file.
    """
    from stamgast.programs.folders import merchant_folders

    if given and merchant is None and all(os.path.lexists(each) for each in given):
        return list(given), None
    settings = read()
    folders = {folder.name: folder for folder in merchant_folders(settings.config_dir)}
    meant = [folders.get(str(each), each) if not os.path.lexists(each) else each for each in given or ()]
    if merchant is not None:
        if merchant not in folders:
            _fail_for(merchant, folders, settings)
        meant.append(folders[merchant])
    return meant or [settings.config_dir], settings


def _fail_for(name: str, folders: Collection[str], settings: Settings) -> NoReturn:
    from stamgast.programs.folders import MERCHANTS

    near = nearest(name, folders)
    hint = f"; did you mean {near!r}?" if near else ""
    fail(f"there is no merchant {name!r} in {settings.config_dir / MERCHANTS}{hint}")
