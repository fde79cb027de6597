import json
import shutil
from pathlib import Path

import pytest

from stamgast.commands.rules import app

CONFIG = Path(__file__).parents[3] / "config"


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        app(args=["new", *(str(each) for each in arguments)], prog_name="stamgast rules")
    return int(ended.value.code or 0)


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STAMGAST_CONFIG_DIR", str(tmp_path / "config"))
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def test_recipes_are_listed(capsys):
    assert run() == 0
    assert "stamp-card" in capsys.readouterr().out
    assert run("--json") == 0
    recipes = json.loads(capsys.readouterr().out)["recipes"]
    assert next(each for each in recipes if each["recipe"] == "stamp-card")["inputs"]["stamps"]["usual"] == {"": "7"}


def test_files_are_written_and_checked(config: Path, capsys):
    assert run("stamp-card", "--merchant", "platenzaak", "--set", "stamps=9", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    folder = config / "merchants/platenzaak"
    assert made["rules"] == ["coffee-full"]
    assert made["failed_tests"] == []
    assert set(made["files"]) == {
        str(folder / name)
        for name in (
            "program.yaml",
            "rules/coffee-full.yaml",
            "templates/en/coffee_full.j2",
            "templates/nl/coffee_full.j2",
        )
    }
    program = (folder / "program.yaml").read_text()
    assert "coffee: {stamps: 9" in program
    for line in (CONFIG / "merchants/platenzaak/program.yaml").read_text().splitlines():
        assert line in program


def test_a_new_rule_shows_an_editor_the_schema_where_there_is_one(config: Path, capsys):
    folder = config / "merchants/platenzaak/rules"
    assert run("stamp-card", "--merchant", "platenzaak", "--usual") == 0
    assert (folder / "coffee-full.yaml").read_text().startswith("rule: ")
    shutil.copytree(CONFIG.parent / "schemas", config.parent / "schemas")
    assert run("birthday", "--merchant", "platenzaak", "--usual") == 0
    [first] = [path.read_text().partition("\n")[0] for path in folder.glob("birthday*.yaml")]
    assert (folder / first.removeprefix("# yaml-language-server: $schema=")).resolve() == (
        config.parent / "schemas/rule.json"
    )


def test_a_dry_run_writes_nothing(config: Path, capsys):
    assert run("stamp-card", "--merchant", "platenzaak", "--dry-run") == 0
    assert "--- rules/coffee-full.yaml" in capsys.readouterr().out
    assert not (config / "merchants/platenzaak/rules/coffee-full.yaml").exists()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["stamp-cart"], 1, "there is no recipe 'stamp-cart'; did you mean 'stamp-card'?"),
        (["verjaardag"], 1, "there is no recipe 'verjaardag'; did you mean 'birthday'?"),
        (["stamp-card", "--set", "stamps"], 2, "--set 'stamps': write it as name=answer"),
        (["stamp-card", "--set", "stamps=many"], 1, '"many" is not a number'),
        (
            ["nearly-there", "--set", "card=none"],
            1,
            "with these answers the files would have errors; nothing was written",
        ),
    ],
)
def test_what_was_not_meant_is_told(words: list[str], code: int, told: str, capsys):
    assert run(*words, "--merchant", "platenzaak") == code
    assert told in capsys.readouterr().err


def test_without_recipes_it_says_where_they_would_be(config: Path, capsys):
    shutil.rmtree(config / "recipes")
    assert run() == 1
    assert f"there is no recipe in {config / 'recipes'}" in capsys.readouterr().err
