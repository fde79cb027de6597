"""What a ContentSid says, from the shops' files on this machine: for whoever shows messages and sends none."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rules.loader import LoadedMerchant, load_merchant
from stamgast.programs.folders import merchant_folders
from stamgast.programs.publish import fingerprint


class ContentTexts:
    """ContentSid -> what it says, as the Content API has it; read anew when files have changed and one is not known."""

    def __init__(self, config_dir: Path) -> None:
        self._config_dir = config_dir
        self._seen: object = None
        self._types: dict[str, dict[str, Any]] = {}

    def types_of(self, sid: str) -> dict[str, Any]:
        """Type -> its text and its buttons; empty where no file says it."""
        if sid not in self._types:
            seen = fingerprint(self._config_dir)
            if seen != self._seen:
                self._seen = seen
                folders = merchant_folders(self._config_dir)
                self._types = {name: types for folder in folders for name, types in types_in(load_merchant(folder))}
        return self._types.get(sid, {})


def types_in(loaded: LoadedMerchant) -> Iterator[tuple[str, dict[str, Any]]]:
    """ContentSids and texts with their buttons of a merchant whose files in contents/ say what they stand for."""
    for name, file in loaded.contents.items():
        for language, sid in loaded.program.templates[name].whatsapp.items():
            if language in file.languages:
                yield sid, file.languages[language].types()
