"""A small shop in memory, and one rule of it at a time."""

from collections.abc import Callable

import pytest

from rules.engine import CompiledRule, View
from rules.loader import LoadedMerchant
from stamgast.domain.customer import Customer
from stamgast.domain.facts import Fact
from stamgast.domain.program import Program
from tests.unit.rules import small_shop


@pytest.fixture
def load() -> Callable[..., LoadedMerchant]:
    return small_shop.load


@pytest.fixture
def rule(load: Callable[..., LoadedMerchant]) -> Callable[..., CompiledRule]:
    """The compiled rule of a text that has nothing wrong with it."""

    def compile_rule(text: str) -> CompiledRule:
        loaded = load(text)
        assert [problem.render() for problem in loaded.problems] == []
        return loaded.rules.all[0]

    return compile_rule


@pytest.fixture
def program(load: Callable[..., LoadedMerchant]) -> Program:
    return load().program


@pytest.fixture
def view(program: Program) -> Callable[..., View]:
    def view(fact: Fact, customer: Customer | None = None, at: int = 0) -> View:
        return View(customer or Customer(), program, at, fact)

    return view
