"""What the service answers about a text: a prediction in the form of the API, with its receipt. No HTTP here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sentiment import care
from sentiment.measures import Measures
from sentiment.model import Model, Prediction
from sentiment.turns import Turns, explanation_price, price
from shared import receipts
from shared.problems import Problem
from shared.reviews import review, text_id


class Answers:
    """Asks the model and puts its predictions into the form of the API.

    Args:
        model: the model to ask.
        receipt_key: key that signs receipts; empty: no prediction comes with a receipt.
        turns: lets one request at a time ask.
        measures: counts predictions.
    """

    def __init__(self, model: Model, receipt_key: str, turns: Turns, measures: Measures) -> None:
        self._model = model
        self._measures = measures
        self._turns = turns
        self._receipt_key = receipt_key

    def one(self, text: str, explain: bool | Literal["inside"]) -> dict[str, Any]:
        """The answer about one text.

        Args:
            text: a review, trimmed.
            explain: whether to say which words moved the model; ``"inside"``: and what the network made of each token.

        Raises:
            PredictionError: the model did not answer.
            RefusedError: there is no time for it.
        """
        cost = explanation_price(text, explain == "inside") if explain else price([text])
        with self._turns.turn(cost, bool(explain)) as give_way:
            needs_care = care.needed(text)
            prediction = self._model.predict("" if needs_care else text)  # nothing is read into such a text
            answer = self._answer(text, prediction, needs_care)
            if explain and not needs_care:
                answer["attribution"] = [vars(one) for one in self._model.explain(text, give_way)]
            if explain == "inside" and not needs_care:
                answer["inside"] = [vars(one) for one in self._model.look_inside(text)]
            return answer

    def many(self, values: Sequence[object]) -> list[dict[str, Any]]:
        """The answers about many texts.

        Args:
            values: what was sent as texts.

        Returns:
            In order, for each text what ``one`` returns for it, or the problem document for which it is refused.

        Raises:
            PredictionError: the model did not answer.
            RefusedError: there is no time for it.
        """
        read = [_review_or_problem(value) for value in values]
        texts = [text for text in read if isinstance(text, str)]
        with self._turns.turn(price(texts)) as give_way:
            needs_care = []
            for text in texts:
                give_way()  # reading a hundred long texts takes half a second
                needs_care.append(care.needed(text))
            asked = ["" if needed else text for text, needed in zip(texts, needs_care, strict=True)]
            predictions = self._model.predict_all(asked, give_way)
            answers = map(self._answer, texts, predictions, needs_care)
            return [text if isinstance(text, dict) else next(answers) for text in read]

    def _answer(self, text: str, prediction: Prediction, needs_care: bool) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "id": text_id(text),
            "review": text,
            "classification": prediction.classification,
            "confidence": prediction.confidence,
            "scores": prediction.scores,
            "model": self._model.revision,
        }
        if needs_care:
            return answer | {"care": True}  # and no receipt: there is nothing to judge
        self._measures.add(prediction)
        if self._receipt_key:
            answer["receipt"] = receipts.issue(
                self._receipt_key, text, prediction.classification, prediction.confidence, self._model.revision
            )
        return answer


def _review_or_problem(value: object) -> str | dict[str, Any]:
    try:
        return review(value)
    except Problem as problem:
        return problem.document
