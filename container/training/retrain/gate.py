"""The texts that a new model must not be worse on, whatever people judged. Decides nothing.

Everybody can read the regression set and the everyday sentences; judgements of them, or nearly of them, are left out.
So that nobody can teach for the comparison all the same, a part of it is the operator's own: sentences that are in no
repository, or the base data's validation part, half of which is drawn anew in each run. What a run says of that part is
only whether the model is worse on it: who may ask very often must not learn it by its answers (Blum and Hardt 2015,
"The Ladder: A reliable leaderboard for machine learning competitions").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from sentiment.text import Tokenizer
from training import LABELS
from training.evaluation import behaviour, everyday, regression, robustness
from training.retrain.clusters import Clusters, Identity, identity
from training.texts import data

REGRESSION, EVERYDAY, HIDDEN = "regression set", "everyday sentences", "operator's own set"
PEOPLE = "sentences that only say who somebody is"  # which are to be left unanswered
FEWEST_HIDDEN = 50  # of fewer texts, none could tell harm from noise

Texts = list[tuple[str, str]]  # label and text


@dataclass(frozen=True)
class Gate:
    """What models are compared on beside judgements.

    Attributes:
        sets: texts that are in the repository, by name.
        people: sentences that only say who somebody is.
        hidden: texts that are not, drawn for this run; empty where the operator has too few.
    """

    sets: dict[str, Texts]
    people: list[str] = field(default_factory=list)
    hidden: Texts = field(default_factory=list)

    @property
    def all(self) -> dict[str, Texts]:
        """Both."""
        return self.sets | ({HIDDEN: self.hidden} if self.hidden else {})


def read(path: Path | None) -> Texts:
    """Read the operator's own sentences.

    Args:
        path: a line each: label, tab, text; None where there are none.

    Raises:
        DataError: it is no such file.
    """
    if path is None:
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise data.DataError(f"{path} cannot be read: {error}") from error
    texts = [tuple(line.split("\t", 1)) for line in lines if line.strip()]
    for number, one in enumerate(texts, start=1):
        if len(one) != 2 or one[0] not in LABELS:
            raise data.DataError(f"{path}, line {number}: expected one of {', '.join(LABELS)}, a tab, and a sentence")
    return [(label, text) for label, text in texts]


def protected(own: Iterable[tuple[str, str]], tokenizer: Tokenizer) -> Clusters:
    """Every text that models are compared on or that the model card's figures are of.

    Args:
        own: the operator's own sentences.
        tokenizer: of the model.
    """
    typed = [text for _, text in (*regression.sentences(), *robustness.out_of_domain(), *own)]
    typed += people()
    return Clusters.of([*typed, *(one.text for one in everyday.sentences())], tokenizer)


def drawn(own: Texts, rows: Sequence[data.Row], judged: Iterable[Identity], tokenizer: Tokenizer, seed: int) -> Gate:
    """The gate of a run.

    Args:
        own: the operator's own sentences.
        rows: the base data's validation part; what is nearly a judged text is left out.
        judged: all judged texts, by what the model reads.
        tokenizer: of the model.
        seed: source of chance.
    """
    near = Clusters()
    for key in judged if rows else ():
        near.add(key)
    unseen = own + [(row.label, row.text) for row in rows if near.near(identity(row.text, tokenizer)) is None]
    hidden = Random(f"hidden {seed}").sample(unseen, len(unseen) // 2)
    typed = [(one.label, one.text) for one in everyday.sentences() if one.part == "validation" and one.label in LABELS]
    sets = {REGRESSION: list(regression.sentences()), EVERYDAY: typed}
    return Gate(sets, people(), hidden if len(hidden) >= FEWEST_HIDDEN else [])


def people() -> list[str]:
    """The sentences of the behaviour suite that say who somebody is and nothing else."""
    return [text for kind in behaviour.kinds() if kind["check"] == "abstains" for text in behaviour.texts(kind)]
