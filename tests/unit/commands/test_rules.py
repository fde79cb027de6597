import json
import shutil
from pathlib import Path

import pytest

from rules.loader import load_merchant
from stamgast.commands.publish import tell
from stamgast.commands.rules import app
from stamgast.programs.publish import Published

CONFIG = Path(__file__).parents[3] / "config"


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        app(args=[str(each) for each in arguments], prog_name="stamgast rules")
    return int(ended.value.code or 0)


@pytest.fixture
def bakery(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG / "merchants/bakkerij-noord", tmp_path / "merchants/bakkerij-noord"))


def test_check_finds_nothing_wrong_with_what_we_ship(capsys):
    assert run("check", CONFIG, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["problems"] == []
    assert str(CONFIG / "merchants/bakkerij-noord/rules/free-loaf.yaml") in found["files"]


def test_check_tells_a_problem_and_exits_1(bakery: Path, capsys):
    file = bakery / "rules/free-loaf.yaml"
    file.write_text(file.read_text().replace("give: free_loaf\n", "give: free_lof\n"))
    assert run("check", bakery, "--json") == 1
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem["file"] == str(file)
    assert (problem["line"], problem["column"]) == (14, 11)
    assert problem["message"] == 'unknown reward "free_lof" in `give`'
    assert 'Did you mean "free_loaf"?' in problem["hint"]
    assert run("check", bakery) == 1
    assert "the previous version, if there is one, keeps running" in capsys.readouterr().out


def test_check_of_one_file_tells_only_its_problems(bakery: Path, capsys):
    file = bakery / "rules/free-loaf.yaml"
    file.write_text("rule: x\n")
    assert run("check", bakery / "rules/we-miss-you.yaml", "--json") == 0
    assert run("check", file, "--json") == 1
    assert run("check", bakery.parent.parent) == 1
    assert run("check", bakery / "rules") == 1
    assert run("check", bakery / "templates") == 0
    capsys.readouterr()


def test_check_says_which_rule_waits_for_a_list_and_how_it_is_put_in(bakery: Path, capsys):
    program = bakery / "program.yaml"
    program.write_text(f"{program.read_text()}\naudiences: {{invited: {{file: invited.csv}}}}\n")
    rule = "rule: party\nstatus: live\nwhen: {on: {at: 2027-06-05 10:00, audience: invited}}\nthen: [{tag: invited}]\n"
    (bakery / "rules/party.yaml").write_text(rule)
    assert run("check", bakery, "--json") == 0
    [note] = [each for each in json.loads(capsys.readouterr().out)["notes"] if "list" in each]
    assert note.startswith("bakkerij-noord: party waits at its date for the list invited")
    assert "`stamgast campaign audience party`" in note


def test_check_of_nothing_is_misuse(tmp_path: Path, capsys):
    assert run("check", tmp_path / "none") == 2
    assert run("check", tmp_path) == 2
    assert capsys.readouterr().out == ""


def test_test_runs_every_case(capsys):
    assert run("test", CONFIG, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["passed"], found["failed"]) == (len(found["cases"]), 0)
    assert {case["merchant"] for case in found["cases"]} == {"bakkerij-noord", "platenzaak"}


def test_test_of_one_file_runs_its_cases_and_tells_a_failure(bakery: Path, capsys):
    file = bakery / "rules/free-loaf.yaml"
    file.write_text(file.read_text().replace("2026-10-07 09:00", "2026-10-07 08:00"))
    assert run("test", file, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["passed"], found["failed"]) == (3, 1)
    assert {case["rule"] for case in found["cases"]} == {"free-loaf"}
    assert run("test", file) == 1
    told = capsys.readouterr().out
    assert "did not happen: send: free_loaf at: 2026-10-07 08:00" in told
    assert "send free_loaf at 2026-10-07 09:00" in told


def test_test_of_files_with_errors_exits_1_and_runs_none(bakery: Path, capsys):
    (bakery / "rules/free-loaf.yaml").write_text("rule: x\n")
    assert run("test", bakery, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["cases"] == []
    assert found["problems"]


def test_schema_is_one_json_document(capsys):
    assert run("schema") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Stamgast rule"


def test_publish_quotes_what_is_wrong_as_check_does(bakery: Path, capsys):
    file = bakery / "program.yaml"
    file.write_text(file.read_text().replace("stamps: 7", "stamps: seven"))
    tell(Published("bakkerij-noord", None, None, is_new=False, loaded=load_merchant(bakery), refusal="it has errors"))
    told = capsys.readouterr().err
    assert f'{file}:19:13: `stamps` must be a whole number, not "seven"' in told
    assert "not published, it has errors" in told


MODEL = {
    "model": "mbg_nbd",
    "parameters": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "spend": {"p": 6.25, "q": 3.744, "v": 15.44},
}
BY_MODEL = """\
rule: worth-a-call
description: Somebody who once came often has begun to stay away.
status: live
when: became_at_risk
if:
  - churn_probability: {at_least: 30%}
  - clv: {at_least: 5 EUR, method: net}
then:
  - tag: {add: worth-a-call}
tests:
  - name: three visits and then nothing
    given:
      - {purchase: {of: bread, amount: 12 EUR}, at: 2026-09-01 09:00}
      - {purchase: {of: bread, amount: 12 EUR}, at: 2026-09-08 09:00}
      - {purchase: {of: bread, amount: 12 EUR}, at: 2026-09-15 09:00}
      - {pass: 90 days}
    expect: [{tag: worth-a-call}]
"""


def test_a_rule_on_what_a_model_says_is_tested_with_the_parameters_of_a_fit(bakery: Path, tmp_path: Path, capsys):
    rule, parameters = bakery / "rules/worth-a-call.yaml", tmp_path / "shop.json"
    rule.write_text(BY_MODEL)
    parameters.write_text(json.dumps(MODEL))

    assert run("check", bakery) == 0
    assert run("test", rule) == 1, "without a model nothing is known of chances"
    assert run("test", rule, "--parameters", parameters) == 0
    assert "1 passed, 0 failed" in capsys.readouterr().out


def test_parameters_that_cannot_be_used_are_named(bakery: Path, tmp_path: Path, capsys):
    parameters = tmp_path / "shop.json"
    parameters.write_text(json.dumps(MODEL | {"model": "mbg_nbt"}))

    assert run("test", bakery, "--parameters", parameters) == 1
    assert "there is no model 'mbg_nbt'; did you mean mbg_nbd?" in capsys.readouterr().err


def test_check_reads_each_rule_back_and_counts_them_by_status(capsys):
    assert run("check", CONFIG / "merchants" / "bakkerij-noord") == 0
    told = capsys.readouterr().out
    assert "bakkerij-noord tenth-visit (live): Zodra een klant voor de 10e keer komt: geef het label regular" in told
    assert "bakkerij-noord SMS tenth_visit (nl): at most 1 part\n" in told
    assert told.rstrip().endswith("files, nothing wrong with them. 3 rules: 3 live.")

    assert run("check", CONFIG / "merchants" / "bakkerij-noord" / "rules" / "tenth-visit.yaml", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [(each["rule"], each["status"]) for each in document["rules"]] == [("tenth-visit", "live")]
    assert document["messages"] == []


def test_a_merchant_is_named_in_place_of_a_folder(bakery: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setenv("STAMGAST_CONFIG_DIR", str(bakery.parent.parent))
    for words in (["bakkerij-noord"], ["--merchant", "bakkerij-noord"]):
        assert run("check", *words) == 0
        assert run("test", *words) == 0
    assert run("check", "--merchant", "bakkerij-nord") == 1
    assert "did you mean 'bakkerij-noord'?" in capsys.readouterr().err


def test_a_folder_without_a_programme_is_told_of_wherever_it_is_met(
    bakery: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    monkeypatch.setenv("STAMGAST_CONFIG_DIR", str(bakery.parent.parent))
    empty = bakery.parent / "ijssalon"
    empty.mkdir()
    for words in (["check"], ["check", empty], ["test"], ["backtest", "--merchant", "ijssalon", "--data", "none.csv"]):
        assert run(*words) == 1
        assert "ijssalon/program.yaml:1:1: program.yaml is missing" in "".join(capsys.readouterr()), words


def test_check_tells_of_a_rule_that_is_over(bakery: Path, capsys):
    rule = bakery / "rules/tenth-visit.yaml"
    rule.write_text(rule.read_text().replace("status: live", "status: live\nends: 2020-01-01"))
    assert run("check", bakery) == 0
    assert "this rule never fires: its last day was 2020-01-01" in capsys.readouterr().out
