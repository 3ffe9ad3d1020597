"""Whether the model really said what a judgement is about: the receipt that came with it, against the stage's keys."""

from __future__ import annotations

from dataclasses import replace

from botocore.exceptions import ClientError

import parameters
from shared import receipts
from shared.judgements import EXPIRED, INVALID, VALID, Judgement, Prediction, rounded

_CACHE_SECONDS = 60  # how long a revoked key may still be believed
# A rotation shows itself by a receipt that no known key signed. Made-up receipts must not make us ask SSM for each, so
# it is asked at most once in this time, which is shorter than a task takes to start with its new key: a third of a
# second on a laptop, seconds on AWS. What was read before the rotation is then too old when the new key shows.
_AGAIN_SECONDS = 0.2


def prove(judgement: Judgement, receipt: str | None, parameter: str) -> Judgement:
    """The judgement with the prediction that its receipt proves, or without one and with the reason.

    Args:
        judgement: what a person says.
        receipt: what came with it; None for nothing.
        parameter: name of the SSM parameter that holds the keys.

    Raises:
        ClientError: SSM refused to tell the keys.
        BotoCoreError: SSM did not answer.
        ValueError: the parameter holds no keys.
    """
    if receipt is None:
        return judgement
    try:
        found = _check(receipt, judgement.review, parameter)
    except receipts.ExpiredReceiptError:
        return replace(judgement, receipt=EXPIRED)
    except receipts.InvalidReceiptError:
        return replace(judgement, receipt=INVALID)
    prediction = Prediction(found.classification, rounded(found.confidence), found.model, found.question)
    return replace(judgement, receipt=VALID, prediction=prediction)


def _check(receipt: str, review: str, parameter: str) -> receipts.Receipt:
    try:
        return receipts.check(receipt, review, _keys(parameter, _CACHE_SECONDS))
    except receipts.ExpiredReceiptError:
        raise
    except receipts.InvalidReceiptError:
        return receipts.check(receipt, review, _keys(parameter, _AGAIN_SECONDS))


def _keys(parameter: str, max_age_seconds: float) -> tuple[str, ...]:
    try:
        return receipts.read_keys(parameters.secret(parameter, max_age_seconds))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return ()  # a stage without keys gives no receipts, so this one is not its own
