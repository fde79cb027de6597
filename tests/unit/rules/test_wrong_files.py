"""Some seven hundred wrong files, each with the message that a marketer reads: `tests/golden/mistakes/<kind>.txt`.

A case is its name, the file, the file's text and all that is told of it. `STAMGAST_GOLDEN=write` writes what is told now
into the files, to be read and judged before it is kept.
"""

import os
from pathlib import Path
from typing import NamedTuple

import pytest

from rules.advice import advise
from rules.advice.rule_text import rule_texts
from rules.loader import LoadedMerchant, load_bundle
from rules.read_back import read_back
from rules.yaml.problems import Problem
from tests.unit.rules.small_shop import HELLO, PROGRAM

FOLDER = Path(__file__).parents[2] / "golden" / "mistakes"
KINDS = sorted(FOLDER.glob("*.txt"))
CASE, FILE, TOLD = "=== ", "@ ", "--- told"
LEAST = 600


class Case(NamedTuple):
    """A wrong file and what is told of it."""

    name: str
    file: str
    text: str
    told: str

    def written(self, told: str) -> str:
        """As it stands in a golden file."""
        return f"{CASE}{self.name}\n{FILE}{self.file}\n{self.text}{TOLD}\n{told}\n"


def cases_of(path: Path) -> list[Case]:
    found = []
    for part in path.read_text(encoding="utf-8").split(f"\n{CASE}")[1:]:
        name, file, rest = part.split("\n", 2)
        text, _, told = rest.partition(f"{TOLD}\n")
        found.append(Case(name, file.removeprefix(FILE), text, told.strip("\n")))
    return found


def loaded_with(case: Case) -> LoadedMerchant:
    return load_bundle({"program.yaml": PROGRAM, "templates/nl/hello.j2": HELLO, case.file: case.text})


def problems_of(case: Case) -> list[Problem]:
    return [each for each in loaded_with(case).problems if each.file == case.file]


def told_of(case: Case) -> str:
    return "\n\n".join(each.render() for each in problems_of(case))


@pytest.mark.parametrize("path", KINDS, ids=lambda path: path.stem)
def test_each_mistake_is_told_as_it_stands_in_its_golden_file(path: Path):
    cases = cases_of(path)
    if os.environ.get("STAMGAST_GOLDEN") == "write":
        head = path.read_text(encoding="utf-8").split(f"\n{CASE}")[0]
        path.write_text(head + "\n" + "\n".join(case.written(told_of(case)) for case in cases), encoding="utf-8")
    for case in cases:
        assert told_of(case) == case.told, f"{path.name}: {case.name}"


REMEDY_WITHIN = "this is not the text of a template: "


def test_whoever_made_a_mistake_is_told_what_to_do():
    for path in KINDS:
        for case in cases_of(path):
            for problem in problems_of(case):
                assert problem.hint or problem.message.startswith(REMEDY_WITHIN), f"{path.name}: {problem.render()}"


def test_there_are_six_hundred_of_them_and_each_is_told_with_its_place():
    cases = [case for path in KINDS for case in cases_of(path)]
    assert len({(case.file, case.text) for case in cases}) >= LEAST
    for case in cases:
        assert case.told.startswith(f"{case.file}:"), case.name
        for strange in ("None", "Traceback", "<block", "simple key", "mapping values", "on our side"):
            assert strange not in case.told, case.name


def test_a_wrong_file_is_read_back_and_advised_on_as_far_as_it_goes():
    for path in KINDS:
        for case in cases_of(path):
            loaded = loaded_with(case)
            advise(loaded, "")
            for text in rule_texts(loaded, ""):
                assert read_back(text.root, text.rule, loaded.program).endswith("."), f"{path.name}: {case.name}"
