"""What a ContentSid says, from the shops' files on this machine: for whoever shows messages and sends none."""

from collections.abc import Iterator
from pathlib import Path

from rules.loader import LoadedMerchant, load_merchant
from stamgast.programs.folders import merchant_folders
from stamgast.programs.publish import fingerprint


class ContentTexts:
    """ContentSid -> text with its places, of all merchants; read anew when files have changed and one is not known."""

    def __init__(self, config_dir: Path) -> None:
        self._config_dir = config_dir
        self._seen: object = None
        self._texts: dict[str, str] = {}

    def text_of(self, sid: str) -> str:
        """The text; empty where no file says it."""
        if sid not in self._texts:
            seen = fingerprint(self._config_dir)
            if seen != self._seen:
                self._seen = seen
                folders = merchant_folders(self._config_dir)
                self._texts = {name: text for folder in folders for name, text in texts_in(load_merchant(folder))}
        return self._texts.get(sid, "")


def texts_in(loaded: LoadedMerchant) -> Iterator[tuple[str, str]]:
    """ContentSids and texts of a merchant whose files in contents/ say what they stand for."""
    for name, file in loaded.contents.items():
        for language, sid in loaded.program.templates[name].whatsapp.items():
            if language in file.languages:
                yield sid, file.languages[language].shown()
