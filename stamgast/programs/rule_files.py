"""Which merchants' files a person means by the paths they give to `stamgast rules`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rules.advice import advise
from rules.advice.rule_text import rule_texts
from rules.loader import PROGRAM, LoadedMerchant, load_merchant
from rules.program.approved_contents import APPROVED
from rules.program.content_lock import LOCK
from rules.program.message_size import size_of
from rules.yaml.problems import Problem
from stamgast.domain.units import Millis
from stamgast.programs.folders import folders_at
from stamgast.programs.told_rules import ToldRule, told


@dataclass(frozen=True, slots=True)
class Chosen:
    """Merchants' folders and what is in them; `only` names single files if such were asked for."""

    folders: tuple[Path, ...]
    loaded: tuple[LoadedMerchant, ...]
    only: frozenset[Path]
    complaint: str = ""

    def covers(self, file: str) -> bool:
        """Whether a file was asked for."""
        return not self.only or Path(file).resolve() in self.only or not self._is_narrowed(Path(file).resolve())

    def _is_narrowed(self, file: Path) -> bool:
        """Whether, of the file's merchant, single files were asked for."""
        folders = [folder.resolve() for folder in self.folders]
        home = next((folder for folder in folders if file.is_relative_to(folder)), None)
        return home is not None and any(each.is_relative_to(home) for each in self.only)

    def problems(self, *, whole_merchants: bool = False) -> list[Problem]:
        """All problems, in the order of files and lines; of single files only theirs."""
        found = [problem for loaded in self.loaded for problem in loaded.problems]
        return [each for each in found if whole_merchants or self.covers(each.file)]

    def advice(self, now: Millis) -> list[Problem]:
        """What is right and perhaps not meant, in the files that were asked for."""
        found = [
            problem
            for folder, loaded in zip(self.folders, self.loaded, strict=True)
            for problem in advise(loaded, f"{folder}/", now)
        ]
        return [each for each in found if self.covers(each.file)]

    def rules(self) -> list[ToldRule]:
        """Every rule that was asked for and can be read, in one sentence."""
        found = []
        for folder, loaded in zip(self.folders, self.loaded, strict=True):
            texts = rule_texts(loaded, f"{folder}/")
            found += [told(text, loaded) for text in texts if self.covers(text.source.file)]
        return found

    def messages(self) -> list[dict[str, Any]]:
        """What the SMS of each template that was asked for comes to at most, by language."""
        found = []
        for folder, loaded in zip(self.folders, self.loaded, strict=True):
            program = loaded.program
            for template in program.templates.values():
                for language, text in template.sms.items():
                    if not self.covers(f"{folder}/templates/{language}/{template.id}.j2"):
                        continue
                    size = size_of(program, template.id, language, text)
                    if size is not None:
                        found.append(
                            {
                                "merchant": program.merchant,
                                "template": template.id,
                                "language": language,
                                "parts": size.parts.count,
                                "price": size.price,
                            }
                        )
        return found

    def notes(self) -> list[str]:
        """What could be looked at as well, and is not; and lists that somebody has to put in."""
        lists = [
            f"{loaded.program.merchant}: {rule.id} waits at its date for the list {audience.name}; "
            f"`stamgast campaign audience {rule.id}` puts it in, once it is published"
            for loaded in self.loaded
            for rule in loaded.rules.scheduled
            if (audience := rule.trigger.audience) is not None and audience.file
        ]
        return lists + [
            f"{loaded.program.merchant}: whether `variables` fit what WhatsApp approved is not known here; "
            "`stamgast templates fetch` asks Twilio"
            for folder, loaded in zip(self.folders, self.loaded, strict=True)
            if not (folder / APPROVED).is_file() and _named_by_hand(loaded)
        ]

    def file_names(self) -> list[str]:
        """The files that were read, as problems name them."""
        names = [
            f"{folder}/{name}"
            for folder, loaded in zip(self.folders, self.loaded, strict=True)
            for name in loaded.files
        ]
        return sorted(name for name in names if self.covers(name))


def _named_by_hand(loaded: LoadedMerchant) -> bool:
    """Whether program.yaml names ContentSids: what was pushed from contents/ is known by its lock file."""
    pushed = loaded.files.get(LOCK, "")
    return any(sid not in pushed for each in loaded.program.templates.values() for sid in each.whatsapp.values())


def files_at(paths: Sequence[Path], clv: Mapping[str, Any] | None = None) -> Chosen:
    """Find the merchants' folders at, above or below the paths. Without any, `complaint` says so.

    `clv` is a parameter set that a fit gave, taken for that of all of them.
    """
    folders: dict[Path, None] = {}
    only: set[Path] = set()
    for path in paths:
        try:
            found = folders_at(path, PROGRAM)
        except OSError as error:  # a name that no file can have, or one that is kept from us
            return Chosen((), (), frozenset(), f"{path}: {error.strerror}")
        if not found:
            return Chosen((), (), frozenset(), f"{path}: this is not a merchant's folder (one with a {PROGRAM})")
        folders.update(dict.fromkeys(found))
        if path.is_file() or (path.is_dir() and found[0] != path and path.resolve().is_relative_to(found[0].resolve())):
            only |= {each.resolve() for each in ([path] if path.is_file() else path.rglob("*"))}
    loaded = tuple(load_merchant(folder, clv) for folder in folders)
    return Chosen(tuple(folders), loaded, frozenset(only))
