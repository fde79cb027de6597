"""Where merchants' files stand: a folder each, in `merchants/` of STAMGAST_CONFIG_DIR."""

from pathlib import Path
from typing import Final

MERCHANTS: Final = "merchants"


def merchant_folders(config_dir: Path) -> list[Path]:
    """Return the folder of every merchant, by name; also one whose programme is not written yet."""
    return _folders_in(config_dir / MERCHANTS)


def folders_at(path: Path, holds: str) -> list[Path]:
    """Return the merchants' folders at, below or above a path. `holds` is the file that tells one.

    Raises:
        OSError: the path is no name that a file can have, or is kept from us.
    """
    if path.is_dir():
        if (path / holds).is_file():
            return [path]
        merchants = path if path.name == MERCHANTS else path / MERCHANTS
        below = _folders_in(merchants) or sorted(each.parent for each in path.glob(f"*/{holds}"))
        if below:
            return below
        if path.resolve().parent.name == MERCHANTS:
            return [path]
    if not path.exists():
        return []
    return next(([each] for each in path.parents if (each / holds).is_file()), [])


def _folders_in(merchants: Path) -> list[Path]:
    return sorted(folder for folder in merchants.iterdir() if folder.is_dir()) if merchants.is_dir() else []
