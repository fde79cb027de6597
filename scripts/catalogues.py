"""Keeps the catalogues of pages: finds what templates and code say, and writes each language's file anew.

    scripts/catalogues.py            # adds what is new, drops what nobody says any more, sorts
    scripts/catalogues.py --check    # 1 if a file would change, or lacks a translation
    scripts/catalogues.py new.tsv    # the same, and takes translations: English, nl, fr and de in a line, tabs between;
                                     # the forms of a plural stand apart by ` | ` (English: its first form alone)

After a merge that left both sides in a file, it takes both: what only one of them has translated stays translated.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from babel.messages.catalog import Catalog  # noqa: E402
from babel.messages.extract import extract_from_dir  # noqa: E402
from babel.messages.pofile import read_po, write_po  # noqa: E402

from stamgast.web.pages.languages import FOLDER, LOCALES, USUAL  # noqa: E402

SAID: Final = ROOT / "stamgast" / "web" / "pages"
_METHODS: Final = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
_WORDS: Final = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "says": (1, 2), "N_": None}
_OPTIONS: Final = {"**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
_PLURALS: Final = {
    "nl": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "de": "nplurals=2; plural=(n != 1);",
}
"""French has two here: the third of CLDR is for "un million de", which no page says."""
_SIDES: Final = (":3:", ":2:")
"""Theirs first: where both have translated, ours stays."""


def found() -> Catalog:
    """Every text that is said."""
    catalogue = Catalog(charset="utf-8")
    for _file, _line, text, _comments, context in extract_from_dir(
        SAID, method_map=_METHODS, options_map=_OPTIONS, keywords=_WORDS, strip_comment_tags=True
    ):
        catalogue.add(text, context=context)
    return catalogue


def kept(language: str) -> Catalog:
    """What was translated, of both sides if a merge has left both."""
    path = FOLDER / f"{language}.po"
    text = path.read_text() if path.exists() else ""
    sides = [text]
    if re.search(r"^<<<<<<< ", text, flags=re.MULTILINE):
        sides = [_side(each, path.name) for each in _SIDES]
    found = read_po(io.StringIO(_head(language)), locale=language)
    for each in sides:
        for message in read_po(io.StringIO(each), locale=language):
            said = message.string if isinstance(message.string, tuple | list) else (message.string or "",)
            forms = tuple(said)[: found.num_plurals if message.pluralizable else 1]
            if message.id and all(forms):
                found.add(message.id, forms if message.pluralizable else forms[0], context=message.context)
    return found


def _side(stage: str, name: str) -> str:
    """The file as one branch has it."""
    shown = subprocess.run(["git", "show", f"{stage}./{name}"], cwd=FOLDER, capture_output=True, check=True)
    return shown.stdout.decode()


def _head(language: str) -> str:
    plurals = f"Plural-Forms: {_PLURALS[language]}"
    lines = (
        f"Language: {language}",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        plurals,
    )
    return 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines) + "\n"


def written(catalogue: Catalog, language: str) -> str:
    """The file's text: sorted, without lines and dates, so that two branches seldom meet in it."""
    file = io.BytesIO()
    write_po(file, catalogue, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True, width=0)
    return _head(language) + file.getvalue().decode().lstrip()


def take(catalogue: Catalog, place: int, table: Path) -> None:
    """Put translations of a table's column where they belong. Raises `SystemExit` for a text that nobody says."""
    by_first = {_first(message.id): message for message in catalogue if message.id}
    for line in filter(None, table.read_text().splitlines()):
        said, *others = line.split("\t")
        message = by_first.get(said)
        if message is None or len(others) != len(LOCALES) - 1:
            raise SystemExit(f"{table}: nobody says this, or a translation is missing: {line!r}")
        forms = tuple(others[place].split(" | "))
        message.string = forms if message.pluralizable else forms[0]


def _first(text: str | list[str] | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else text[0]


def missing(catalogue: Catalog) -> list[str]:
    """Texts without a translation, with one that is a guess, or with other placeholders."""
    wrong = []
    for message in catalogue:
        if not message.id:
            continue
        forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if not all(forms) or message.fuzzy or any(message.check(catalogue)):
            wrong.append(_first(message.id))
    return wrong


def main() -> int:
    """Write the files, or check them; 1 if something is missing."""
    check, tables = "--check" in sys.argv[1:], [Path(each) for each in sys.argv[1:] if each != "--check"]
    said, status = found(), 0
    for place, language in enumerate(each for each in LOCALES if each != USUAL):
        catalogue = kept(language)
        catalogue.update(said, no_fuzzy_matching=True)
        for table in tables:
            take(catalogue, place, table)
        path, text = FOLDER / f"{language}.po", written(catalogue, language)
        if check and text != path.read_text():
            print(f"{path.relative_to(ROOT)} is not what pages say: run scripts/catalogues.py")
            status = 1
        if not check:
            path.write_text(text)
        lacking = missing(catalogue)
        for each in lacking:
            print(f"{path.relative_to(ROOT)}: not translated: {each!r}")
        status = 1 if lacking else status
    return status


if __name__ == "__main__":
    sys.exit(main())
