import json
import shutil
from pathlib import Path

import pytest

from rules.loader import load_merchant
from stamgast.commands import rules_backtest
from stamgast.commands.rules import app
from stamgast.programs.launches import Launch
from stamgast.programs.record import BundleRecord, changed
from stamgast.programs.writer import InForce

BAKERY = Path(__file__).parents[3] / "config/merchants/bakkerij-noord"


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        app(args=["backtest", *(str(each) for each in arguments)], prog_name="stamgast rules")
    return int(ended.value.code or 0)


@pytest.fixture(autouse=True)
def bakery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STAMGAST_CONFIG_DIR", str(tmp_path / "config"))
    return Path(shutil.copytree(BAKERY, tmp_path / "config/merchants/bakkerij-noord"))


@pytest.fixture
def till(tmp_path: Path) -> Path:
    file = tmp_path / "till.csv"
    days = "".join(f"noor,2026-09-{day:02} 08:15,3.20,dok-noord,bread\n" for day in range(1, 22))
    file.write_text("customer,date,amount,store,category\n" + days)
    return file


def test_it_says_what_would_have_been_given_and_sent(till: Path, capsys):
    assert run("free-loaf", "tenth-visit", "--data", till, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["from"], found["to"], found["customers"], found["purchases"]) == ("2026-09-01", "2026-09-21", 1, 21)
    assert found["rules"]["free-loaf"]["given"] == 3
    assert found["rules"]["tenth-visit"]["fired"] == 1
    assert found["difference"] is None


def test_who_joins_in_a_file_is_welcomed(bakery: Path, till: Path, capsys):
    (bakery / "rules/hello.yaml").write_text("rule: hello\nwhen: joined\nthen:\n  - send: tenth_visit\n    by: [sms]\n")
    assert run("hello", "--data", till, "--json") == 0
    hello = json.loads(capsys.readouterr().out)["rules"]["hello"]
    assert (hello["would_send"], hello["withheld"]) == (1, {})


def test_it_tells_people_in_words(till: Path, capsys):
    assert run("--data", till) == 0
    told = capsys.readouterr().out
    assert "1 customer, 21 purchases from 2026-09-01 to 2026-09-21." in told
    assert "everybody counts as having agreed to every message" in told
    assert "free-loaf" in told


def test_times_are_those_of_the_shops_clock_and_what_has_no_price_is_not_said_to_be_free(
    bakery: Path, till: Path, capsys
):
    assert run("tenth-visit", "--data", till) == 0
    told = capsys.readouterr().out
    assert "  2026-09-10 09:00 tenth-visit by sms (nl): " in told
    assert "what messages cost is not known: program.yaml has no `prices:`" in told
    with (bakery / "program.yaml").open("a") as file:
        file.write("prices: {sms: {NL: 0.08 EUR}}\n")
    assert run("tenth-visit", "--data", till) == 0
    assert "not known" not in capsys.readouterr().out


def test_what_was_launched_stays_launched_as_it_would_when_the_files_are_published(
    bakery: Path, till: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    rule = bakery / "rules/tenth-visit.yaml"
    rule.write_text(rule.read_text().replace("status: live", "status: draft"))
    record = BundleRecord(merchant="bakkerij-noord", hash="", files=dict(load_merchant(bakery).files))
    live = changed(record, launched={"tenth-visit": Launch("live", "draft", 1)})
    monkeypatch.setattr(rules_backtest, "_published", lambda *_: {7: InForce(7, live)})
    assert run("--data", till, "--against", "live") == 0
    assert "nothing changes against" in capsys.readouterr().out


def test_a_page_shows_the_same(till: Path, tmp_path: Path, capsys):
    pytest.importorskip("matplotlib")
    assert run("tenth-visit", "--data", till, "--report", tmp_path / "past.html") == 0
    page = (tmp_path / "past.html").read_text()
    assert "What the rules of bakkerij-noord would have done from 2026-09-01 to 2026-09-21" in page
    assert "<th>tenth-visit</th><td>1</td>" in page
    assert run("--data", till, "--report", tmp_path / "none/past.html") == 1
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["free-lof"], 1, "there is no rule 'free-lof'; did you mean 'free-loaf'?"),
        (["--merchant", "bakkerij-nord"], 1, "did you mean 'bakkerij-noord'?"),
        (["--from", "1/9/2026"], 2, "--from is '1/9/2026'; write it as 1997-09-30"),
        (["--from", "2026-09-30", "--to", "2026-09-01"], 2, "--to is before --from"),
        (["--data", "none.csv"], 1, "none.csv: No such file or directory"),
    ],
)
def test_what_was_not_meant_is_told(till: Path, words: list[str], code: int, told: str, capsys):
    assert run(*(words if "--data" in words else [*words, "--data", till])) == code
    assert told in capsys.readouterr().err


def test_files_with_errors_are_not_run(bakery: Path, till: Path, capsys):
    (bakery / "rules/free-loaf.yaml").write_text("rule: free-loaf\n")
    assert run("--data", till) == 1
    assert "the files of bakkerij-noord have errors; nothing was run" in capsys.readouterr().err


def test_of_several_merchants_one_is_named(bakery: Path, till: Path, capsys):
    shutil.copytree(BAKERY.parent / "platenzaak", bakery.parent / "platenzaak")
    assert run("--data", till) == 2
    assert "say --merchant, one of bakkerij-noord, platenzaak" in capsys.readouterr().err
    assert run("--data", till, "--merchant", "platenzaak") == 0
