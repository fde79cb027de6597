"""`stamgast clv` as a person runs it."""

from typer.testing import CliRunner, Result

from stamgast.commands.clv import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), prog_name="stamgast clv", catch_exceptions=False)
