"""What `stamgast listen` refuses before it asks Kafka anything."""

import pytest
from typer.testing import CliRunner

from stamgast.commands.listen import app


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--forward-to", "localhost:3000"], "is no address"),
        (["--forward-to", "http://"], "is no address"),
        (["--forward-to", "http://127.0.0.1:1", "--secret", "whsec_é"], "--secret is none"),
        (["--secret", "whsec_"], "--secret is none"),
    ],
)
def test_what_cannot_be_is_told(arguments: list[str], told: str):
    done = CliRunner().invoke(app, ["--merchant", "bakkerij-noord", *arguments])
    assert (done.exit_code, told in done.stderr) == (2, True), done.output
