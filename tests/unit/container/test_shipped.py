"""The shipped model on texts of which nothing can be told: it says so, or is not sure. Strings are made, not picked."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from string import ascii_lowercase, punctuation

import pytest

from sentiment.model import Model

SHIPPED = Path(__file__).parents[3] / "container" / "model"
STRINGS = 200


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.find(SHIPPED)


def digests(random: Random) -> str:
    return random.randbytes(random.choice((4, 8, 16, 32))).hex()


def identifiers(random: Random) -> str:
    return "-".join(random.randbytes(size).hex() for size in (4, 2, 2, 2, 6))


def mashed(random: Random) -> str:
    return " ".join(
        "".join(random.choice("asdfghjkl;qwertyuiop") for _ in range(random.randint(3, 12)))
        for _ in range(random.randint(1, 6))
    )


def letters(random: Random) -> str:
    return " ".join(random.choice(ascii_lowercase) for _ in range(random.randint(1, 20)))


def consonants(random: Random) -> str:
    return " ".join(
        "".join(random.choice("bcdfghjklmnpqrstvwxz") for _ in range(random.randint(2, 8)))
        for _ in range(random.randint(1, 8))
    )


def numbers(random: Random) -> str:
    return " ".join(str(random.randint(0, 10**6)) for _ in range(random.randint(1, 12)))


def signs(random: Random) -> str:
    return "".join(random.choice(punctuation) for _ in range(random.randint(1, 30)))


def mixed(random: Random) -> str:
    return " ".join(random.choice((digests, letters, numbers, consonants))(random)[:12] for _ in range(6))


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        (digests, 0.97),
        (identifiers, 0.97),
        (mashed, 0.97),
        (letters, 0.97),
        (consonants, 0.97),
        (numbers, 1.0),
        (signs, 1.0),
        (mixed, 0.97),
    ],
)
def test_made_strings_get_no_emotion(model: Model, kind: Callable[[Random], str], least: float) -> None:
    random = Random(kind.__name__)
    texts = [kind(random) for _ in range(STRINGS)]
    answered = [text for text in texts if model.predict(text).classification is not None]
    assert len(answered) <= (1 - least) * STRINGS, answered


@pytest.mark.parametrize(
    "text",
    [
        "Der Zug nach München hat zwanzig Minuten Verspätung",
        "Nous prenons le petit déjeuner dans la cuisine",
        "Mañana voy a comprar pan y leche en la tienda",
        "Domani mattina prendo il treno per andare in ufficio",
        "Wij gaan morgen met de fiets naar het station",
        "Wczoraj kupiłem chleb i mleko w sklepie",
        "Jag ska köpa bröd och mjölk i affären",
        "Завтра утром я поеду на работу на автобусе",
        "明日の朝は電車で会社に行きます",
        "내일 아침에 버스를 타고 회사에 갑니다",
        "غدا صباحا سأذهب إلى العمل بالحافلة",
    ],
)
def test_other_languages_get_no_emotion_or_a_doubtful_one(model: Model, text: str) -> None:
    said = model.predict(text)
    assert said.classification is None or said.confidence < 0.6


def test_feelings_in_other_languages_get_none(model: Model) -> None:
    texts = [  # words of theirs that English has too, or that are a slip away from English ones
        "Ich habe gestern meine Mutter besucht und wir haben Kuchen gegessen",
        "Der Mann war im Krieg und hat alles verloren",
        "Sie ist heute nicht glad, die Arme, und alle sind kind zu ihr",
        "Han blev så glad att han dansade hela kvällen",
        "Mon frère a perdu son travail la semaine dernière",
        "Mañana vamos a la playa con mis amigos",
        "Non ho paura di niente e di nessuno",
        "Hij was erg boos op zijn broer en gooide de deur dicht",
        "Die Kinder spielen im Garten",
        "Das Wetter ist heute schön und ich freue mich",
        "Jag är så glad över att du kom hit idag.",
        "Saya pergi ke pasar untuk membeli ikan",
    ]
    answered = [text for text in texts if model.predict(text).classification is not None]
    assert len(answered) <= 2, answered
