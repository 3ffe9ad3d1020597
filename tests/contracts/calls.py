"""Finds, without running it, what a Lambda's code can reach: its calls of AWS and the variables that it reads.

Starting from a handler, every definition it names is followed, through all modules of the same folder. Only code that
a handler reaches counts for it, so that functions which share modules do not share permissions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Place = tuple[str, str]  # module and top-level definition

NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Code:
    """All modules of a folder, taken apart.

    Attributes:
        definitions: top-level functions and classes; the rest of a module is its definition "".
        imports: for each module, a local name to the module and definition (or "" for the module) that it means.
    """

    definitions: dict[Place, list[ast.stmt]]
    imports: dict[str, dict[str, Place]]

    @classmethod
    def of(cls, folder: Path) -> Code:
        """Read all modules of a folder."""
        trees = {path.stem: ast.parse(path.read_text(), str(path)) for path in folder.glob("*.py")}
        definitions: dict[Place, list[ast.stmt]] = {}
        imports: dict[str, dict[str, Place]] = {}
        for module, tree in trees.items():
            imports[module] = dict(_imports(tree, set(trees)))
            for statement in tree.body:
                name = statement.name if isinstance(statement, NAMED) else ""
                definitions.setdefault((module, name), []).append(statement)
        return cls(definitions, imports)

    def reachable(self, start: Place) -> dict[Place, list[ast.stmt]]:
        """Every definition that ``start`` can get to, itself included, with the modules' own statements."""
        seen: dict[Place, list[ast.stmt]] = {}
        waiting = [start]
        while waiting:
            place = waiting.pop()
            if place in seen or place not in self.definitions:
                continue
            seen[place] = self.definitions[place]
            waiting.append((place[0], ""))
            waiting.extend(self._named_in(place))
        return seen

    def _named_in(self, place: Place) -> Iterator[Place]:
        module = place[0]
        for node in _walk(self.definitions[place]):
            if isinstance(node, ast.Name):
                yield self.imports[module].get(node.id, (module, node.id))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                target = self.imports[module].get(node.value.id)
                if target and target[1] == "":
                    yield (target[0], node.attr)


def aws_calls(code: Code, start: Place) -> set[tuple[str, str]]:
    """Service and operation of every call of AWS that can be reached; what a transaction holds as ``Put`` and so on."""
    calls = set()
    for statements in code.reachable(start).values():
        for statement in statements:
            calls |= set(_calls_in(statement))
    if ("dynamodb", "transact_write_items") in calls:
        calls.remove(("dynamodb", "transact_write_items"))
        calls |= {("dynamodb", kind) for kind in transaction_parts(code, start)}
    return calls


def transaction_parts(code: Code, start: Place) -> set[str]:
    """The kinds of writes that reachable code puts into transactions: the keys of dictionaries with one such key."""
    kinds = {"Put", "Update", "Delete", "ConditionCheck"}
    return {
        key.value
        for statements in code.reachable(start).values()
        for node in _walk(statements)
        if isinstance(node, ast.Dict) and len(node.keys) == 1
        for key in node.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value in kinds
    }


def variables_read(code: Code, start: Place) -> set[str]:
    """Names of the environment's variables that reachable code reads."""
    return {
        node.slice.value
        for statements in code.reachable(start).values()
        for node in _walk(statements)
        if isinstance(node, ast.Subscript)
        and ast.unparse(node.value) in ("environment", "os.environ")
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    }


def _imports(tree: ast.Module, modules: set[str]) -> Iterator[tuple[str, Place]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, (alias.name, "")) for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            yield from ((alias.asname or alias.name, (node.module, alias.name)) for alias in node.names)


def _calls_in(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """Calls on ``client("service")``, or on a variable of the same function that holds one."""
    held = {
        target.id: service
        for node in ast.walk(statement)
        if isinstance(node, ast.Assign) and (service := _service_of(node.value, {}))
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(statement):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        service = _service_of(node.func.value, held)
        if service:
            yield service, _operation(node)


def _service_of(node: ast.expr, held: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return held.get(node.id)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "client":
        argument = node.args[0]
        assert isinstance(argument, ast.Constant), "a client's service must be written out"
        return str(argument.value)
    return None


def _operation(call: ast.Call) -> str:
    """The operation; for a paginator or a signed URL, the one that these will call."""
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr in ("get_paginator", "generate_presigned_url", "get_waiter"):
        argument = call.args[0]
        assert isinstance(argument, ast.Constant), "an operation must be written out"
        return str(argument.value)
    return call.func.attr


def _walk(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    for statement in statements:
        yield from ast.walk(statement)
