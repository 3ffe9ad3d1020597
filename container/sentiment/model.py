"""The trained model: finding it, proving that it is whole, and asking it. How it was made is in training/."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import onnxruntime

from sentiment import attribution, inside
from sentiment.attribution import Attribution
from sentiment.text import PAD, Tokenizer

DECIMALS = 6
CHECK_REVIEW = "I was happy to see my friend again"
# Texts that differ by less than this many tokens run together. Measured with 100 texts of 5 to 60 words: alone 74 ms,
# together with those of the very same length 57, with those of the same eight tokens 38, of the same 64 tokens 87,
# since what pads a text is computed too.
BUCKET_TOKENS = 8
# Most tokens in one run, unless one text alone has more. Bounds the memory, and how long somebody else has to wait for
# it to end: 12 ms of a core as measured. Larger ones save no time.
RUN_TOKENS = 1_250

_NAME = re.compile(r"sentiment-([0-9a-f]{12})\.onnx")
_INPUTS = {"tokens", "lengths"}
_OUTPUT = "probabilities"
_PROVIDERS = ["CPUExecutionProvider"]


class ModelError(RuntimeError):
    """The model cannot be used: it is missing, altered, or not of the form that this service reads."""


class PredictionError(RuntimeError):
    """The model was asked and did not answer."""


@dataclass(frozen=True)
class Prediction:
    """What the model says of one text.

    Attributes:
        classification: the likeliest label, or None when the model cannot tell.
        confidence: probability of the likeliest label, 0..1; 0 when the text has no word that the model knows.
        scores: probability of each label; all the same when the text has no word that the model knows.
    """

    classification: str | None
    confidence: float
    scores: dict[str, float]


class Model:
    """A trained model, ready to answer.

    Its methods may be called from several threads at once; but large batches side by side need their memory several
    times over, so the app lets one at a time (turns.py).

    Attributes:
        failing: whether it did not answer when it was asked last.
        revision: first 12 hex digits of the SHA-256 of the model file.
        labels: what it tells apart, in the order of its scores.
        card: the model card, without revision and labels.
    """

    def __init__(self, path: Path) -> None:
        """Load a model file, after comparing its content with the hash in its name.

        Args:
            path: ``sentiment-<12 hex digits>.onnx``, an ONNX graph with inputs ``tokens`` (int64, batch x length;
                0 pads) and ``lengths`` (int64, batch), output ``probabilities`` (float32, batch x labels) and, in its
                metadata, ``labels`` and ``card`` as JSON, ``threshold`` as a number, ``vocabulary`` one word a line.

        Raises:
            ModelError: the hash differs, or the content is not that.
        """
        self.revision = _verified_revision(path)
        self._path = path
        try:
            self._session = onnxruntime.InferenceSession(path, _options(), _PROVIDERS)
        except Exception as error:  # ONNX Runtime has no common base for what it raises
            raise ModelError(f"{path.name} is not a graph that ONNX Runtime reads: {error}") from error
        if {node.name for node in self._session.get_inputs()} != _INPUTS:
            raise ModelError(f"{path.name} does not have the inputs {sorted(_INPUTS)}")
        if [node.name for node in self._session.get_outputs()] != [_OUTPUT]:
            raise ModelError(f"{path.name} does not have the one output {_OUTPUT!r}")
        metadata = self._session.get_modelmeta().custom_metadata_map
        try:
            self.labels: tuple[str, ...] = tuple(json.loads(metadata["labels"]))
            self.card: dict[str, Any] = dict(json.loads(metadata["card"]))
            self._threshold = float(json.loads(metadata["threshold"]))
            self._tokenizer = Tokenizer(metadata["vocabulary"].split("\n"))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"the metadata of {path.name} cannot be read: {error!r}") from error
        self.failing = False

    @classmethod
    def find(cls, directory: Path) -> Self:
        """Load the one model in a folder.

        Args:
            directory: folder with exactly one ``.onnx`` file.

        Raises:
            ModelError: there is none or more than one, or it cannot be used.
        """
        paths = sorted(directory.glob("*.onnx"))
        if len(paths) != 1:
            names = ", ".join(path.name for path in paths) or "none"
            raise ModelError(f"{directory} must hold exactly one .onnx file, and holds: {names}")
        return cls(paths[0])

    def predict(self, text: str) -> Prediction:
        """Say what a text expresses.

        Args:
            text: the text, of any length.

        Raises:
            PredictionError: the model did not answer with one probability a label.
        """
        (prediction,) = self.predict_all([text])
        return prediction

    def predict_all(self, texts: Sequence[str], between: Callable[[], None] = lambda: None) -> list[Prediction]:
        """Say what each of many texts expresses, in fewer runs of the network than there are texts.

        Args:
            texts: the texts, of any length.
            between: called between two texts that are read, and between two runs.

        Returns:
            One prediction a text, in order, and each the same as for that text alone, but for the last digit of scores.

        Raises:
            PredictionError: the model did not answer with one probability a label.
        """
        rows: list[list[int]] = []
        for text in texts:
            if rows:
                between()
            rows.append(self._tokenizer.encode(text))
        even = dict.fromkeys(self.labels, round(1 / len(self.labels), DECIMALS))
        predictions = [Prediction(None, 0.0, even)] * len(rows)
        known = [number for number, row in enumerate(rows) if self._tokenizer.has_known_word(row)]
        for count, run in enumerate(runs([len(rows[number]) for number in known])):
            if count:
                between()
            numbers = [known[place] for place in run]
            found = self._run([rows[number] for number in numbers])
            for number, probabilities in zip(numbers, found, strict=True):
                predictions[number] = self._prediction(probabilities)
        return predictions

    def _prediction(self, probabilities: list[float]) -> Prediction:
        # Plain floats: for seven numbers NumPy's calls cost more than the sums.
        scores = dict(zip(self.labels, [round(one, DECIMALS) for one in probabilities], strict=True))
        best = max(scores, key=scores.__getitem__)
        confidence = scores[best]
        return Prediction(best if confidence >= self._threshold else None, confidence, scores)

    def explain(self, text: str, between: Callable[[], None] = lambda: None) -> list[Attribution]:
        """Say which words of a text moved the model, and how much; attribution.py says how.

        Args:
            text: the text, of any length.
            between: called between two runs.

        Returns:
            The words in order; of a long text, at most ``MAX_PIECES`` groups of words.

        Raises:
            PredictionError: the model did not answer with one probability a label for each text of the batch.
        """
        tokens, pieces = attribution.split(text, self._tokenizer)
        without = [attribution.hidden(tokens, piece, self._tokenizer) for piece in pieces]
        falls = dict.fromkeys(range(len(pieces)), 0.0)
        changed = [number for number, row in enumerate(without) if row != tokens]
        if changed and self._tokenizer.has_known_word(tokens):
            whole, *rows = self._run_all([tokens, *(without[number] for number in changed)], between)
            best = whole.index(max(whole))
            falls |= {number: whole[best] - row[best] for number, row in zip(changed, rows, strict=True)}
        return [
            Attribution(text[piece.start : piece.end], piece.start, piece.end, round(falls[number], DECIMALS))
            for number, piece in enumerate(pieces)
        ]

    def look_inside(self, text: str) -> list[inside.Step]:
        """Say what the network makes of a text token by token; inside.py says how that is learned.

        Args:
            text: the text, of any length.

        Returns:
            The tokens in order; none when the text has no word that the model knows, for then it is not asked.

        Raises:
            PredictionError: the network has no such states, or its file is gone.
        """
        tokens = self._tokenizer.encode(text)
        if not self._tokenizer.has_known_word(tokens):
            return []
        names = [inside.STATES, inside.ATTENTION]
        inputs = {"tokens": np.array([tokens], np.int64), "lengths": np.array([len(tokens)], np.int64)}
        try:
            content = self._path.read_bytes()
            session = onnxruntime.InferenceSession(inside.with_outputs(content, names), _options(), _PROVIDERS)
            states, attention = session.run(names, inputs)
        except Exception as error:  # as above
            raise PredictionError(f"model {self.revision} does not show its states") from error
        return inside.steps(text, self._tokenizer, states[:, 0], attention[:, 0, 0])

    def check(self) -> None:
        """Ask the model about a fixed text.

        Raises:
            PredictionError: it did not answer.
        """
        self.predict(CHECK_REVIEW)

    def _run_all(self, texts: list[list[int]], between: Callable[[], None]) -> list[list[float]]:
        """Probabilities of each label for each of many texts of one length."""
        count = max(1, RUN_TOKENS // len(texts[0]))
        found = self._run(texts[:count])
        for place in range(count, len(texts), count):
            between()
            found += self._run(texts[place : place + count])
        return found

    def _run(self, texts: list[list[int]]) -> list[list[float]]:
        """Probabilities of each label for each text."""
        lengths = [len(tokens) for tokens in texts]
        width = max(lengths)
        padded = [tokens + [PAD] * (width - len(tokens)) for tokens in texts]
        inputs = {"tokens": np.array(padded, np.int64), "lengths": np.array(lengths, np.int64)}
        try:
            probabilities = self._session.run([_OUTPUT], inputs)[0].tolist()
        except Exception as error:  # as above
            self.failing = True
            raise PredictionError(f"model {self.revision} failed") from error
        if [len(row) for row in probabilities] != [len(self.labels)] * len(texts) or not all(
            math.isfinite(sum(row)) for row in probabilities
        ):
            self.failing = True
            raise PredictionError(f"model {self.revision} did not give one probability a label")
        self.failing = False
        return probabilities


def runs(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Put texts of about the same length together.

    Args:
        lengths: number of tokens of each text.

    Yields:
        The places of those that run together: of one bucket of lengths, and no more tokens than
        ``RUN_TOKENS`` with their padding, unless one text alone has more.
    """
    waiting: list[int] = []
    width = 0  # of the longest in waiting, which is the latest
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = lengths[place]
        full = (len(waiting) + 1) * length > RUN_TOKENS
        if waiting and (full or -(-length // BUCKET_TOKENS) != -(-width // BUCKET_TOKENS)):
            yield waiting
            waiting = []
        waiting.append(place)
        width = length
    if waiting:
        yield waiting


def _verified_revision(path: Path) -> str:
    match = _NAME.fullmatch(path.name)
    if not match:
        raise ModelError(f"{path.name} is not named sentiment-<12 hex digits>.onnx")
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()[:12]
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}") from error
    if found != match[1]:
        raise ModelError(
            f"the content of {path.name} has the hash {found}: it is damaged or was changed; "
            "restore it, or train a model anew"
        )
    return found


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # one text is too little work to share out
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; warnings speak of hardware it looked for and did not need
    return options
