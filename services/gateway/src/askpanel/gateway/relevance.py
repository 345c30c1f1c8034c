"""How much a question is an expert's business: word TF-IDF with whole tags, pointers and spellings. Pure.

Words of an expert's tags weigh most, then domain, title, the everyday words of its domain, and summary; a
whole tag that stands in the question counts extra, the more the fewer experts hold it; character n-grams
catch other spellings. Plain Python: a question against 30 experts takes about 1 ms.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from askpanel.contracts.catalogue import Expert
from askpanel.gateway.vocabulary import VOCABULARY

_FIELD_WEIGHTS = (("tags", 3.0), ("domain", 2.5), ("title", 2.0), ("summary", 0.5))
_EVERYDAY, _WHOLE_TAG, _SPELLING = 1.5, 0.3, 0.25

_WORD = re.compile(r"[a-z0-9]+(?:\([a-z]\))?", re.ASCII | re.IGNORECASE)
_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "do",
        "does",
        "for",
        "from",
        "get",
        "had",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "make",
        "may",
        "might",
        "more",
        "most",
        "much",
        "must",
        "need",
        "new",
        "no",
        "not",
        "now",
        "of",
        "on",
        "one",
        "only",
        "or",
        "other",
        "our",
        "out",
        "over",
        "should",
        "so",
        "some",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "two",
        "up",
        "us",
        "use",
        "using",
        "very",
        "want",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "year",
        "you",
        "your",
    ]
)
_ENDINGS = ("ations", "ation", "ingly", "ings", "ing", "ies", "ied", "ers", "er", "ed", "es", "s", "y", "e")


@dataclass(frozen=True, slots=True)
class Profile:
    """An expert prepared for scoring: unit vectors of words and of spellings, and its tags as stems.

    `topics` are the stems that say what its business is: of tags, domain and title, not of whole sentences.
    """

    expert: Expert
    words: Mapping[str, float]
    grams: Mapping[str, float]
    tags: tuple[tuple[str, str], ...]
    topics: frozenset[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question prepared for scoring. `spoken` gives the question's own word for a stem."""

    spoken: Mapping[str, str]
    sentence: str
    words: Mapping[str, float]
    grams: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Index:
    """A catalogue prepared for scoring. Profiles are in the order of agent ids."""

    profiles: tuple[Profile, ...]
    rarity: Mapping[str, float]
    gram_rarity: Mapping[str, float]
    tag_worth: Mapping[str, float]

    def asked(self, question: str) -> Asked:
        """Prepare a question."""
        return Asked(
            {_stem(word.lower()): word for word in _WORD.findall(question) if word.lower() not in _STOP},
            _sentence(question),
            _vector(Counter(_terms(question)), self.rarity),
            _vector(Counter(_grams(question)), self.gram_rarity),
        )

    def score(self, profile: Profile, asked: Asked) -> float:
        """Relevance; 0 means nothing in common."""
        return (
            cosine(asked.words, profile.words)
            + _SPELLING * cosine(asked.grams, profile.grams)
            + sum(self.tag_worth[tag] for tag in tags_in(profile, asked))
        )


def index(catalogue: Iterable[Expert]) -> Index:
    """Prepare a catalogue; the last ones are kept."""
    return _index(tuple(sorted(catalogue, key=lambda expert: expert.agent_id)))


def tags_in(profile: Profile, asked: Asked) -> list[str]:
    """The expert's tags whose words stand next to each other in the question, in tag order."""
    return [tag for tag, stems in profile.tags if stems in asked.sentence]


def spoken_tags(profile: Profile, asked: Asked) -> list[str]:
    """The same, as the question writes them."""
    return [
        " ".join(asked.spoken.get(_stem(word), word) for word in tag.split())
        for tag in tags_in(profile, asked)
    ]


def shared_words(profile: Profile, asked: Asked) -> list[str]:
    """Words of the question that name the expert's business, as they were written, the most telling first."""
    held = [stem for stem in asked.spoken if stem in profile.topics and stem in profile.words]
    return [asked.spoken[stem] for stem in sorted(held, key=lambda stem: (-profile.words[stem], stem))]


def cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Of two unit vectors."""
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    return sum(value * long[term] for term, value in short.items() if term in long)


@lru_cache(maxsize=32)
def _index(experts: tuple[Expert, ...]) -> Index:
    weights = [_expert_weights(expert) for expert in experts]
    spellings = [Counter(_grams(" ".join((*expert.tags, expert.title)))) for expert in experts]
    rarity, gram_rarity = _rarity(weights), _rarity(spellings)
    holders = Counter(tag for expert in experts for tag in set(expert.tags))
    worth = {tag: _WHOLE_TAG * (1 + 0.5 * tag.count(" ")) / count for tag, count in holders.items()}
    profiles = tuple(
        Profile(
            expert,
            _vector(words, rarity),
            _vector(grams, gram_rarity),
            tuple((tag, _sentence(tag)) for tag in expert.tags),
            frozenset(_terms(" ".join((*expert.tags, expert.domain, expert.title)))),
        )
        for expert, words, grams in zip(experts, weights, spellings, strict=True)
    )
    return Index(profiles, rarity, gram_rarity, worth)


def _expert_weights(expert: Expert) -> Mapping[str, float]:
    weights: dict[str, float] = {}
    for name, weight in _FIELD_WEIGHTS:
        value = getattr(expert, name)
        for word in set(_terms(value if isinstance(value, str) else " ".join(value))):
            weights[word] = weights.get(word, 0.0) + weight
    for word in set(_terms(VOCABULARY.get(expert.domain, ""))):
        weights[word] = weights.get(word, 0.0) + _EVERYDAY
    return weights


def _terms(text: str) -> list[str]:
    """Stems in order, without stop words."""
    return [_stem(word) for word in _words(text)]


def _words(text: str) -> list[str]:
    """Lower-case words in order, without stop words."""
    return [word for word in _WORD.findall(text.lower()) if word not in _STOP]


def _sentence(text: str) -> str:
    """All stems in order with spaces around each, so that a phrase is found as a substring."""
    return f" {' '.join(_stem(word) for word in _WORD.findall(text.lower()))} "


def _stem(word: str) -> str:
    """Cuts the commonest English endings; crude, and the same on both sides."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word[:-1] if len(word) == 4 and word.endswith("s") else word


def _grams(text: str) -> list[str]:
    """Character 4-grams within words."""
    padded = (f" {word} " for word in _words(text))
    return [word[at : at + 4] for word in padded for at in range(max(1, len(word) - 3))]


def _rarity(documents: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    held = Counter(term for document in documents for term in document)
    return {term: math.log((1 + len(documents)) / (1 + count)) + 1 for term, count in held.items()}


def _vector(counts: Mapping[str, float], rarity: Mapping[str, float]) -> Mapping[str, float]:
    """Sublinear TF-IDF of unit length; terms no expert has are left out."""
    raw = {term: math.log1p(count) * rarity[term] for term, count in counts.items() if term in rarity}
    length = math.sqrt(sum(value * value for value in raw.values()))
    return {term: value / length for term, value in raw.items()} if length else {}
