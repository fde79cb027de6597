"""`stamgast trigger` writes what counts, so it goes to this machine alone; and it says so when nobody is there."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from stamgast.commands.trigger import app
from stamgast.local.processes import free_port

GIVEN = ["purchase", "--merchant", "bakkerij-noord", "--key", "k"]


@pytest.mark.parametrize(
    "url", ["https://shop.example.com", "http://localhost.example.com", "http://10.0.0.1", "nonsense", "file:///etc"]
)
def test_only_a_web_of_this_machine_is_taken(url: str):
    done = CliRunner().invoke(app, [*GIVEN, "--url", url])
    assert done.exit_code == 2
    assert "no address of this machine" in done.stderr


def test_a_web_that_is_not_there_is_told():
    bought = ["--store", "dok-noord", "--currency", "EUR"]  # else the programme in force is asked first
    done = CliRunner().invoke(app, [*GIVEN, *bought, "--url", f"http://127.0.0.1:{free_port()}"])
    assert (done.exit_code, "`stamgast web` starts one" in done.stderr) == (1, True), done.output


def test_who_says_not_whose_it_is_is_asked():
    done = CliRunner().invoke(app, ["purchase"])
    assert (done.exit_code, "--merchant" in done.stderr) == (2, True)
