"""The files that a deployment begins with work as they are shipped, by the words of the README alone."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from stamgast.bootstrap import id_key_of, wrapping_keys_of
from stamgast.sandbox.options import SandboxOptions
from stamgast.sandbox.server import make_server
from stamgast.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = (ROOT / ".env.example").read_text()


PASSWORDS = ("VALKEY_PASSWORD", "KAFKA_WEB_PASSWORD", "KAFKA_WORKER_PASSWORD", "KAFKA_COMMANDS_PASSWORD")
SECRETS = {
    "web": {"KAFKA_WEB_PASSWORD", "VALKEY_PASSWORD", "ID_KEY", "WRAPPING_KEYS", "TWILIO_AUTH_TOKEN"},
    "worker": {
        "KAFKA_WORKER_PASSWORD",
        "VALKEY_PASSWORD",
        "ID_KEY",
        "WRAPPING_KEYS",
        "TWILIO_API_KEY",
        "TWILIO_API_SECRET",
    },
    "stamgast": {"KAFKA_COMMANDS_PASSWORD", "VALKEY_PASSWORD", "ID_KEY", "WRAPPING_KEYS"},
    "prices": {"KAFKA_COMMANDS_PASSWORD", "ID_KEY", "TWILIO_API_KEY", "TWILIO_API_SECRET"},
    "topics": {"KAFKA_COMMANDS_PASSWORD"},
    "sandbox": {"SANDBOX_TOKEN", "TWILIO_AUTH_TOKEN"},
    "kafka": set(),
    "valkey": {"VALKEY_PASSWORD"},
    "users": {"KAFKA_WEB_PASSWORD", "KAFKA_WORKER_PASSWORD", "KAFKA_COMMANDS_PASSWORD"},
}
"""What each container is given of what nobody else should know."""


def read_by_hand(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


@pytest.fixture
def fill_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The README's commands that make `.env`, up to the first that needs Docker."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    run_it = (ROOT / "README.md").read_text().partition("\n## Run it\n")[2]
    block = re.search(r"```sh\n(.*?)```", run_it, flags=re.DOTALL)
    assert block is not None
    shutil.copy(ROOT / ".env.example", tmp_path)
    monkeypatch.chdir(tmp_path)
    return block[1].partition("docker compose")[0]


def test_what_the_readme_fills_in_is_a_deployment_that_starts(fill_in: str):
    subprocess.run(["bash", "-ec", fill_in], check=True)
    settings = Settings(_env_file=".env")

    assert len(id_key_of(settings)) == 32
    assert wrapping_keys_of(settings).newest == "2026a"
    assert settings.twilio_api_secret == settings.sandbox_token
    assert len(settings.twilio_auth_token.get_secret_value()) == 32
    assert Path(".env").stat().st_mode & 0o777 == 0o600
    filled = read_by_hand(Path(".env").read_text())
    assert {len(filled[name]) for name in PASSWORDS} == {32}
    assert len({filled[name] for name in PASSWORDS}) == len(PASSWORDS)
    make_server(SandboxOptions(token=settings.sandbox_token.get_secret_value()), "0.0.0.0")


def test_filling_in_twice_keeps_the_first_keys(fill_in: str):
    subprocess.run(["bash", "-ec", fill_in], check=True)
    first = Path(".env").read_text()
    subprocess.run(["bash", "-c", fill_in], check=True)

    assert Path(".env").read_text() == first


def test_no_key_or_password_is_shipped_for_everybody_to_share():
    shipped = read_by_hand(EXAMPLE)

    ours = ("ID_KEY", "SANDBOX_TOKEN", "TWILIO_API_SECRET", "TWILIO_AUTH_TOKEN")
    random = [*(f"STAMGAST_{name}" for name in ours), *PASSWORDS]
    assert {name: shipped[name] for name in random} == dict.fromkeys(random, "")
    assert "at least 16 characters" in EXAMPLE
    with pytest.raises(ValueError, match="at least 16 characters"):
        make_server(SandboxOptions(token="x" * 15), "0.0.0.0")


def test_every_container_of_ours_sees_the_shops_files_and_none_can_change_them():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    ours = {name: service for name, service in services.items() if "build" in service}
    folder = re.search(r"STAMGAST_CONFIG_DIR=(\S+)", (ROOT / "Dockerfile").read_text())

    assert len(ours) == 6
    assert folder is not None
    assert {service["volumes"][0] for service in ours.values()} == {f"./config:{folder[1]}:ro"}


def test_who_keeps_pictures_and_who_looks_at_them_share_a_folder_that_is_theirs():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    ours = {name: service for name, service in services.items() if "build" in service}
    beside = {name: service["volumes"][1:] for name, service in ours.items() if len(service["volumes"]) > 1}
    where = {services[name]["environment"]["STAMGAST_MEDIA_STORE"] for name in beside}
    (place,) = where
    assert beside == {name: [f"media:{place}"] for name in ("worker", "stamgast")} | {"web": [f"media:{place}:ro"]}
    assert f"install --directory --owner=stamgast {place}" in (ROOT / "Dockerfile").read_text()


def test_every_container_has_the_secrets_that_it_needs_and_reaches_whom_it_needs():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    words = set().union(*SECRETS.values())
    for name, service in services.items():
        given = set(
            re.findall(r"\$\{(?:STAMGAST_)?([A-Z_]+)", " ".join(map(str, service.get("environment", {}).values())))
        )
        assert given & words == SECRETS[name], name
        assert [each["path"] for each in service.get("env_file", [])] in ([], ["stamgast.env"])
    networks = {name: set(service.get("networks", [])) for name, service in services.items()}
    assert networks["kafka"] == networks["topics"] == {"kafka"}
    assert networks["valkey"] == {"valkey"}
    assert networks["sandbox"] == {"front"}


def test_what_compose_asks_for_stands_in_the_example():
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{([A-Z_]+):?[?-]", text)) <= read_by_hand(EXAMPLE).keys()
