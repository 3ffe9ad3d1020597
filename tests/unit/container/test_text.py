"""The tokenizer: what it splits, and that no text whatever stops it or slows it down."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.text import ALLCAPS, ELONGATED, PAD, UNKNOWN, Tokenizer, is_emoji, pieces, tokenize

VOCABULARY = ("<pad>", "<unk>", ".", "i", "did", "n't", "cry", "'s", "'", "13", "\U0001f622")
any_text = st.text(st.characters(codec=None, categories=None), max_size=300)  # lone surrogates and controls included


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I didn't CRY.", ["i", "did", "n't", "cry", ALLCAPS, "."]),
        ("WE ARE OK", ["we", "are", ALLCAPS, "ok"]),
        ("I didn\u2019t cry", ["i", "did", "n't", "cry"]),
        ("i didnt cry", ["i", "did", "n't", "cry"]),
        ("My mother's café", ["my", "mother", "'s", "cafe"]),
        ("sooooo sad!!!", ["soo", ELONGATED, "sad", "!", "!"]),
        ("NOOOO", ["noo", ELONGATED, ALLCAPS]),
        ("u dont know, idk", ["you", "do", "n't", "know", ",", "i", "do", "n't", "know"]),
        ("won't, wont, ain't", ["wo", "n't", ",", "wo", "n't", ",", "ai", "n't"]),
        ("at 13:45 (twice)", ["at", "13", "45", "twice"]),
        ("we two", ["we", "two"]),
        ("日本語 слово", ["日本語", "слово"]),
        ("\x00\ud800 \t", []),
    ],
)
def test_splits_into_words_numbers_and_signs(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("home \U0001f622", ["home", "\U0001f622"]),
        ("home\U0001f622\U0001f622\U0001f622!", ["home", "\U0001f622", "\U0001f622", "!"]),
        ("\u2764\ufe0f \U0001f44d\U0001f3fd", ["\u2764", "\U0001f44d"]),
        ("home :) home:( HOME :'(", ["home", "\U0001f642", "home", "\U0001f641", "home", ALLCAPS, "\U0001f622"]),
        (":D xD -_- <3 </3", ["\U0001f603", "\U0001f606", "\U0001f611", "\u2764", "\U0001f494"]),
        ("(see 8) at 10:30, 1:3", ["see", "8", "at", "10", "30", ",", "1", "3"]),
        ("#SoHappy #ILoveYou", ["so", "happy", "i", "love", "you"]),
        ("#sohappy #1", ["#sohappy", "1"]),
    ],
)
def test_emoji_emoticons_and_hashtags(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("see https://example.com/love/happy now", ["see", "now"]),
        ("(http://a.b/c) www.joy.example/love example.com/joy.", []),
        ("late @happy_joy", ["late"]),
        ("mail me: happy.joy@love.example", ["mail", "me"]),
        ("at @ 5", ["at", "5"]),
        ('<div class="love joy">dog</div><br/>', ["dog"]),
        ("<he left> 1 < 2", ["he", "left", "1", "2"]),
        ("I&#39;m &quot;ok&quot; &amp; well&nbsp;fed", ["i", "'m", "ok", "well", "fed"]),
        ("&lt;p&gt;no", ["no"]),
        ("AT&T &#99999999999; &nosuch; R&D", ["at", "t", "99", "nosuch", "r", "d"]),
        ("it ended.So what", ["it", "ended", ".", "so", "what"]),
    ],
)
def test_addresses_handles_mark_up_and_entities_are_taken_out(text: str, tokens: list[str]) -> None:
    assert [token for token in tokenize(text) if token != ALLCAPS] == tokens


@pytest.mark.parametrize(
    "change", ["{} https://example.com/love", "@joy_x {}", "{} a@joy.example", "<b>{}</b>", "<p class='joy'> {}"]
)
@given(st.text(st.sampled_from("aB ,.!?'#<:)\U0001f600"), max_size=40))
def test_what_is_added_of_that_kind_changes_no_token(change: str, text: str) -> None:
    text = text.replace("<", "")
    assert tokenize(change.format(text)) == tokenize(text)


WORDS = ("<pad>", "<unk>", ALLCAPS, ELONGATED, "i", "so", "sad", "happy", "hate", "my", "life", "soo", "angry")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sooo saaad", ["so", ELONGATED, "sad", ELONGATED]),
        ("happpyyy hapy agry", ["happy", ELONGATED, "happy", "angry"]),
        ("#ihatemylife #sad #xq", ["i", "hate", "my", "life", "sad", "<unk>"]),
        ("HATE", ["hate", ALLCAPS]),
    ],
)
def test_stretched_mistyped_and_run_together_words_are_recognised(text: str, words: list[str]) -> None:
    assert [WORDS[place] for place in Tokenizer(WORDS).encode(text)] == words


def test_a_vocabulary_without_marks_reads_on_without_them() -> None:
    assert Tokenizer(VOCABULARY).encode("CRYYYY") == [VOCABULARY.index("cry")]


def test_encodes_known_tokens_by_place_and_all_others_as_unknown() -> None:
    assert Tokenizer(VOCABULARY).encode("I didn't whistle.") == [3, 4, 5, UNKNOWN, 2]


@pytest.mark.parametrize("typed", ["freind", "frend", "friiend", "friemd", "friend"])
def test_one_slip_is_mended(typed: str) -> None:
    assert Tokenizer((*VOCABULARY, "friend")).encode(f"my {typed}") == [UNKNOWN, len(VOCABULARY)]


def test_of_two_words_one_slip_away_the_commoner_is_meant() -> None:
    assert Tokenizer((*VOCABULARY, "which", "witch")).encode("whitch") == [len(VOCABULARY)]


@pytest.mark.parametrize("typed", ["cyr", "frxxnd", "fr13nd", "fri\u0435nd"])
def test_shorter_words_more_slips_and_other_scripts_stay_unknown(typed: str) -> None:
    assert set(Tokenizer((*VOCABULARY, "friend")).encode(typed)) <= {UNKNOWN, VOCABULARY.index("13")}


def test_a_text_of_slips_is_mended_in_part_only() -> None:
    ids = Tokenizer((*VOCABULARY, "friend")).encode("freind " * 100)
    assert 0 < ids.count(len(VOCABULARY)) < 50


def test_refuses_a_vocabulary_without_its_special_tokens() -> None:
    with pytest.raises(ValueError, match="begins with"):
        Tokenizer(("i", "did"))


@pytest.mark.parametrize(
    ("text", "known"), [("cry", True), ("I ...", True), ("13 . ' !", False), ("xyz", False), ("", False), (":'(", True)]
)
def test_knows_whether_a_text_has_a_word_it_knows(text: str, known: bool) -> None:
    tokenizer = Tokenizer(VOCABULARY)
    assert tokenizer.has_known_word(tokenizer.encode(text)) is known


@given(
    st.lists(st.sampled_from(["cry", "CRY", "crz", "cryyy", "#didcry", "i\u00a0did", "<b>", "x" * 20, "\U0001f622!"]))
)
def test_ids_are_those_of_the_spans_however_much_was_guessed_before(words: list[str]) -> None:
    text = " ".join(words)
    tokenizer = Tokenizer(VOCABULARY)
    expected = [place for span in tokenizer.spans(text) for place in span.ids]
    assert tokenizer.encode(text) == expected
    assert tokenizer.encode(text) == expected  # what was remembered is the same


@given(any_text)
def test_every_text_gives_ids_of_the_vocabulary(text: str) -> None:
    tokenizer = Tokenizer(VOCABULARY)
    ids = tokenizer.encode(text)
    assert all(PAD < place < len(VOCABULARY) for place in ids)
    tokenizer.has_known_word(ids)


@given(any_text, st.sampled_from(["\n", " ", " \u3000\t"]), any_text)
@settings(max_examples=50)
def test_space_between_two_texts_keeps_their_tokens_apart(first: str, space: str, second: str) -> None:
    first, second = first.replace("<", ""), second.replace("<", "")  # mark-up may reach over white space
    assert tokenize(first + space + second) == tokenize(first) + tokenize(second)


@given(any_text)
def test_pieces_lie_in_order_inside_the_text(text: str) -> None:
    last = 0
    for start, end, tokens in pieces(text):
        assert last <= start < end <= len(text)
        assert tokens and all(tokens)
        last = end


@pytest.mark.parametrize(
    "unit",
    ["a", "n'", "don't ", "\u0315\u0327", "\ufdfa", "9", "'", "ab cdefgh ", "\U0001f600", "sadd"]
    + ["<a", "<a ", "&#1", "&amp;", "#a", "#ab ", "@a", "a@", "://", "a.", ":(", "(:", "hapy ", "heyyy ", "www.a "],
)
def test_takes_time_in_proportion_to_the_length(unit: str) -> None:
    """Sixteen times the text may not take 16² times as long; a hundred times leaves room for a busy machine."""
    tokenizer = Tokenizer(VOCABULARY)

    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        start = time.process_time()
        tokenizer.encode(text)
        return time.process_time() - start

    short = min(seconds(8_000) for _ in range(3))
    assert min(seconds(128_000) for _ in range(2)) < max(short, 0.001) * 100


def test_an_emoji_is_one_sign() -> None:
    assert all(map(is_emoji, "\U0001f622\u2764"))
    assert not any(map(is_emoji, ("a", "1", ".", "", "\U0001f622\U0001f622", ":)")))


@pytest.mark.parametrize("text", ["&%':=};)><", ":@:(]{]", ";(*", "|+!)$^`,$-|!=-+^(*#", "_=(=%["])
def test_signs_among_other_signs_are_no_emoticon(text: str) -> None:
    assert not any(map(is_emoji, tokenize(text)))
