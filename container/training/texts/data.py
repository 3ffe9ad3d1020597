"""ISEAR from its raw file to clean rows and splits. No tokens, no tensors."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from training import LABELS

SHA256 = "370110fff70a1e1d9e23b10cf6db1f64876120fa02276afe5916fbfeb038cdca"  # pragma: allowlist secret
WHERE = (
    "ISEAR is the survey of Scherer and Wallbott (1994), free for research: the file wanted is isear.csv of the "
    "package py_isear_dataset (search for that name), 7,666 rows; container/training/README.md tells more"
)
COLUMNS = (
    "ID|CITY|COUN|SUBJ|SEX|AGE|RELI|PRAC|FOCC|MOCC|FIEL|EMOT|WHEN|LONG|INTS|ERGO|TROPHO|TEMPER|EXPRES|MOVE|EXP1|EXP2|"
    "EXP10|PARAL|CON|EXPC|PLEA|PLAN|FAIR|CAUS|COPING|MORL|SELF|RELA|VERBAL|NEUTRO|Field1|Field3|Field2|MYKEY|SIT|STATE"
)
_NAMES = COLUMNS.split("|")
GROUPS = {"COUN": "country", "SEX": "sex", "RELI": "religion"}  # what accuracy is also measured by

# Answers that tell of no event, whole: "[ No response.]", "Never experienced.", "The same as in shame." Read one by one
# in the file; texts that only begin so ("Same as above - friends who torture animals") are accounts and stay.
_NO_EVENT = re.compile(
    r"""[\W_]*(
      no\ (res?ponse|answer|reply|description|comment)s?\b.{0,80}
    | none | nothing | never | blank
    | (it\ )?(does\ not|doesn't)\ apply.* | not\ (applicable|included\ on).* | .{0,30}not\ applicable
    | (the\ )?(same|previous)\ (\w+\ ){0,3}(as|for|described|holds)\b[^-]{0,60}
    | (honestly,\ |sorry,\ )?(i\ )?(was\ |have\ |had\ |'ve\ )?(never|not)\ (really\ )?(yet\ )?
      (felt|feel|experienced|had|been\ (in|ashamed)|ashamed|happened|done)\b.{0,90}
    | i\ can\ positively\ say\ that\ i\ have\ never.*
    | (i\ )?(really\ |simply\ |honestly\ )?(can\s?not|can't|couldn't|could\ not|do\ not|don't|unable\ to)\ (really\ )?
      (remember|recall|think\ of|know|recollect)\b.{0,70}
    | can\ think\ of\ no\b.*
    | .{0,60}(unable\ to|do\ not|cannot|can\ not|can't)\ (remember|recall)\ any.{0,40}
    | .{0,20}has\ not\ really\ happened
    | normally\ i\ do\ not\ feel\ \w+
    | i\ was\ not,\ i\ am\ not,.*
    )[\W_]*""",
    re.IGNORECASE | re.VERBOSE,
)
_SURPLUS_QUOTES = re.compile(r'\\"*|""+')  # quotes turned into backslashes, and doubled to make up for it


class DataError(Exception):
    """The data is not what training needs; the message says what to do."""


@dataclass(frozen=True)
class Row:
    """One account of one felt event.

    Attributes:
        key: ``MYKEY``, which identifies the row for good.
        text: what the person wrote, cleaned.
        label: the emotion that the person was asked about.
        groups: country, sex and religion, as the survey's code numbers.
    """

    key: str
    text: str
    label: str
    groups: dict[str, str]


@dataclass(frozen=True)
class Split:
    """Rows of one seed: 72 % to learn from, 8 % to choose by, 20 % to be read once at the end."""

    train: list[Row]
    validation: list[Row]
    test: list[Row]


def read(path: Path, sha256: str | None = SHA256) -> list[Row]:
    """Read and clean ISEAR.

    Args:
        path: the raw file.
        sha256: its expected checksum; ``None`` takes any (tests write small files of their own).

    Returns:
        One row for each account of an event, in the order of the file: 7,502 of the published 7,666.

    Raises:
        DataError: the file is missing, is another one, or holds columns or labels that are not expected.
    """
    if not path.is_file():
        raise DataError(f"there is no file {path}. {WHERE}")
    raw = path.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if sha256 and found != sha256:
        raise DataError(
            f"{path} is not the file that the model was trained on: its sha256 is {found}, expected {sha256}. {WHERE}"
        )
    lines = raw.decode("utf-8", errors="replace").splitlines()
    header = lines[0].removesuffix("|") if lines else ""
    if header != COLUMNS:
        wrong = sorted(set(header.split("|")) ^ set(_NAMES)) or "their order"
        raise DataError(f"{path} has other columns than ISEAR; they differ in {wrong}. {WHERE}")
    rows = [_row(line, number, path) for number, line in enumerate(lines[1:], start=2) if line.strip()]
    return [row for row in rows if not tells_no_event(row.text)]


def _row(line: str, number: int, path: Path) -> Row:
    fields = line.split("|")
    situation = _NAMES.index("SIT")
    if len(fields) < len(_NAMES):
        raise DataError(f"{path}, line {number}: {len(fields)} columns, expected at least {len(_NAMES)}. {WHERE}")
    label = fields[_NAMES.index("Field1")]
    if label not in LABELS:
        raise DataError(f"{path}, line {number}: unknown label {label!r}; known are {', '.join(LABELS)}. {WHERE}")
    # A text may hold "|" itself. What follows it is STATE and the line's own closing "|".
    text = clean("|".join(fields[situation:-2]))
    return Row(
        key=fields[_NAMES.index("MYKEY")],
        text=text,
        label=label,
        groups={column: fields[_NAMES.index(column)] for column in GROUPS},
    )


def clean(text: str) -> str:
    """Undo what the file's way through several programs did to a text.

    Args:
        text: the column as it stands.

    Returns:
        The text with line-wrap marks, extra column marks, lost quotes and extra spaces fixed.
    """
    text = _SURPLUS_QUOTES.sub('"', text.replace("á", " ").replace("|", " "))
    text = " ".join(text.split())
    return text.removesuffix('""').removesuffix('"') if text.count('"') % 2 else text


def tells_no_event(text: str) -> bool:
    """Whether an answer only says that there is none, such as ``[ No response.]``.

    Args:
        text: a cleaned text.
    """
    return not any(map(str.isalpha, text)) or _NO_EVENT.fullmatch(text) is not None


def split(rows: Sequence[Row], seed: int) -> Split:
    """Split rows 72/8/20, each label alike; rows of the same words stay on one side.

    Args:
        rows: all clean rows.
        seed: which of the splits.

    Returns:
        The three parts, each in a shuffled order that depends on the seed alone.
    """
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[" ".join(re.findall(r"\w+", row.text.lower()))].append(row)
    by_label: dict[str, list[list[Row]]] = defaultdict(list)
    for group in groups.values():
        by_label[group[0].label].append(group)
    random = Random(seed)
    parts: tuple[list[Row], list[Row], list[Row]] = ([], [], [])
    for label in LABELS:
        members = by_label[label]
        random.shuffle(members)
        test, validation = round(len(members) * 0.20), round(len(members) * 0.28)
        for part, chosen in zip(parts, (members[validation:], members[test:validation], members[:test]), strict=True):
            part.extend(row for group in chosen for row in group)
    for part in parts:
        random.shuffle(part)
    return Split(*parts)


def counts(rows: Sequence[Row]) -> dict[str, int]:
    """How many rows each label has.

    Args:
        rows: any rows.
    """
    found = Counter(row.label for row in rows)
    return {label: found[label] for label in LABELS}
