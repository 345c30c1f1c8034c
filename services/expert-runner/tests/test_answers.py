"""What counts as an answer, and what does not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askpanel.contracts.answer import Answer, Forecast, Judgement, KeyPoint
from askpanel.contracts.blocks import (
    Block,
    EvidenceBlock,
    ItemBlock,
    Option,
    OwnAnswerBlock,
    Purpose,
    QuantityBlock,
    QuestionBlock,
    Role,
)
from askpanel.expert_runner.answers import (
    MAX_CONTENT,
    MAX_LINE,
    MAX_OUTPUT,
    BadOutput,
    ContentStream,
    clean,
    parse,
)
from askpanel.expert_runner.shape import Shape, fields, json_schema, shape_of

QUESTION = QuestionBlock(text="Should we?")
OPTIONS = QuestionBlock(
    text="Which?", options=(Option(id="a", text="A"), Option(id="b", text="B")), rank_options=True
)
OPENING = shape_of("expert", "opening", (QUESTION,))
GOOD: dict[str, Any] = {
    "content": "Yes, because it is reversible.",
    "key_points": ["It is reversible.", "It is cheap."],
    "position": "We should do it, because it can be undone.",
    "stance": "support",
    "conditions": ["a review in May"],
    "confidence": 0.7,
}


def with_(**change: object) -> str:
    return json.dumps({**GOOD, **change})


def test_a_complete_answer_is_read_into_its_fields() -> None:
    parsed = parse(json.dumps(GOOD), OPENING)
    assert parsed.content == "Yes, because it is reversible."
    assert parsed.answer == Answer(
        position="We should do it, because it can be undone.",
        stance="support",
        key_points=("It is reversible.", "It is cheap."),
        conditions=("a review in May",),
        confidence=0.7,
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("I would say yes.", "not JSON"),
        ("<html><body>502</body></html>", "not JSON"),
        ('{"content": "cut off', "not JSON"),
        ("[1, 2]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("[" * 30_000, "not JSON"),
        ('{"confidence": NaN}', "not JSON"),
        ("x" * (MAX_OUTPUT + 1), "more than"),
        ("{}", "content: missing"),
        (with_(content=""), "content: empty"),
        (with_(content="\u0000 \u0007"), "content: empty"),
        (with_(content=["a"]), "content: not a text"),
        (with_(content="x" * (MAX_CONTENT + 1)), "content: longer"),
        (with_(position="x" * (MAX_LINE + 1)), "position: longer"),
        (with_(position=None), "position: not a text"),
        (with_(stance="yes"), "stance: not one of"),
        (with_(stance="neutral"), "stance: not one of"),
        (with_(stance=None), "stance: not one of"),
        (with_(key_points="one"), "key_points: missing or not a list"),
        (with_(key_points=[]), "key_points: empty"),
        (with_(key_points=["", " "]), "key_points: empty"),
        (with_(key_points=None), "key_points: empty"),
        (with_(key_points=[{"text": "a"}]), "key_points: not a text"),
        (with_(conditions="one"), "conditions: missing or not a list"),
    ],
)
def test_anything_else_is_bad_output_and_says_why(text: str, why: str) -> None:
    with pytest.raises(BadOutput, match=why):
        parse(text, OPENING)


@pytest.mark.parametrize("fence", ["```json\n{}\n```", "```\n{}```", " \n```json {} ```\n"])
def test_a_code_fence_around_the_object_is_forgiven(fence: str) -> None:
    assert parse(fence.replace("{}", json.dumps(GOOD)), OPENING).answer.stance == "support"


def test_an_unknown_extra_field_is_ignored() -> None:
    assert parse(with_(vote_weight=99, role="judge"), OPENING).answer == parse(with_(), OPENING).answer


@pytest.mark.parametrize("stated", [1.2, -0.1, "0.9", True, None, [0.5], 10**400])
def test_a_confidence_that_is_none_is_dropped_and_never_clamped(stated: object) -> None:
    assert parse(with_(confidence=stated), OPENING).answer.confidence is None


def test_control_and_direction_characters_are_stripped_and_lines_joined_where_there_is_one_line() -> None:
    parsed = parse(with_(content="a\u0000b\u202ec\nd\ud800", position="one\ntwo\u0007"), OPENING)
    assert (parsed.content, parsed.answer.position) == ("abc\nd", "one two")


def test_repeated_points_count_once_and_empty_conditions_not_at_all() -> None:
    answer = parse(
        with_(
            key_points=["Same.", "same. ", "Other."],
            conditions=["None", "[No additional conditions required]", "n/a"],
        ),
        OPENING,
    ).answer
    assert answer.key_points == ("Same.", "Other.")
    assert answer.conditions == ()


OPTION_ANSWER = {**GOOD, "option": "b", "ranking": ["b", "a"]}


def test_a_list_longer_than_asked_for_gives_its_first_entries_and_an_absent_one_is_empty() -> None:
    """Not every provider enforces `maxItems`; the answer is paid for."""
    parsed = parse(with_(key_points=list("abcdea"), conditions=list("12345")), OPENING).answer
    assert (parsed.key_points, parsed.conditions) == (tuple("abcd"), tuple("123"))
    answer = {name: value for name, value in GOOD.items() if name != "conditions"}
    assert parse(json.dumps(answer), OPENING).answer.conditions == ()


def test_a_ranking_is_not_cut() -> None:
    shape = shape_of("expert", "opening", (OPTIONS,))
    assert parse(with_(option="a", ranking=["a", "a", "b"]), shape).answer.ranking == ("a", "b")
    for wrong in (["a", "b", "c"], None):
        with pytest.raises(BadOutput, match="ranking"):
            parse(with_(option="a", ranking=wrong), shape)


@pytest.mark.parametrize(
    "nothing", ["None.", "no further conditions", "keine", "Aucune.", "Ninguna", "無し", "—"]
)
def test_a_condition_that_says_there_is_none_is_none(nothing: str) -> None:
    assert parse(with_(conditions=[nothing]), OPENING).answer.conditions == ()


def test_with_options_the_option_is_the_vote() -> None:
    shape = shape_of("expert", "opening", (OPTIONS,))
    answer = parse(json.dumps(OPTION_ANSWER), shape).answer
    assert (answer.option, answer.stance, answer.ranking) == ("b", "support", ("b", "a"))
    assert "stance" not in json_schema(shape)["properties"]


def test_an_option_of_null_is_an_abstention_and_an_unknown_one_is_bad_output() -> None:
    shape = shape_of("expert", "opening", (OPTIONS,))
    assert parse(json.dumps({**OPTION_ANSWER, "option": None}), shape).answer.stance == "abstain"
    for option in ("c", 1, ["a"], ""):
        with pytest.raises(BadOutput, match="option"):
            parse(json.dumps({**OPTION_ANSWER, "option": option}), shape)
    with pytest.raises(BadOutput, match="ranking: unknown option 'z'"):
        parse(json.dumps({**OPTION_ANSWER, "ranking": ["z"]}), shape)


ITEMS = (
    QUESTION,
    ItemBlock(id="i1", text="one"),
    ItemBlock(id="i2", text="two"),
    ItemBlock(id="i3", text="three"),
)


def test_ratings_are_whole_numbers_from_1_to_9_in_item_order_or_null() -> None:
    shape = shape_of("expert", "rating", ITEMS)
    assert parse(with_(ratings=[9, None, 1]), shape).answer.ratings == (9, None, 1)
    for wrong in ([9, 1], [9, 1, 1, 1], [0, 1, 1], [10, 1, 1], [7.5, 1, 1], ["7", 1, 1], [True, 1, 1], 7):
        with pytest.raises(BadOutput, match="ratings"):
            parse(with_(ratings=wrong), shape)


def test_a_forecast_lies_in_its_own_range_and_in_the_questions_bounds() -> None:
    shape = shape_of("expert", "rating", (QUESTION, QuantityBlock(unit="months", minimum=0, maximum=36)))
    answer = parse(with_(value=14, low=10, high=20.5), shape).answer
    assert answer.forecast == Forecast(value=14, low=10, high=20.5)
    assert answer.stance == "abstain"
    for value, low, high in ((9, 10, 20), (40, 10, 50), (-1, -2, 3), (1, "0", 2), (1e400, 0, 2)):
        with pytest.raises(BadOutput):
            parse(with_(value=value, low=low, high=high), shape)


def test_a_question_of_a_socratic_round_holds_questions_and_no_vote() -> None:
    shape = shape_of("expert", "question", (QUESTION,))
    parsed = parse(json.dumps({"content": "Testing the cost.", "questions": ["What if it doubles?"]}), shape)
    assert parsed.answer == Answer(position="", stance="abstain", questions=("What if it doubles?",))
    with pytest.raises(BadOutput, match="questions: empty"):
        parse(json.dumps({"content": "x", "questions": [" "]}), shape)


def test_a_judgement_names_both_sides_and_casts_no_vote() -> None:
    told = {"content": "c", "strongest_pro": "p", "strongest_con": "q", "unresolved": ["r"]}
    answer = parse(
        json.dumps({**told, "stance": "support"}), shape_of("judge", "judgement", (QUESTION,))
    ).answer
    assert answer.judgement == Judgement(strongest_pro="p", strongest_con="q", unresolved=("r",))
    assert answer.stance == "abstain"


@pytest.mark.parametrize(
    ("role", "purpose"),
    [
        ("pro", "opening"),
        ("con", "view"),
        ("pro", "rebuttal"),
        ("chair", "synthesis"),
        ("neutral", "question"),
    ],
)
def test_a_speech_for_an_assigned_side_and_a_chairs_text_hold_no_vote(role: Role, purpose: Purpose) -> None:
    shape = shape_of(role, purpose, (QUESTION,))
    assert not {"stance", "option", "ratings", "confidence"} & set(json_schema(shape)["properties"])


def test_points_may_carry_one_of_the_panels_dimensions() -> None:
    shape = shape_of("expert", "opening", (QuestionBlock(text="?", dimensions=("cost", "risk")),))
    answer = parse(with_(key_points=[{"text": "Cheap.", "dimension": "cost"}]), shape).answer
    assert answer.key_points == (KeyPoint(text="Cheap.", dimension="cost"),)
    with pytest.raises(BadOutput, match="unknown dimension"):
        parse(with_(key_points=[{"text": "Cheap.", "dimension": "beauty"}]), shape)


def test_citations_are_ids_of_the_evidence_that_was_given() -> None:
    shape = shape_of("expert", "opening", (QUESTION, EvidenceBlock(id="e1", text="…")))
    assert parse(with_(citations=["e1", "e9"]), shape).answer.citations == ("e1",)


def test_whoever_has_an_earlier_answer_says_whether_and_why_it_changed() -> None:
    shape = shape_of("expert", "view", (QUESTION, OwnAnswerBlock(text="before")))
    answer = parse(with_(changed=True, cause="Response B: cost"), shape).answer
    assert (answer.changed, answer.cause) == (True, "Response B: cost")
    with pytest.raises(BadOutput, match="changed: not true or false"):
        parse(with_(changed="yes", cause=None), shape)


BLOCKS: tuple[tuple[Block, ...], ...] = ((QUESTION,), (OPTIONS, OwnAnswerBlock(text="x")), ITEMS)


@pytest.mark.parametrize("blocks", BLOCKS)
def test_every_field_of_the_schema_is_required_and_content_comes_first(blocks: tuple[Block, ...]) -> None:
    schema = json_schema(shape_of("expert", "opening", blocks))
    assert schema["required"] == list(schema["properties"])
    assert schema["required"][0] == "content"
    assert schema["additionalProperties"] is False
    assert "maxLength" not in json.dumps(schema, default=dict)


def test_every_field_is_explained() -> None:
    for shape in (OPENING, Shape(judgement=True), shape_of("expert", "rating", ITEMS)):
        assert all(len(field.meaning.split()) >= 4 for field in fields(shape))


@given(content=st.text(min_size=1), cuts=st.lists(st.integers(1, 40)))
def test_what_is_shown_live_adds_up_to_the_start_of_the_content(content: str, cuts: list[int]) -> None:
    raw, stream, shown = json.dumps({**GOOD, "content": content}), ContentStream(), ""
    for size in cuts:
        shown += stream.feed(raw[:size])
        raw = raw[size:]
    shown += stream.feed(raw)
    assert shown == clean(content, lines=True, strip=False)


def test_nothing_is_shown_of_a_text_that_is_no_object() -> None:
    assert "".join(ContentStream(every=1).feed(letter) for letter in "Sorry, I cannot.") == ""


@given(st.text())
def test_no_text_whatever_breaks_the_parser(text: str) -> None:
    for candidate in (text, json.dumps({**GOOD, "position": text, "key_points": [text, "x"]})):
        try:
            answer = parse(candidate, OPENING).answer
        except BadOutput:
            continue
        assert "\u0000" not in answer.position
