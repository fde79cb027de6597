"""How commands find the one merchant whose files they are asked about, and what they say if they cannot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stamgast.commands.answering import fail, misuse, say
from stamgast.domain.spelling import nearest

if TYPE_CHECKING:
    from rules.loader import LoadedMerchant
    from stamgast.settings import Settings


def files_of(settings: Settings, merchant: str | None) -> tuple[Path, LoadedMerchant]:
    """Return folder and files of the named merchant, or of the only one; say what is wrong and exit if it cannot be."""
    from rules.yaml.problems import render_problems
    from stamgast.programs.publish import MERCHANTS, merchant_folders
    from stamgast.programs.rule_files import files_at

    folders = {folder.name: folder for folder in merchant_folders(settings.config_dir)}
    where = settings.config_dir / MERCHANTS
    if not folders:
        fail(f"there is no merchant in {where}")
    if merchant is None and len(folders) > 1:
        misuse(f"whose rules? say --merchant, one of {', '.join(folders)}")
    name = merchant or next(iter(folders))
    if name not in folders:
        near = nearest(name, folders)
        fail(f"there is no merchant {name!r} in {where}" + (f"; did you mean {near!r}?" if near else ""))
    (loaded,) = files_at([folders[name]]).loaded
    if not loaded.ok:
        say(render_problems(loaded.problems))
        fail(f"the files of {name} have errors; nothing was run")
    return folders[name], loaded
