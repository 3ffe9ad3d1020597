"""Command line: writes the generated part of the documentation, or with ``--check`` says what of it is stale."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.docs import sources
from scripts.docs.layouts import LayoutError
from scripts.docs.quotes import QuoteError


def main(arguments: list[str] | None = None, root: Path = sources.ROOT) -> int:
    """Run the command.

    Args:
        arguments: words after ``python -m scripts.docs``; ``None`` takes those of the process.
        root: folder of the project.

    Returns:
        Exit status: 0, or 1 if something is stale, a page quotes what is not there, or a picture lacks its layout.
    """
    parser = argparse.ArgumentParser(prog="python -m scripts.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not what it should be")
    options = parser.parse_args(arguments)
    try:
        found = sources.problems(root) if options.check else []
        changed = [] if options.check else sources.write(root)
    except (QuoteError, LayoutError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for line in [*found, *(f"wrote {name}" for name in changed)]:
        print(line, file=sys.stderr)
    if found:
        print("Run `make docs-sources` and commit what it writes.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
