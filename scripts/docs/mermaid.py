"""Writes graphs and frames as Mermaid, which GitHub and its like draw themselves. What is in them is said elsewhere."""

from __future__ import annotations

from scripts.docs.graph import Graph, Node
from scripts.docs.nested import Frame


def text(graph: Graph) -> str:
    """The graph as a Mermaid flowchart.

    Args:
        graph: its names become ids, so that a picture changes no more than what it shows.
    """
    ids = {name: f"n{number}" for number, name in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    framed: set[str] = set()
    for number, group in enumerate(graph.groups):
        lines.append(f'    subgraph g{number}["{_plain(group.title)}"]')
        lines += [f"        {_node(graph, name, ids)}" for name in group.names]
        lines.append("    end")
        framed |= set(group.names)
    lines += [f"    {_node(graph, name, ids)}" for name in graph.nodes if name not in framed]
    for edge in graph.edges:
        arrow = "-.->" if edge.dashed else "-->"
        label = f'|"{_plain(edge.label)}"|' if edge.label else ""
        lines.append(f"    {ids[edge.source]} {arrow}{label} {ids[edge.target]}")
    return "\n".join(lines) + "\n"


def frames(frame: Frame) -> str:
    """Frames in frames as a Mermaid flowchart without arrows."""
    return "\n".join(["flowchart LR", *_frame(frame, "g", "    ")]) + "\n"


def _frame(item: Frame | Node, name: str, indent: str) -> list[str]:
    if isinstance(item, Node):
        return [f'{indent}{name}["{_words(item)}"]']
    inner = [
        line
        for number, child in enumerate(item.children)
        for line in _frame(child, f"{name}{number}x", indent + "    ")
    ]
    return [f'{indent}subgraph {name}["{_plain(item.title)}"]', *inner, f"{indent}end"]


def _words(node: Node) -> str:
    return "<br>".join(_plain(line) for line in (node.title, *node.lines))


def _node(graph: Graph, name: str, ids: dict[str, str]) -> str:
    return f'{ids[name]}["{_words(graph.nodes[name])}"]'


def _plain(text: str) -> str:
    return text.replace('"', "'").replace("{", "(").replace("}", ")")
