"""Verifies the receipt that came with a judgement against the stage's keys: did the model predict that."""

from __future__ import annotations

from dataclasses import replace

from botocore.exceptions import ClientError

import parameters
from shared import receipts
from shared.judgements import EXPIRED, INVALID, VALID, Judgement, Prediction, rounded
from shared.times import timestamp

_CACHE_SECONDS = 60  # how long a revoked key may still be accepted
# After a rotation, receipts arrive that no known key signed. Forged receipts must not cause a call of SSM each, so
# it is called at most once in this time, which is shorter than a task takes to start with its new key: a third of a
# second on a laptop, seconds on AWS. Keys read before the rotation are then too old when the new key is first used.
_AGAIN_SECONDS = 0.2


def prove(judgement: Judgement, receipt: str | None, parameter: str) -> Judgement:
    """The judgement with the prediction that its receipt proves, or without one and with the reason.

    Args:
        judgement: the judgement.
        receipt: what was sent with it; None for nothing.
        parameter: name of the SSM parameter that holds the keys.

    Raises:
        ClientError: SSM refused to return the keys.
        BotoCoreError: SSM did not answer.
        ValueError: the parameter holds no keys.
    """
    if receipt is None:
        return judgement
    try:
        found = verified(receipt, judgement.review, parameter)
    except receipts.ExpiredReceiptError:
        return replace(judgement, receipt=EXPIRED)
    except receipts.InvalidReceiptError:
        return replace(judgement, receipt=INVALID)
    asked = timestamp(found.issued)
    prediction = Prediction(found.classification, rounded(found.confidence), found.model, found.request_id, asked)
    return replace(judgement, receipt=VALID, prediction=prediction)


def verified(
    receipt: str, review: str, parameter: str, lifetime: float = receipts.LIFETIME_SECONDS
) -> receipts.Receipt:
    """What a receipt proves.

    Args:
        receipt: what was sent.
        review: the text that was sent with it, trimmed.
        parameter: name of the SSM parameter that holds the keys.
        lifetime: seconds for which it is good.

    Raises:
        InvalidReceiptError: no key of the stage signed it for this text.
        ExpiredReceiptError: it is genuine but too old.
        ClientError: SSM refused to return the keys.
        BotoCoreError: SSM did not answer.
        ValueError: the parameter holds no keys.
    """
    try:
        return receipts.check(receipt, review, _keys(parameter, _CACHE_SECONDS), lifetime)
    except receipts.ExpiredReceiptError:
        raise
    except receipts.InvalidReceiptError:
        return receipts.check(receipt, review, _keys(parameter, _AGAIN_SECONDS), lifetime)


def _keys(parameter: str, max_age_seconds: float) -> tuple[str, ...]:
    try:
        return receipts.read_keys(parameters.secret(parameter, max_age_seconds))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return ()  # a stage without keys issues no receipts, so this one is not its own
