"""Answers in another language than English: what the negation guard cannot read is said, votes count as ever."""

from __future__ import annotations

from typing import Any

import pytest

from askpanel.consensus.ballots import Answer, Option, Point
from askpanel.consensus.compute import Request, compute
from askpanel.consensus.guarded import NOT_ENGLISH
from askpanel.consensus.keypoints.language import LEAST_WORDS, is_english
from askpanel.consensus.result import Result
from askpanel.contracts.events import PanelType

GERMAN = (
    "Wir sollten das Produkt noch in diesem Jahr in Deutschland zulassen",
    "Wir sollten das Produkt in diesem Jahr nicht in Deutschland zulassen",
    "Wir sollten das Produkt keinesfalls noch in diesem Jahr in Deutschland zulassen",
)
ENGLISH = (
    "We should have the product approved in Germany this year",
    "We should not have the product approved in Germany this year",
    "We should never have the product approved in Germany this year",
)


@pytest.mark.parametrize(
    "text",
    [
        " ".join(GERMAN),
        "We moeten het product dit jaar in Nederland toelaten. De prijs is te hoog of te laag, en dat weten we pas later.",
        "Nous devrions lancer le produit en France, car les hôpitaux sont prêts et que le prix est assez bas pour eux tous.",
        "Deberíamos lanzar el producto en España, porque los hospitales están listos y el precio no es alto para la mayoría.",
        "Vi bør lancere produktet i Danmark, for hospitalerne er klar, og det er bedre at begynde nu end at vente på studiet.",
        "Мы должны выпустить продукт в этом году, потому что больницы готовы, а цена для них не слишком высока и не растёт.",
    ],
)
def test_other_languages_are_told_apart_from_english(text: str) -> None:
    assert not is_english([text])
    assert is_english([text, *[ENGLISH[0]] * 3]), "all answers count together"


def test_english_is_english_also_in_the_short_words_of_a_list() -> None:
    assert is_english(ENGLISH)
    assert is_english(["Lower cost for the clinics", "Faster approval", "No data from children", "Staff needs training",
                       "Price too high", "Risk of a recall", "Time to market matters most"])  # fmt: skip


def test_too_few_words_tell_nothing() -> None:
    assert is_english([])
    assert is_english(["nein"] * (LEAST_WORDS - 1))
    assert not is_english(["nein"] * LEAST_WORDS)


def ask(
    points: tuple[str, ...], panel_type: PanelType, votes: tuple[str, ...] = ("support",) * 3, **more: Any
) -> Result:
    answers = tuple(
        Answer(f"r{n}", n, f"agent-{n}", f"Expert {n}", model=f"model-{n}", stance=vote, option=vote,
               key_points=(Point(point),))
        for n, (point, vote) in enumerate(zip(points, votes, strict=True))
    )  # fmt: skip
    return compute(Request(panel_type, "majority", threshold=0.6, round_number=1, answers=answers, **more))


def test_an_open_panel_whose_opposites_nobody_could_check_is_weak_and_says_so() -> None:
    result = ask(GERMAN, "open")
    assert (result.consensus_level, result.band, result.degraded) == (1.0, "weak", (NOT_ENGLISH,))
    assert result.recommendation.startswith(f"Degraded: {NOT_ENGLISH}. Weak consensus on themes")


def test_votes_count_in_any_language_and_their_points_are_marked() -> None:
    stances = ask(GERMAN, "structured", ("support", "support", "oppose"))
    assert (round(stances.consensus_level, 4), stances.band) == (0.6667, "moderate")
    assert stances.degraded == (NOT_ENGLISH,)
    options = (Option("x", "Ja"), Option("y", "Nein"))
    assert ask(GERMAN, "structured", ("x", "x", "x"), options=options).band == "unanimous"


def test_points_in_the_same_words_are_one_in_any_language() -> None:
    result = ask((GERMAN[0],) * 3, "open")
    assert (result.band, result.degraded) == ("unanimous", ())


def test_the_same_in_english_is_no_agreement_and_nothing_is_marked() -> None:
    result = ask(ENGLISH, "open")
    assert (round(result.consensus_level, 4), result.band, result.degraded) == (0.6667, "moderate", ())
