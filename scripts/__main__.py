"""The command ``sentiment``, where the project is not installed."""

from scripts.cli.main import main

main(prog_name="sentiment")
