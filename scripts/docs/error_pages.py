"""Writes a page for each status with which the API refuses a request: when it comes, and everything that it can say.

What it can say is read out of the code: every problem that a function or the service raises.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from scripts.docs.stack_pages import BANNER, table

CODE = ("container/shared", "container/sentiment", "lambda_src")
# What shared/problems.py has for usual statuses; there the words are the first argument.
SHORT = {
    "bad_request": HTTPStatus.BAD_REQUEST,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "try_later": HTTPStatus.SERVICE_UNAVAILABLE,
}
GATEWAY = ("404", "413", "429", "503", "504")  # which the gateway also answers by itself


def pages(root: Path, statuses: list[tuple[str, str, str, str]]) -> dict[str, str]:
    """Name of each file in docs/reference/errors/ -> its text.

    Args:
        root: folder of the project.
        statuses: each status with its name, when it comes, and its operations, as Markdown.
    """
    said: dict[str, list[tuple[str, str]]] = {}
    for status, words, place in _problems(root):
        rows = said.setdefault(str(int(status)), [])
        if (words, place) not in rows:
            rows.append((words, place))
    return {f"{each[0]}.md": _page(*each, said.get(each[0], [])) for each in statuses}


def _page(status: str, name: str, when: str, operations: str, said: list[tuple[str, str]]) -> str:
    ours = (
        "The body is a problem document (RFC 9457). Its `type` is `about:blank`, which means that the status is"
        f' the type; `title` is "{name}", `status` is {status}, and `detail` is one of these, where `…` stands for what'
        " differs.\n"
    )
    also = "also " if said else ""
    gateway = f'The gateway {also}answers with this status by itself; the body is then `{{"message": ...}}`.\n'
    return "\n".join(
        [
            f"# {status} {name}\n",
            f"{when}\n",
            f"Operations: {operations}.\n",
            *([ours, table(("`detail`", "Said by"), ((words, f"`{place}`") for words, place in said))] if said else []),
            *([gateway] if status in GATEWAY else []),
            "All of them: [Errors](../errors.md).\n",
            BANNER,
        ]
    )


def _problems(root: Path) -> Iterator[tuple[HTTPStatus, str, str]]:
    """Status, words and file of every problem in the code whose words stand where it is made."""
    for folder in CODE:
        for file in sorted((root / folder).rglob("*.py")):
            place = file.relative_to(root).as_posix()
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                if node.func.id in SHORT and node.args and (words := _words(node.args[0])):
                    yield SHORT[node.func.id], words, place
                elif node.func.id == "Problem" and len(node.args) > 1 and isinstance(node.args[0], ast.Attribute):
                    status, words = HTTPStatus.__members__.get(node.args[0].attr), _words(node.args[1])
                    if status and words:
                        yield status, words, place


def _words(node: ast.expr) -> str:
    """A text as it stands in the code, with … for what is filled in; "" for what is worked out elsewhere."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "…" for each in node.values)
    return ""
