"""Strings that are no language: hex, mashed keys, codes, numbers, stray words. What the RNN is to stay silent on."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from random import Random
from string import ascii_letters, ascii_lowercase, digits, hexdigits

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_UNITS = ("", "", " kg", " km", " %", " EUR", "px", " ms", "GB", " am", " cm")
_SYLLABLES = (
    *("blor", "fim", "gra", "zun", "tak", "pel", "ori", "snu", "wib", "dax", "mo"),
    *("le", "ra", "ki", "ven", "tor", "plu", "shi", "na", "zo", "gre"),
)
_ALPHABETS = (
    "абвгдежзийклмнопрстуфхцчшщыэюя",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "的一是不了人我在有他这中大来上国",
    "あいうえおかきくけこさしすせそ",
)


def _hex(random: Random) -> str:
    return " ".join(
        "".join(random.choices(hexdigits[:16], k=random.choice((2, 4, 8, 32)))) for _ in range(random.randint(1, 8))
    )


def _mashed(random: Random) -> str:
    row = random.choice((*_ROWS, ascii_lowercase))
    return " ".join("".join(random.choices(row, k=random.randint(2, 9))) for _ in range(random.randint(1, 10)))


def _letters(random: Random) -> str:
    return " ".join(random.choices(ascii_letters, k=random.randint(1, 14)))


def _numbers(random: Random) -> str:
    return " ".join(
        f"{random.choice((random.randint(0, 3000), round(random.random() * 100, 2)))}{random.choice(_UNITS)}"
        for _ in range(random.randint(1, 8))
    )


def _code(random: Random) -> str:
    raw = base64.b64encode(random.randbytes(random.randint(4, 30))).decode()
    return random.choice((raw, raw.replace("+", " ").replace("/", "-"), f"id={raw[:8]}&v={random.randint(1, 99)}"))


def _invented(random: Random) -> str:
    return " ".join("".join(random.choices(_SYLLABLES, k=random.randint(1, 3))) for _ in range(random.randint(1, 9)))


def _other_script(random: Random) -> str:
    alphabet = random.choice(_ALPHABETS)
    return " ".join("".join(random.choices(alphabet, k=random.randint(1, 8))) for _ in range(random.randint(1, 9)))


def _mixed(random: Random) -> str:
    return " ".join(
        "".join(random.choices(ascii_lowercase + digits, k=random.randint(1, 7))) for _ in range(random.randint(1, 9))
    )


KINDS: tuple[Callable[[Random], str], ...] = (
    _hex,
    _mashed,
    _letters,
    _numbers,
    _code,
    _invented,
    _other_script,
    _mixed,
)


def noise_example(random: Random, strewn: Sequence[str] = ()) -> str:
    """One string that says nothing, of one kind or of two; at times with a real word or two in it.

    Args:
        random: source of chance.
        strewn: words of which one or two are put into every fifth string.
    """
    parts = [random.choice(KINDS)(random) for _ in range(random.choice((1, 1, 1, 2)))]
    if strewn and random.random() < 0.2:
        parts += random.choices(strewn, k=random.randint(1, 2))
        random.shuffle(parts)
    return " ".join(parts)
