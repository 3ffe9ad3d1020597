"""``python -m scripts`` is the command ``sentiment`` where nothing is installed."""

import os

from scripts.cli import completion
from scripts.cli.main import main

main(prog_name=os.environ.get("COMMAND_NAME", "python -m scripts"), complete_var=completion.VARIABLE)
