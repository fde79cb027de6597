"""One module per command; each has an `app` (typer) that `stamgast.cli` loads when its name is called."""
