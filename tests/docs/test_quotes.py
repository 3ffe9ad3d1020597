"""Quoting: exactly the named piece of a file, and a clear word when it is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import ROOT
from scripts.cloudformation import templates
from scripts.costs import prices, worst
from scripts.docs import costs_page
from scripts.docs.quotes import QuoteError, filled, piece
from scripts.stage import settings

PAGE = "before\n<!-- quote: {} -->\nold\n<!-- end quote -->\nafter\n"
FILES = {
    "a.yaml": (
        "Resources:\n  One:\n    Type: A\n\n  Two:\n    Type: B\n    Properties:\n      X: 1\n"
        "\nOutputs:\n  Out:\n    Value: 1\n"
    ),
    "a.py": "A = 1\n\n\n@decorated\ndef one() -> None:\n    pass\n\n\nTABLE: dict = {\n    1: 2,\n}\n",
    "a.toml": "[one]\nx = 1\n\n[two]\ny = 2\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "name", "expected"),
    [
        ("a.yaml", "One", "  One:\n    Type: A\n"),
        ("a.yaml", "Two", "  Two:\n    Type: B\n    Properties:\n      X: 1\n"),
        ("a.yaml", "Out", "  Out:\n    Value: 1\n"),
        ("a.py", "A", "A = 1\n"),
        ("a.py", "one", "@decorated\ndef one() -> None:\n    pass\n"),
        ("a.py", "TABLE", "TABLE: dict = {\n    1: 2,\n}\n"),
        ("a.toml", "one", "[one]\nx = 1\n"),
        ("a.toml", "two", "[two]\ny = 2\n"),
    ],
)
def test_a_piece_is_what_has_the_name(root: Path, file: str, name: str, expected: str) -> None:
    assert piece(root, file, name) == expected


def test_a_place_is_filled_and_the_rest_left_alone(root: Path) -> None:
    page = filled(PAGE.format("a.yaml One"), root, str, str)

    assert page.startswith('before\n<!-- quote: a.yaml One -->\n```yaml title="a.yaml"\n  One:\n    Type: A\n```\n<!--')
    assert page.endswith("<!-- end quote -->\nafter\n")
    assert filled(page, root, str, str) == page


def test_a_long_piece_is_shown_up_to_a_good_place_and_the_rest_folded(root: Path) -> None:
    body = "".join(f"    B{number}:\n      x: 1\n" for number in range(15))
    (root / "long.yaml").write_text(f"Resources:\n  One:\n{body}")
    page = filled(PAGE.format("long.yaml One"), root, str, str)

    shown, folded = page.split('<details markdown="1"><summary>The other 6 lines</summary>\n')
    assert "    B11:\n      x: 1\n```\n" in shown and "B12" not in shown
    assert shown.count("\n    B") == 12
    assert '\n```yaml title="long.yaml"\n    B12:\n' in folded and folded.rstrip().endswith("after")
    assert filled(page, root, str, str) == page


def test_a_piece_can_be_folded_whole(root: Path) -> None:
    page = filled(PAGE.format("a.py one folded"), root, str, str)
    assert '<details markdown="1"><summary>a.py: one, 3 lines</summary>\n\n```python title="a.py"\n@decorated' in page
    assert filled(page, root, str, str) == page


def test_mermaid_is_filled_by_the_name_of_a_picture(root: Path) -> None:
    page = filled("<!-- mermaid: x -->\n<!-- end mermaid -->\n", root, lambda name: f"flowchart {name}\n", str)

    assert page == "<!-- mermaid: x -->\n```mermaid\nflowchart x\n```\n<!-- end mermaid -->\n"


def test_costs_are_filled_from_the_bill(root: Path) -> None:
    page = filled("<!-- cost: cluster.LoadBalancer -->\n<!-- end cost -->\n", root, str, costs_page.of_resources)

    assert "| `cluster.LoadBalancer` | 16.4" in page
    with pytest.raises(KeyError, match=r"called cluster\.Nothing"):
        costs_page.of_resources("cluster.Nothing")


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (PAGE.format("a.yaml Three"), "a.yaml has no Three"),
        (PAGE.format("gone.yaml One"), "no file gone.yaml"),
        (PAGE.format("a.txt One"), "no file a.txt"),
        ("<!-- quote: a.yaml One -->\nno end", "has no end"),
        ("no beginning\n<!-- end quote -->\n", "has no beginning"),
    ],
)
def test_what_cannot_be_quoted_is_named(root: Path, page: str, words: str) -> None:
    with pytest.raises(QuoteError, match=words):
        filled(page, root, str, str)


def test_the_page_on_costs_quotes_the_worst_month_that_cost_prints():
    found = worst.compute(templates.load_all(), settings.load("dev"), prices.load("us-east-1"))
    parts = found.fixed, found.traffic, found.reaction
    quoted = re.search(r"^worst case: .+$", (ROOT / "docs" / "costs.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert quoted
    assert re.findall(r"\d+\.\d\d", quoted[0]) == [f"{amount:.2f}" for amount in (found.total, *parts)]
