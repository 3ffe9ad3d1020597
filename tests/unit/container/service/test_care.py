"""Texts that need care: which are found, which are not, how long it takes, and what the service says of them."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from generator import catalogue
from sentiment import care
from sentiment.app import create_app
from sentiment.model import Model
from sentiment.settings import Settings
from shared import receipts
from training.evaluation import everyday
from training.texts import data

NONE = "none"
TEXTS = Path(__file__).with_name("care.tsv")  # topic or "none", and text: ours
UNSEEN = Path(__file__).with_name("care_unseen.tsv")  # as above, but no pattern may be adjusted to these
UNSEEN_FOUND = 33  # of its 126, as the model card says
UNSEEN_ALARMS = 8  # of its 327
FRESH = Path(__file__).with_name("care_fresh.tsv")  # by another author, and no pattern may be adjusted to these either
FRESH_FOUND = {"plain": 98, "hinted": 13, NONE: 4}  # of its 120, 60 and 250, as the model card says
KINDS = Path(__file__).with_name("care_kinds.tsv")  # plain, hinted or "none", and text: the patterns were made with it
HINTED = 0.85  # least share of what is only hinted at in it
FOUND = 0.95  # least share of a topic's phrasings
FALSE_ALARMS = 0.002  # greatest share of texts that need no care
FAST = 100e-6  # seconds a character, several times what the slowest machine here takes


def phrasings(file: Path = TEXTS) -> dict[str, list[str]]:
    found = defaultdict(list)
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        topic, _, text = line.partition("\t")
        found[topic].append(text)
    return found


def number_found(file: Path, topic: str) -> int:
    return sum(map(care.needed, phrasings(file)[topic]))


@pytest.mark.parametrize("topic", care.TOPICS)
def test_what_needs_care_is_found(topic: str) -> None:
    texts = phrasings()[topic]
    missed = [text for text in texts if not care.needed(text)]
    assert len(texts) >= 100
    assert len(missed) <= (1 - FOUND) * len(texts), missed


@pytest.mark.parametrize("topic", care.TOPICS)
def test_the_topic_is_the_right_one(topic: str) -> None:
    texts = [text for text in phrasings()[topic] if care.needed(text)]
    other = [text for text in texts if topic not in care.topics(text)]
    assert len(other) <= 0.05 * len(texts), other


def test_what_only_sounds_so_is_left_alone() -> None:
    texts = phrasings()[NONE]
    assert len(texts) >= 300
    assert [text for text in texts if care.needed(text)] == []


@pytest.mark.parametrize(("kind", "share"), [("plain", FOUND), ("hinted", HINTED)])
def test_of_other_phrasings_too_the_plain_ones_are_found_and_most_hints(kind: str, share: float) -> None:
    texts = phrasings(KINDS)[kind]
    missed = [text for text in texts if not care.needed(text)]
    assert len(texts) >= 200
    assert len(missed) <= (1 - share) * len(texts), missed


def test_near_misses_of_them_are_left_alone() -> None:
    texts = phrasings(KINDS)[NONE]
    alarms = [text for text in texts if care.needed(text)]
    assert len(texts) >= 900
    assert len(alarms) <= 0.005 * len(texts), alarms


def test_everyday_sentences_raise_no_alarm() -> None:
    assert [one.text for one in everyday.sentences() if care.needed(one.text)] == []


def test_of_phrasings_that_no_pattern_was_adjusted_to_as_many_are_found_as_the_card_says() -> None:
    found, alarms = (number_found(UNSEEN, topic) for topic in ("care", NONE))  # numbers: a failure shows no text
    assert found >= UNSEEN_FOUND
    assert alarms <= UNSEEN_ALARMS
    fresh = {kind: number_found(FRESH, kind) for kind in FRESH_FOUND}
    assert fresh["plain"] >= FRESH_FOUND["plain"] and fresh["hinted"] >= FRESH_FOUND["hinted"]
    assert fresh[NONE] <= FRESH_FOUND[NONE]


@pytest.mark.skipif(not os.environ.get("DATA"), reason="needs ISEAR: DATA=path/to/isear.csv")
def test_accounts_of_the_survey_hardly_raise_any() -> None:
    """Some do tell of a rape or an attack: they are counted as alarms all the same."""
    rows = data.read(Path(os.environ["DATA"]))
    alarms = [row.key for row in rows if care.needed(row.text)]  # keys: no text of the survey in a report
    assert len(alarms) <= FALSE_ALARMS * len(rows), alarms


@pytest.mark.parametrize(
    "text",
    [
        "I want to kill my self",
        "i wanna k!ll myself",
        "I want to k1ll myself",
        "thinking about su1cide",
        "thinking about s*icide",
        "thinking about su*c*de",
        "k i l l myself",
        "should i k i l l myself",
        "k.i.l.l myself",
        "K.I.L.L. myself",
        "KILL MYSELF",
        "i want to dieeeeee",
        "i want to unalive myself",
        "\u200bkill\u200b my\u200dself",
        "𝐤𝐢𝐥𝐥 𝐦𝐲𝐬𝐞𝐥𝐟",  # noqa: RUF001 (bold letters of the mathematicians)
        "k\ufe0fi\ufe0fll my\u034fself",
        "i\u2019m gonna kms",
        *(f"I don{apostrophe}t want to live anymore" for apostrophe in "'`\u2018\u2019\u201b\u00b4\u02bc\u2032\uff07"),
        "selfharmed again last night",
        "i want to d i e",
        "I want to d.i.e",
        "i want to d1e",
        "thinking about su!c!de",
        "i feel suic!dal",
        "ki!!ing myself",
        "k|ll myself",
        "suicde thoughts again in my head",
        "sucide thoughts again in my head",
        "siucidal and tired",
        "kill mysefl",
        "i wnat to die",
        "my husbnad beats me",
        "don t want to live anymore",
        "#wanttodie",
        "want to \u0501\u0456\u0435",  # Cyrillic
        "\u03ba\u03b9ll mys\u03b5lf",  # Greek
        "\u1d0b\u026a\u029f\u029f \u1d0d\u028f\ua731\u1d07\u029f\ua730",  # small capitals
        "\U0001f1f0\U0001f1ee\U0001f1f1\U0001f1f1 myself",  # letters of flags
        "k\u2800ill my\u3164self",  # blanks that are letters
    ],
)
def test_disguises_and_slips_are_seen_through(text: str) -> None:
    assert care.needed(text)


@pytest.mark.parametrize(
    ("fresh", "past"),
    [
        ("My brother killed himself yesterday", "My grandfather killed himself in 1950"),
        ("she committed suicide last night", "His uncle committed suicide when he was a boy"),
        ("my partner beat me again", "My sister beat me at chess again"),
        ("My friend wants to kill herself", "The villain of the film wants to kill himself"),
    ],
)
def test_what_is_fresh_counts_and_what_is_long_past_does_not(fresh: str, past: str) -> None:
    assert care.needed(fresh)
    assert not care.needed(past)


@pytest.mark.parametrize("text", ["", " ", "\0", "\ud800", "!" * 2_000, "\u0301" * 2_000, "💔" * 2_000, "k " * 1_000])
def test_any_string_is_read(text: str) -> None:
    assert not care.needed(text)


@pytest.mark.parametrize(
    "words", ["i want to die at chess my husband hits the ", "my ", "i want to ", "k i l l ", "su*c* "]
)
def test_the_time_grows_with_the_length_and_no_faster(words: str) -> None:
    text = (words * 20_000)[:20_000]
    started = time.process_time()
    list(care.topics(text))
    assert time.process_time() - started < FAST * len(text)


def answer(client: FlaskClient, review: str, **fields: bool) -> dict[str, object]:
    body = json.dumps({"review": review, **fields})
    found: dict[str, object] = json.loads(client.post("/predict", data=body, content_type="application/json").data)
    return found


def test_such_a_text_gets_no_label_no_receipt_and_no_weights(model: Model) -> None:
    client = create_app(Settings(receipt_key=receipts.new_key()), model).test_client()
    reply = answer(client, "  I want to end it all ", explain=True)
    assert reply == {
        "id": "f40f20b6f5587250d71105968f9572df",  # pragma: allowlist secret
        "review": "I want to end it all",
        "classification": None,
        "confidence": 0.0,
        "scores": dict.fromkeys(catalogue.LABELS, 0.142857),
        "model": model.revision,
        "care": True,
    }


def test_any_other_text_gets_all_of_it(model: Model) -> None:
    client = create_app(Settings(receipt_key=receipts.new_key()), model).test_client()
    reply = answer(client, "This bug is killing me, I am so angry", explain=True)
    assert "care" not in reply
    assert {"receipt", "attribution"} <= set(reply)
