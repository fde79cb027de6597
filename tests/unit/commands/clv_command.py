"""`stamgast clv` as a person runs it."""

from click.testing import Result
from typer.testing import CliRunner

from stamgast.commands.clv import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), prog_name="stamgast clv", catch_exceptions=False)
