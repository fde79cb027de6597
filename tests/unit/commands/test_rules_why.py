"""`stamgast rules why` is told the merchant first, or by --merchant as other commands are."""

import pytest
from typer.testing import CliRunner

from stamgast.commands import finding, rules


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Whom the command looked for."""
    found: list[tuple[str, str]] = []

    def find(_settings, merchant: str, identifier: str) -> None:
        found.append((merchant, identifier))
        raise SystemExit(0)

    monkeypatch.setattr(finding, "find", find)
    return found


@pytest.mark.parametrize(
    "words",
    [
        ("bakker", "0612345678"),
        ("--merchant", "bakker", "0612345678"),
        ("0612345678", "--merchant", "bakker"),
        ("--merchant", "bakker", "bakker", "0612345678"),
    ],
)
def test_the_merchant_comes_first_or_with_its_option(asked: list[tuple[str, str]], words: tuple[str, ...]):
    assert CliRunner().invoke(rules.app, ["why", *words]).exit_code == 0
    assert asked == [("bakker", "0612345678")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name the merchant"),
        (("bakker", "0612345678", "--merchant", "slager"), "two merchants are named, bakker and --merchant slager"),
        (("--merchant", "bakker"), "name a customer, or a rule with --rule"),
    ],
)
def test_what_is_missing_or_said_twice_is_told(asked: list[tuple[str, str]], words: tuple[str, ...], said: str):
    done = CliRunner().invoke(rules.app, ["why", *words])
    assert done.exit_code == 2
    assert said in done.output
    assert not asked
