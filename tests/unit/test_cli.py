"""The command line, run as a person runs it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import stamgast.commands
from stamgast.cli import COMMANDS, module_of

FOLDER = Path(stamgast.commands.__file__).parent


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("STAMGAST_")}
    env |= {f"STAMGAST_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "stamgast.cli", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=180)


def test_the_menu_names_every_command():
    done = run()

    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


def test_an_unknown_command_is_misuse_and_the_nearest_is_named():
    done = run("topic")

    assert done.returncode == 2
    assert "did you mean `stamgast topics`?" in done.stderr


def test_what_is_no_text_is_misuse_of_every_command():
    command: list[str | bytes] = [sys.executable, "-m", "stamgast.cli", "keys", "public", b"\xff\xfe"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)

    assert (done.returncode, done.stderr) == (2, "stamgast: an argument is no text in UTF-8\n")


@pytest.mark.parametrize("words", [("rules", "check"), ("dead-letters", "replay", "x", "--value")])
def test_a_name_that_no_file_can_have_is_misuse(words: tuple[str, ...]):
    done = run(*words, "é" * 300)

    assert done.returncode == 2
    assert "File name too long" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_poster_gets_its_code_as_a_link_and_as_a_picture(tmp_path: Path):
    config = Path(__file__).parents[2] / "config"
    file = tmp_path / "brood.svg"
    done = run(
        "join", "qr", "BROOD", "--merchant", "bakkerij-noord", "--to", str(file), "--json", CONFIG_DIR=str(config)
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["words"], told["link"]) == ("JOIN BROOD", "https://wa.me/31970102345?text=JOIN%20BROOD")
    assert file.read_text().startswith("<?xml")
    listed = run("join", "list", "--merchant", "bakkerij-noord", "--json", CONFIG_DIR=str(config))
    links = {each["code"]: each["links"] for each in json.loads(listed.stdout)["codes"]}
    assert links["korenmarkt"]["sms"] == "sms:+31970102345?body=JOIN%20KORENMARKT"
    for words, said in {
        ("brod", "x.svg"): "did you mean 'brood'?",
        ("brood", "x.jpg"): "end it in one of .svg, .png",
        ("brood", "nowhere/x.svg"): "cannot be written",
        ("brood", "x.svg", "--channel", "signal"): 'there is no channel "signal"',
        ("brood", "x.svg", "--number", "Bakkerij"): "say which number of it with --number",
    }.items():
        code, to, *more = words
        done = run(
            "join",
            "qr",
            code,
            "--merchant",
            "bakkerij-noord",
            "--to",
            str(tmp_path / to),
            *more,
            CONFIG_DIR=str(config),
        )
        assert done.returncode in {1, 2}, words
        assert said in done.stderr, words


def test_every_command_that_is_written_stands_in_the_menu():
    written = {file.stem for file in FOLDER.glob("*.py") if re.search(r"^app = ", file.read_text(), re.MULTILINE)}

    assert written == {module_of(name).rpartition(".")[2] for name in COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str):
    done = run(name, "--help")

    assert done.returncode == 0
    assert f"stamgast {name}" in done.stdout


@pytest.mark.parametrize("words", [("--help",), ("rules", "check", "config/merchants"), ("rules", "--help")])
def test_a_command_that_reads_files_alone_loads_no_clients_and_no_settings(words: tuple[str, ...]):
    asked = f"import sys; sys.argv = ['stamgast', *{words!r}]; from stamgast.cli import main\ntry: main()\nexcept SystemExit: pass\n"
    loaded = "print(*(each for each in {'kafka', 'aiokafka', 'redis', 'twilio', 'structlog', 'pydantic', 'numpy'} if each in sys.modules), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", asked + loaded], capture_output=True, text=True, check=True, timeout=180
    )

    assert done.stderr.strip() == ""


def test_wrong_settings_are_misuse_and_all_of_them_are_named():
    done = run("topics", "create", PARTITIONS="many", LOG_LEVEL="loud")

    assert done.returncode == 2
    assert "STAMGAST_PARTITIONS: " in done.stderr
    assert "STAMGAST_LOG_LEVEL: " in done.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        {"CLOCK": "bogus"},
        {"PUBLIC_URL": "shop.example"},
        {"TWILIO_ACCOUNT_SID": "AC0123", "TWILIO_BASE_URL": "http://127.0.0.1:8010"},
    ],
)
def test_a_wrong_setting_is_told_in_our_words(wrong: dict[str, str]):
    done = run("topics", "create", **wrong)

    assert done.returncode == 2
    assert done.stderr
    assert "Value error" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("web", "--port", "99999"),
        ("sandbox", "--port", "65536"),
        ("services", "--kafka-port", "65536"),
        ("services", "--redis-port", "99999"),
    ],
)
def test_a_port_that_cannot_be_is_misuse(words: tuple[str, ...]):
    done = run(*words)

    assert done.returncode == 2
    assert "65535" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_merchants_public_key_follows_from_the_id_key():
    shown = [run("keys", "public", "bakkerij-noord", "--json", ID_KEY=f"{letter * 43}=") for letter in "AAQ"]
    keys = [json.loads(done.stdout)["public_key"] for done in shown]

    assert keys[0] == keys[1] != keys[2]
    assert run("keys", "public", "bakkerij-noord").returncode == 2
    assert run("keys", "public", "Bakkerij Noord", ID_KEY=f"{'A' * 43}=").returncode == 2


def test_a_producers_key_is_for_nothing_else_and_needs_what_it_derives_from():
    mixed = run("keys", "create", "winkel", "--scope", "produce", "--scope", "intake", ID_KEY=f"{'A' * 43}=")
    assert (mixed.returncode, "`produce` stands alone" in mixed.stderr) == (2, True)
    without = run("keys", "create", "winkel", "--scope", "produce")
    assert (without.returncode, "STAMGAST_ID_KEY is missing" in without.stderr) == (2, True)


@pytest.mark.parametrize("clock", ["real", "2026-10-01T08:00:00Z,60x"])
def test_time_that_nobody_drives_is_not_set(clock: str, tmp_path: Path):
    done = run("clock", "set", "2030-01-01T00:00:00Z", CLOCK=clock, CLOCK_FILE=str(tmp_path / "clock"))

    assert done.returncode == 1
    assert "only `driven` time can be set" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_shop_time_moves_forward_and_never_backwards(tmp_path: Path):
    where = {"CLOCK": "driven", "CLOCK_FILE": str(tmp_path / "clock")}

    assert json.loads(run("clock", "set", "2026-10-01T08:00:00Z", "--json", **where).stdout) == {
        "now": "2026-10-01T08:00:00Z"
    }
    back = run("clock", "set", "2026-09-01T08:00:00Z", **where)
    assert back.returncode == 1
    assert "never moves backwards" in back.stderr
    assert run("clock", "set", "tomorrow", **where).returncode == 2


def test_a_refusal_with_json_is_one_document_too():
    done = run("clv", "simple", "--average", "much", "--frequency", "6", "--lifespan", "3", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"].startswith("--average is 'much'")
    assert "--average is 'much'" in done.stderr
