"""What the command line says of a question, its experts and a panel's id before anything is sent."""

import pytest

from askpanel.contracts.configuration import PROTOCOLS
from askpanel.local import question
from askpanel.local.cli import SAMPLE
from askpanel.local.question import Unfit

CHOICES = (
    "Which market should we enter first, Germany or France?",
    "Germany or France?",
    "Shall we file De Novo or 510(k)?",
    "We have money for one trial. In which country do we hold it?",
    "Do we raise the price by 2.5 or by 3.5 percent?",
    "De Novo versus 510(k)?",
    "Two offers are on the table: which do we take?",
)
NO_CHOICES = (
    SAMPLE,
    "Should we launch the device in Germany before France?",
    "Should we launch or not?",
    "Is the market more or less saturated?",
    "Germany or France. We sell in both. Should we also sell in Spain?",
    "Should we withdraw the product which failed?",
    "Should we hire a head of quality now",
)


@pytest.mark.parametrize("text", CHOICES)
def test_a_question_for_a_choice_is_told_how_to_name_the_answers(text: str) -> None:
    said = question.remark(text, "structured", [])
    assert said is not None
    assert "stances for and against are counted" in said
    assert "--option" in said


@pytest.mark.parametrize("text", NO_CHOICES)
def test_a_question_to_support_or_oppose_is_left_alone(text: str) -> None:
    assert question.remark(text, "structured", []) is None


@pytest.mark.parametrize("kind", sorted(PROTOCOLS))
def test_nothing_is_said_of_stances_where_none_are_counted(kind: str) -> None:
    said = question.remark(CHOICES[0], kind, [])
    assert (said is None) == (kind in ("open", "delphi"))


def test_who_named_the_answers_is_left_alone() -> None:
    assert question.remark(CHOICES[0], "structured", ["Germany", "France"]) is None


def test_experts_are_a_number_or_ids() -> None:
    assert question.seats("3", "structured") == 3
    assert question.seats("12", "delphi") == 12
    assert question.seats("ip-attorney, data-scientist,", "structured") == ["ip-attorney", "data-scientist"]


@pytest.mark.parametrize("text", ["13", "9", "2", "-1", "0", "2x", "IP attorney", "a,/etc", " , ", "3.5"])
def test_experts_that_no_panel_takes_are_told_what_is_allowed(text: str) -> None:
    with pytest.raises(Unfit, match="structured takes 3 to 8 experts") as refused:
        question.seats(text, "structured")
    assert "--experts" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_type_that_is_none_is_told_which_there_are() -> None:
    assert question.panel_type("delphi") == "delphi"
    with pytest.raises(Unfit, match="structured, open, socratic, adversarial, delphi, hybrid"):
        question.panel_type("round-table")


def test_what_is_no_panels_id_is_told_what_one_is_like() -> None:
    assert question.panel_id("9B1E0000-0000-4000-8000-000000000000").startswith("9b1e0000-")
    with pytest.raises(Unfit, match="'nope' is no panel's id"):
        question.panel_id("nope")
