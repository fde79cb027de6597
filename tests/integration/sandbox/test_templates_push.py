"""`stamgast templates push|status|diff|preview` against the Content API: what is pushed once is not pushed again."""

import json
import shutil
from pathlib import Path

import httpx
import pytest

from rules.loader import load_merchant
from rules.program.content_lock import LOCK, read_lock
from stamgast.commands.templates import app

CONFIG = Path(__file__).parents[3] / "config"
NAMED = "whatsapp:"


@pytest.fixture
def bakery(tmp_path: Path, monkeypatch) -> Path:
    folder = Path(shutil.copytree(CONFIG / "merchants/bakkerij-noord", tmp_path / "merchants/bakkerij-noord"))
    lines = (folder / "program.yaml").read_text().splitlines(keepends=True)
    kept = [line for line in lines if NAMED not in line and ": HX" not in line]
    (folder / "program.yaml").write_text("".join(kept))
    monkeypatch.setenv("STAMGAST_CONFIG_DIR", str(tmp_path))
    return folder


@pytest.fixture
def account(sandbox, monkeypatch) -> str:
    for name, value in {
        "BASE_URL": sandbox.base_url, "ACCOUNT_SID": "ACsandbox" + "0" * 25, "API_KEY": "SKsandbox", "API_SECRET": "secret",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"STAMGAST_TWILIO_{name}", value)
    return str(sandbox.base_url)


@pytest.fixture
def run(capsys):
    def command(*arguments: str, code: int = 0) -> list[dict[str, object]]:
        with pytest.raises(SystemExit) as ended:
            app(args=[*arguments, "--json"], prog_name="stamgast")
        out = capsys.readouterr()
        assert int(ended.value.code or 0) == code, out.err
        return json.loads(out.out)

    return command


def there(account: str) -> list[dict[str, object]]:
    answer = httpx.get(f"{account}/v1/Content", auth=("ACsandbox" + "0" * 25, "secret"), trust_env=False)
    return answer.raise_for_status().json()["contents"]


def change(folder: Path, word: str, other: str) -> None:
    file = folder / "contents/free_loaf.yaml"
    file.write_text(file.read_text().replace(word, other))


def sent(folder: Path) -> dict[str, str]:
    return dict(load_merchant(folder).program.templates["free_loaf"].whatsapp)


def test_each_text_is_pushed_once_and_sent_from_the_next_publish_on(account, bakery, run):
    assert not sent(bakery)
    rows = run("push")
    assert {(row["template"], row["language"], row["became"]) for row in rows} == {
        (template, language, "pushed") for template in ("free_loaf", "we_miss_you") for language in ("nl", "fr")
    }
    assert [row["became"] for row in run("push")] == ["same"] * 4
    assert len(there(account)) == 4
    assert {row["approval"] for row in run("status")} == {"approved"}
    loaded = load_merchant(bakery)
    assert loaded.problems == ()
    assert sent(bakery) == {row["language"]: row["sid"] for row in rows if row["template"] == "free_loaf"}


def test_a_changed_text_waits_for_its_approval_and_the_old_one_goes_on(account, bakery, run):
    run("push")
    run("status")
    old = sent(bakery)["nl"]
    change(bakery, "ligt voor je klaar", "ligt klaar")
    [changed] = [row for row in run("diff", code=1) if row["state"] != "same"]
    assert (changed["template"], changed["language"]) == ("free_loaf", "nl")
    assert any(line.startswith("+") and "ligt klaar" in line for line in changed["difference"])
    [pushed] = [row for row in run("push") if row["became"] == "pushed"]
    assert pushed["sid"] != old
    assert sent(bakery)["nl"] == old
    run("status")
    assert sent(bakery)["nl"] == pushed["sid"]
    change(bakery, "ligt klaar", "ligt voor je klaar")
    [found] = [row for row in run("push") if row["became"] != "same"]
    assert (found["became"], found["sid"]) == ("found", old)
    assert sent(bakery)["nl"] == old
    assert run("diff")


def test_a_push_that_died_before_it_could_note_what_it_made_makes_nothing_twice(account, bakery, run):
    first = run("push")
    (bakery / LOCK).unlink()
    again = run("push")
    assert {row["became"] for row in again} == {"found"}
    assert {row["sid"] for row in again} == {row["sid"] for row in first}
    assert len(there(account)) == 4


def test_what_was_rejected_is_told_with_the_next_look(account, bakery, run):
    run("push")
    lock = read_lock((bakery / LOCK).read_text())
    sid = lock["free_loaf"]["fr"].held.sid
    paused = {sid: {"text": "…", "approval": "paused"}}
    httpx.post(f"{account}/sandbox/contents", json=paused, trust_env=False).raise_for_status()
    states = {(row["template"], row["language"]): row["approval"] for row in run("status")}
    assert states["free_loaf", "fr"] == "paused"
    assert any("is paused by WhatsApp" in each.message for each in load_merchant(bakery).problems)


def test_content_sids_that_program_yaml_names_are_left_alone(account, tmp_path, monkeypatch, run):
    shutil.copytree(CONFIG / "merchants/bakkerij-noord", tmp_path / "merchants/bakkerij-noord")
    monkeypatch.setenv("STAMGAST_CONFIG_DIR", str(tmp_path))
    assert {row["became"] for row in run("push")} == {"named"}
    assert there(account) == []


def test_a_preview_shows_each_language_and_customer_with_parts_and_needs_no_network(bakery, run):
    rows = run("preview", "free_loaf")
    assert {(row["language"], row["channel"]) for row in rows} == {
        (language, channel) for language in ("nl", "fr") for channel in ("sms", "whatsapp")
    }
    assert all(row["text"] for row in rows)
    assert {row["parts"] for row in rows if row["channel"] == "sms"} == {1, 2}
    [dutch, *_] = [row for row in rows if (row["language"], row["channel"]) == ("nl", "whatsapp")]
    assert "Een gratis brood ligt voor je klaar: toon de code 3FF-KLMN-PQRS" in dutch["text"]


def test_a_template_that_there_is_not_is_misuse_with_the_nearest(bakery, capsys):
    with pytest.raises(SystemExit) as ended:
        app(args=["push", "free_loav"], prog_name="stamgast")
    assert ended.value.code == 2
    assert "free_loaf" in capsys.readouterr().err
