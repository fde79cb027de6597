"""What docs/clv.md shows is what the commands say."""

import json
import re
from pathlib import Path

from typer.testing import CliRunner

from rules.loader import load_bundle
from stamgast.commands.clv import app
from tests.builders import sure

PAGE = (Path(__file__).parents[3] / "docs/clv.md").read_text()
ANNA_AND_BEN = sure(re.search(r"^```csv\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL))[1]
SHOP = json.loads(sure(re.search(r"^```json\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL))[1])
PROGRAM = """\
name: Bakery
merchant: bakery
currency: EUR
time_zone: Europe/Amsterdam
languages: [nl]
stores: {shop: {}}
"""


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def _spent(customer: str) -> int:
    rows = (line.split(",") for line in ANNA_AND_BEN.splitlines())
    return sum(int(amount) for name, _, amount in rows if name == customer)


def test_sums_by_hand_are_those_of_the_page():
    command, answer = sure(re.search(r"^\$ stamgast clv (.*)\n(.*)$", PAGE, flags=re.MULTILINE)).groups()
    assert run(*command.split()).strip() == answer
    assert run("profit", "--profit", 12, "--purchases", 28.35).strip().endswith("= 340.20")
    assert "€340.20" in PAGE
    for timing, value in (("end", "282.01"), ("mid", "295.77")):
        assert f"= {value} " in run("npv", "--profit", 113.40, "--years", 3, "--timing", timing)
        assert f"€{value}" in PAGE


def test_anna_and_ben_are_worth_what_the_page_says(tmp_path):
    data, parameters = tmp_path / "sales.csv", tmp_path / "shop.json"
    data.write_text(ANNA_AND_BEN)
    parameters.write_text(json.dumps(SHOP))
    asked = ("--as-of", "2026-08-24", "--parameters", parameters, "--margin", "30%", "--acquisition-cost", 20)

    anna, ben = json.loads(run("score", "--data", data, *asked, "--json"))

    for name, digits in (
        ("expected_spend", 2),
        ("predicted", 2),
        ("historic", 2),
        ("net", 2),
        ("expected_purchases", 2),
    ):
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}`"))
        assert [cell.strip() for cell in row.split("|")[2:4]] == [f"{each[name]:.{digits}f}" for each in (anna, ben)]
    for name in ("p_alive", "p_buy"):
        row = next(line for line in PAGE.splitlines() if f"(`{name}`)" in line and line.startswith("|"))
        assert [cell.strip() for cell in row.split("|")[2:4]] == [
            f"{each[name]:.0%}".replace("%", " %") for each in (anna, ben)
        ]
    assert f"bought six times for €{_spent('anna')} in all" in PAGE
    row = next(line for line in PAGE.splitlines() if line.startswith("| `next_lapse`"))
    assert [cell.strip() for cell in row.split("|")[2:4]] == [anna["next_lapse"], ben["next_lapse"]]
    assert (anna["x"], anna["t_x"], anna["T"]) == (5, 30, 33)
    assert "8.104 x 39.61 x 0.30 = 96.30" in PAGE
    assert round(8.104 * 39.61 * 0.30, 2) == round(anna["predicted"], 2)


def test_the_rule_and_the_program_of_the_page_are_right():
    rule, program = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    head = "rule: careful\ndescription: Somebody valuable seems to leave.\nstatus: live\n"
    files = {
        "program.yaml": PROGRAM + program,
        "rules/careful.yaml": head + rule + "then:\n  - tag: {add: worth-a-call}\n",
    }

    loaded = load_bundle(files, "bakery", SHOP)

    assert [str(problem) for problem in loaded.problems] == []
    assert len(loaded.program.closed.days) == 15
