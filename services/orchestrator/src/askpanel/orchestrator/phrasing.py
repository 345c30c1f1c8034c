"""Whether a text only phrases a computed result: it may choose its words, it may not add to the record.

Sentence by sentence, so that an invented one cannot hide in a long faithful text:

| rule | refused |
|---|---|
| numbers | a figure, or a number word from two to twelve, that the record does not hold |
| names | a seat's name, or a capitalised word inside a sentence, that the record does not hold |
| quotations | words between quotation marks that do not stand in the record |
| claims | half or more of the words with content are not the record's |
| turned meaning | it says what a sentence of the record says, with one negation more or less |
| sides | a dissenter said to support, anybody else said to oppose |
| unanimity | claimed of a result that is not unanimous |

English, and strict on purpose: a refused text costs a paragraph, an accepted invention costs trust.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NAME = re.compile(r"(?<=[\w,;:’')] )[A-Z][\w’'-]{2,}")
_QUOTED = re.compile(r"[\"“«]([^\"”»]{3,})[\"”»]")
_UNANIMOUS = re.compile(r"\bunanim|\b(?:all|every|each)(?: of)?(?: the)?(?: \w+)? (?:expert|voter)s?\b")

_NUMBER_WORDS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip
_FUNCTION = """
a about after all also although an and any are as at be because been before being both but by can could did
do does each every for from had has have he her his however how i if in into is it its just may might more
most much must of on one only or other others our out over own rather remain remains rest same she should
since so some still such than that the their them then there therefore these they this those though through
thus to too under until up very was we were what when where whether which while who whom whose why will with
would yet you your
"""
_FRAME = """
agree agreed agreement agrees against alternative alternatives answer answers argue argued argues back backed
backs band call called calls cite cited cites conclude concluded concludes conclusion condition conditional
conditions consensus consider considered considers disagree disagreed disagreement disagrees dissent dissented
dissenting dissents expert experts favour favoured favours find finds found further hold holds leading lean
leans level main majority members minority moderate note noted notes oppose opposed opposes overall panel
point points position positions question reason reasons recommend recommendation recommended recommends
reject rejected rejects result round said say says seat seats short side sides split state stated states strong
summary support supported supporting supports toward towards unanimous unanimously view views vote voted
voter voters votes weak
"""
_NEGATIONS = "no not never none nor neither nobody nothing cannot without"
_FOR = "agree agreed agrees back backed backs favour favoured favours support supported supports"
_AGAINST = """
against disagree disagreed disagrees dissent dissented dissents oppose opposed opposes reject rejected rejects
"""


def _stem(word: str) -> str:
    """Enough of a word to know its other forms by: waits, waited and waiting are `wait`."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:6].rstrip("e")


NEGATIONS, FOR, AGAINST = (frozenset(words.split()) for words in (_NEGATIONS, _FOR, _AGAINST))
OWN = frozenset(_stem(word) for word in f"{_FUNCTION} {_FRAME} {_NEGATIONS}".split())
"""Words that anybody may use: they frame the record and claim nothing."""


@dataclass(frozen=True)
class Record:
    """What a text may say: the result in `lines`; the names of all seats and of the dissenters; the band.

    The `question` lends its words and figures; what it asks is no claim.
    """

    question: str
    lines: tuple[str, ...]
    names: tuple[str, ...]
    dissenters: frozenset[str]
    band: str

    @cached_property
    def text(self) -> str:
        return "\n".join((self.question, *self.lines)).casefold()

    @cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset(_numbers(self.text))

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(_stem(word) for word in _words(self.text))

    @cached_property
    def claims(self) -> tuple[tuple[frozenset[str], bool], ...]:
        """Content and polarity of every sentence."""
        return tuple(_claim(sentence) for line in self.lines for sentence in _sentences(line))


def additions(text: str, record: Record) -> tuple[str, ...]:
    """What the text adds to the record, in sentences; empty when it only phrases it."""
    found = tuple(problem for sentence in _sentences(text) for problem in _problems(sentence, record))
    return found if text.strip() else ("the text is blank",)


def _problems(sentence: str, record: Record) -> Iterator[str]:
    told = sentence.casefold()
    yield from (f"number {n} in {sentence!r}" for n in _numbers(told) if n not in record.numbers)
    yield from (f"name {name!r} in {sentence!r}" for name in _names(sentence, record))
    for quoted in _QUOTED.findall(told):
        if quoted.strip(" .,") not in record.text:
            yield f"quotation {quoted!r}"
    content, _ = _claim(sentence)
    new = content - record.stems
    if 2 * len(new) >= max(1, len(content)):
        yield f"claim with {', '.join(sorted(new))} in {sentence!r}"
    if _turns(sentence, record):
        yield f"turned meaning in {sentence!r}"
    if _takes_wrong_side(sentence, record):
        yield f"wrong side in {sentence!r}"
    if record.band != "unanimous" and _UNANIMOUS.search(told):
        yield f"unanimity in {sentence!r}"


def _sentences(text: str) -> list[str]:
    return [part for part in _SENTENCE.split(text) if part.strip()]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _numbers(text: str) -> Iterator[str]:
    """Figures without thousands separators, and number words as figures."""
    yield from _NUMBER.findall(_THOUSANDS.sub("", text))
    yield from (_NUMBER_WORDS[word] for word in _words(text) if word in _NUMBER_WORDS)


def _names(sentence: str, record: Record) -> Iterator[str]:
    """Names that the record does not hold."""
    for name in record.names:
        if _mentions(sentence, name) and not _mentions(record.text, name):
            yield name
    for name in _NAME.findall(sentence):
        if not all(_stem(word) in record.stems | OWN for word in _words(name)):
            yield name


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", text.casefold()) is not None


def _claim(sentence: str) -> tuple[frozenset[str], bool]:
    """The stems of its words with content, and whether it affirms.

    A negation right before a word of support or opposition turns the side, not what is claimed.
    """
    words = _words(sentence)
    content = (w for w in words if len(w) >= 4 and w not in _NUMBER_WORDS and not _negates(w))
    claimed = [
        word
        for word, following in zip(words, [*words[1:], ""], strict=True)
        if not (_negates(word) and following in FOR | AGAINST)
    ]
    return frozenset(_stem(word) for word in content) - OWN, _affirms(claimed)


def _affirms(words: list[str]) -> bool:
    """An even number of negations."""
    return sum(map(_negates, words)) % 2 == 0


def _negates(word: str) -> bool:
    return word in NEGATIONS or word.endswith(("n't", "n’t"))


def _turns(sentence: str, record: Record) -> bool:
    """A sentence of the record says nearly the same with the other polarity, and none with this one."""
    content, affirms = _claim(sentence)
    alike = {way for said, way in record.claims if _same_subject(content, said)}
    return (not affirms) in alike and affirms not in alike


def _same_subject(one: frozenset[str], two: frozenset[str]) -> bool:
    """Four fifths of the shorter one's words are shared."""
    shorter = min(len(one), len(two))
    return shorter > 0 and len(one & two) >= 0.8 * shorter


def _takes_wrong_side(sentence: str, record: Record) -> bool:
    """Only where the sentence speaks of one person and one side, and the result has a leading side."""
    named = [name for name in record.names if _mentions(sentence, name)]
    words = _words(sentence)
    sides = {True for word in words if word in FOR} | {False for word in words if word in AGAINST}
    if len(named) != 1 or len(sides) != 1 or record.band in ("split", "none"):
        return False
    supports = sides.pop() == _affirms(words)
    return supports == (named[0] in record.dissenters)
