"""What a chair may say of a result."""

from dataclasses import replace

import pytest

from askpanel.orchestrator.phrasing import Record, additions

RECORD = Record(
    question="Should we launch in spring?",
    lines=(
        "Moderate consensus (2 of 3 voters): “The price is right for 1,200 clinics”. Dissent: Omar Said.",
        "The price is right",
        "Two audits are needed before the launch",
        "Omar Said: The trial is too small",
    ),
    names=("Dr Chen", "Ana Ruiz", "Omar Said"),
    dissenters=frozenset({"Omar Said"}),
    band="moderate",
)


@pytest.mark.parametrize(
    "text",
    [
        "A moderate majority supports the position that the price is right.",
        "2 of 3 experts agree: the price is right. Omar Said dissents because the trial is too small.",
        "Overall, the panel leans towards a spring launch, since the price is right for 1200 clinics.",
        "The experts hold that 2 audits are needed. Omar Said does not support this: “The trial is too small”.",
        "The panel says “The price is right.”",
    ],
)
def test_a_text_may_phrase_what_the_record_holds(text: str) -> None:
    assert additions(text, RECORD) == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("9 of 10 experts agree that the price is right.", "number 9"),
        ("The experts agree that five audits are needed before the launch.", "number 5"),
        ("The panel, with Professor Miller, says that the price is right.", "name 'Professor'"),
        ("The price is right, says Ana Ruiz.", "name 'Ana Ruiz'"),
        ("The panel says: “the price is a bargain”.", "quotation"),
        ("The experts agree that the price is right and profits will double.", "claim with doubl, profit"),
        ("The experts agree that the price is not right.", "turned meaning"),
        ("The trial isn't too small.", "turned meaning"),
        ("Omar Said supports the launch.", "wrong side"),
        ("Omar Said does not oppose the launch.", "wrong side"),
        ("All three experts agree that the price is right.", "unanimity"),
        ("The panel unanimously supports the launch.", "unanimity"),
        ("  ", "blank"),
    ],
)
def test_a_text_that_adds_or_turns_anything_is_told_what(text: str, problem: str) -> None:
    found = additions(text, RECORD)
    assert any(problem in one for one in found), found


def test_an_invented_sentence_does_not_hide_in_a_long_faithful_text() -> None:
    faithful = "The experts agree that the price is right. " * 20
    assert additions(faithful, RECORD) == ()
    assert additions(f"{faithful}Competitors will surely vanish.", RECORD)


def test_somebody_without_a_dissent_opposes_nothing() -> None:
    known = replace(RECORD, lines=(*RECORD.lines, "Dr Chen: The price is right"))
    assert additions("Dr Chen supports the launch.", known) == ()
    assert additions("Dr Chen opposes the launch.", known)
    assert additions("Dr Chen opposes the launch.", replace(known, band="split")) == ()


def test_unanimity_may_be_told_of_a_unanimous_result() -> None:
    assert additions("All experts agree that the price is right.", replace(RECORD, band="unanimous")) == ()


def test_a_line_that_stands_in_the_record_with_both_polarities_may_be_told_with_either() -> None:
    both = replace(RECORD, lines=(*RECORD.lines, "Omar Said: The price is not right"))
    assert additions("The panel says the price is right.", both) == ()
    assert additions("Omar Said holds that the price is not right.", both) == ()


def test_the_question_lends_its_words_and_is_no_claim() -> None:
    refused = replace(
        RECORD, lines=("Strong consensus (3 of 3 voters): “Do not launch in spring” (oppose).",)
    )
    assert additions("The panel recommends not to launch in spring.", refused) == ()
    assert additions("The panel recommends to launch in spring.", refused)
