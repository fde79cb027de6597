"""What is easily forgotten with a new word of the rule language, and would be missed by nobody."""

import importlib
import inspect
from pathlib import Path
from types import ModuleType

import pytest

from rules.language import actions, conditions, triggers
from rules.language.actions import ACTIONS
from rules.language.conditions import CONDITIONS
from rules.language.registry import Word
from rules.language.triggers import TRIGGERS
from stamgast.domain.facts import Fact
from tests.unit.rules.small_shop import WITH_QUESTION, bought

BOUGHT = Fact("purchase", "till:1", purchase=bought(category="bread"))
REGISTERED = {type(word) for registry in (TRIGGERS, CONDITIONS, ACTIONS) for word in registry.words.values()}


@pytest.mark.parametrize("package", [actions, conditions, triggers], ids=lambda package: package.__name__)
def test_every_module_of_words_is_imported_by_its_package(package: ModuleType):
    assert modules_in(package) <= set(package.__all__)


@pytest.mark.parametrize("package", [actions, conditions, triggers], ids=lambda package: package.__name__)
def test_every_word_that_is_written_is_registered(package: ModuleType):
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in sorted(modules_in(package))]
    written = {
        each
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Word) and "name" in vars(each)
    }
    assert written <= REGISTERED


@pytest.mark.parametrize("name", CONDITIONS.words)
def test_a_condition_that_asks_about_a_purchase_says_so(load, view, name: str):
    """`needs_purchase` lets `rules check` refuse it beside a trigger without one, where it could never be met."""
    example = CONDITIONS.words[name].example()
    when = "" if "when:" in example else "when: purchase\n"
    loaded = load(f"rule: example\n{when}{example}\nthen: [{{tag: seen}}]\n", WITH_QUESTION)
    condition = loaded.rules.all[0].condition
    with_one, without = (condition.test(view(fact)) for fact in (BOUGHT, Fact("lapsing", "quiet:1")))
    assert condition.needs_purchase == (with_one is not None and without is None)


def modules_in(package: ModuleType) -> set[str]:
    return {file.stem for file in Path(str(package.__file__)).parent.glob("*.py")} - {"__init__"}
