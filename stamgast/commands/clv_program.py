"""What the commands of `stamgast clv` take from a merchant's own files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.yaml.problems import nearest
from stamgast.commands.answering import fail, read_settings, say

if TYPE_CHECKING:
    from stamgast.domain.program import Program


def program_of(merchant: str) -> Program:
    """Read a merchant's programme from the folder of settings; exit with 1 if it cannot be used."""
    from rules.loader import load_merchant
    from stamgast.programs.folders import MERCHANTS, merchant_folders

    config_dir = read_settings().config_dir
    known = {folder.name: folder for folder in merchant_folders(config_dir)}
    if merchant not in known:
        near = nearest(merchant, known)
        hint = f"; is it {near!r}?" if near else f"; there are: {', '.join(known) or 'none'}"
        fail(f"there is no merchant {merchant!r} in {config_dir / MERCHANTS}{hint}")
    loaded = load_merchant(known[merchant])
    if not loaded.ok:
        for problem in loaded.problems:
            say(problem.render())
        fail(f"{known[merchant]} cannot be used; `stamgast rules check` says the same")
    return loaded.program
