"""The fold of a panel: given its events, its row and the rows it adds."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import (
    BudgetExceeded,
    HumanRequested,
    HumanResponded,
    PanelFailed,
    Seat,
)
from askpanel.gateway.readmodel.panel import OUR_KEYS, NoPanel, Panel, project
from askpanel.gateway.readmodel.rows import ConsensusRow, ResponseRow, Row, Unstorable, UsageRow
from services.gateway.tests.stories import MEMBER, Story, numbered, with_another_id

CHECKPOINT = UUID(int=7)


def folded(events: Sequence[Recorded]) -> tuple[Panel, list[Row]]:
    """The panel after these events, numbered from 1, and every row they add."""
    panel: Panel | None = None
    rows: list[Row] = []
    for recorded in numbered(events):
        panel, added = project(panel, recorded)
        rows += added
    assert panel is not None
    return panel, rows


def responses(rows: Sequence[Row]) -> dict[int, ResponseRow]:
    return {row.metadata["seat"]: row for row in rows if isinstance(row, ResponseRow)}


def asking(story: Story) -> Recorded:
    return story.add(
        HumanRequested(
            checkpoint_id=CHECKPOINT,
            round_number=1,
            kind="ratify",
            question="Approve?",
            actions=("approve", "veto"),
            deadline_at=story.start + timedelta(days=1),
        )
    )


def answering(story: Story, checkpoint: UUID = CHECKPOINT, *, option: str | None = None) -> Recorded:
    return story.add(
        HumanResponded(
            checkpoint_id=checkpoint,
            response_id=UUID(int=checkpoint.int + 1),
            round_number=1,
            action="approve",
            content="Fine with me.",
            stance="support",
            option=option,
            user_id=MEMBER,
            user_name="Ada",
        )
    )


def failing(story: Story) -> Recorded:
    return story.add(PanelFailed(reason="cancelled", detail="The user cancelled."))


def test_the_row_of_a_whole_panel_tells_its_course() -> None:
    story = Story().whole()
    panel, rows = folded(story.events)
    assert panel.status == "completed"
    assert panel.agents == ("expert-0", "expert-1", "expert-2")
    assert panel.started_at == story.start + timedelta(seconds=1)
    assert panel.completed_at is not None
    assert panel.metadata["sequence"] == len(story.events)
    assert set(panel.metadata) == set(OUR_KEYS)
    assert panel.metadata["rounds"]["1"]["answered"] == [0, 1]
    assert [type(row) for row in rows].count(ResponseRow) == 3
    assert [type(row) for row in rows].count(ConsensusRow) == 1
    assert [type(row) for row in rows].count(UsageRow) == 3


def test_late_answer_after_round_closed_is_kept_but_not_counted() -> None:
    _, rows = folded(Story().whole().events)
    counted = {seat: row.metadata["counted"] for seat, row in responses(rows).items()}
    assert counted == {0: True, 1: True, 2: False}


def test_an_answer_after_the_end_is_kept_but_not_counted() -> None:
    story = Story()
    story.created()
    story.started()
    story.round_started()
    failing(story)
    story.responded(0)
    panel, rows = folded(story.events)
    assert panel.status == "failed"
    assert responses(rows)[0].metadata["counted"] is False


def test_the_chairs_text_is_never_counted() -> None:
    story = Story()
    story.created()
    story.started()
    story.responded(4, role="chair", purpose="synthesis", agent_id="chair")
    _, rows = folded(story.events)
    assert responses(rows)[4].metadata["counted"] is False


def test_exactly_one_event_ends_a_panel() -> None:
    story = Story()
    story.created()
    story.started()
    story.completed()
    failing(story)
    story.calculated()
    panel, rows = folded(story.events)
    assert panel.status == "completed"
    assert panel.metadata["failure"] is None
    assert rows == [], "a consensus nobody waited for would be shown as the result"


def test_a_cancelled_panel_says_so_and_has_no_completion_time() -> None:
    story = Story()
    story.created()
    story.started()
    at = failing(story).envelope.time
    panel, _ = folded(story.events)
    assert (panel.status, panel.completed_at) == ("failed", None)
    assert panel.metadata["failure"] == {
        "reason": "cancelled",
        "detail": "The user cancelled.",
        "at": at.isoformat().replace("+00:00", "Z"),
    }


def test_costs_add_up_exactly_also_after_the_end() -> None:
    panel, rows = folded(Story().whole().events)
    assert panel.metadata["cost_usd"] == "0.00002468"
    assert panel.metadata["usage"]["calls"] == 3
    assert panel.metadata["usage"]["unpriced_calls"] == 1
    exact = [row.metadata["cost_usd_exact"] for row in rows if isinstance(row, UsageRow)]
    assert exact == ["0.00001234", "0.00001234", None]


def test_no_known_price_is_not_zero() -> None:
    story = Story()
    story.created()
    story.used(0, cost_usd=None, unpriced=True)
    panel, rows = folded(story.events)
    assert panel.metadata["cost_usd"] is None
    assert isinstance(rows[0], UsageRow)
    assert (rows[0].cost_usd, rows[0].metadata["unpriced"]) == (None, True)


def test_many_small_costs_lose_nothing() -> None:
    story = Story()
    story.created()
    for attempt in range(1, 1001):
        story.used(0, attempt=attempt, cost_usd=Decimal("0.00000001"))
    panel, _ = folded(story.events)
    assert Decimal(panel.metadata["cost_usd"]) == Decimal("0.00001")


def test_a_wait_for_a_person_ends_with_the_answer_to_its_own_checkpoint() -> None:
    story = Story()
    story.created()
    story.started()
    asking(story)
    assert folded(story.events)[0].metadata["awaiting"]["checkpoint_id"] == str(CHECKPOINT)
    answering(story, UUID(int=99))
    assert folded(story.events)[0].metadata["awaiting"] is not None
    answering(story)
    panel, rows = folded(story.events)
    assert panel.metadata["awaiting"] is None
    human = rows[-1]
    assert isinstance(human, ResponseRow)
    assert (human.agent_id, human.agent_name) == (f"human:{MEMBER}", "Ada")
    assert (human.response_type, human.metadata["role"]) == ("statement", "human")


def test_the_row_of_a_persons_word_tells_the_vote() -> None:
    for option, vote in ((None, {"stance": "support"}), ("b", {"stance": "support", "option": "b"})):
        story = Story()
        story.created()
        story.started()
        asking(story)
        answering(story, option=option)
        row = folded(story.events)[1][-1]
        assert isinstance(row, ResponseRow)
        assert row.metadata["answer"] == {"position": "Fine with me.", **vote}


def test_the_end_of_a_panel_ends_its_wait() -> None:
    story = Story()
    story.created()
    story.started()
    asking(story)
    failing(story)
    assert folded(story.events)[0].metadata["awaiting"] is None


def test_failed_attempts_and_exceeded_budgets_are_listed() -> None:
    story = Story()
    story.created()
    story.attempt_failed(1)
    story.attempt_failed(1, attempt=2)
    story.add(BudgetExceeded(scope="panel", limit_usd=Decimal("1.00"), spent_usd=Decimal("1.02")))
    metadata = folded(story.events)[0].metadata
    assert [(one["seat"], one["attempt"], one["reason"]) for one in metadata["failures"]] == [
        (1, 1, "timeout"),
        (1, 2, "timeout"),
    ]
    assert metadata["budget"]["spent_usd"] == "1.02"


def test_a_call_that_failed_is_listed_also_when_the_log_tells_of_it_after_the_end() -> None:
    story = Story()
    story.created()
    story.started()
    story.round_started()
    failing(story)
    story.attempt_failed(0)
    story.attempt_failed(1)
    panel, rows = folded(story.events)
    assert panel.status == "failed"
    assert [(one["seat"], one["reason"]) for one in panel.metadata["failures"]] == [
        (0, "timeout"),
        (1, "timeout"),
    ]
    assert rows == []


def test_only_seats_that_vote_are_agents() -> None:
    story = Story()
    seats = (Seat(agent_id="a", name="A"), Seat(agent_id="j", name="J", role="judge"))
    story.created(agents=seats)
    panel, _ = folded(story.events)
    assert panel.agents == ("a",)
    assert [seat["role"] for seat in panel.metadata["seats"]] == ["expert", "judge"]


def test_points_are_strings_in_the_row_and_whole_in_the_metadata() -> None:
    panel, rows = folded(Story().whole().events)
    row = next(row for row in rows if isinstance(row, ConsensusRow))
    assert row.agreement_points == ["It is safer."]
    assert row.disagreement_points == ["Whether to ship"]
    detail = panel.metadata["consensus"]["1"]
    assert (detail["phase"], detail["consensus_level"]) == ("pre", 0.6667)
    assert [(point["kind"], point["supporters"], point["opponents"]) for point in detail["points"]] == [
        ("agreement", ["expert-0", "expert-2"], []),
        ("disagreement", ["expert-0", "expert-2"], ["expert-1"]),
    ]


def test_an_answer_shows_its_reasons_and_the_evidence_it_cites() -> None:
    _, rows = folded(Story().whole().events)
    metadata = responses(rows)[0].metadata
    assert metadata["reasoning"] == ["It is safer.", "It is tested."]
    assert [source["id"] for source in metadata["sources"]] == ["e1"], "an unknown citation has no source"
    assert metadata["sources"][0]["excerpt"].startswith("A long trial report.")
    assert metadata["tokens_used"] == 520


def test_a_copy_on_the_log_changes_nothing_but_the_sequence() -> None:
    story = Story().whole()
    panel, _ = folded(story.events)
    copy = next(one for one in story.events if one.envelope.type == "usage.recorded")
    again, rows = project(panel, copy.at(1000))
    assert rows == ()
    assert again.details == panel.details
    assert again.sequence == 1000


def test_a_cost_says_what_came_from_the_providers_cache_where_it_was_told() -> None:
    story = Story()
    story.created()
    story.used(0)
    story.used(1, cache_read_tokens=300)
    _, rows = folded(story.events)
    told, cached = (row.metadata for row in rows if isinstance(row, UsageRow))
    assert "cache_read_tokens" not in told, "rows of events that are older stay what they were"
    assert {key: value for key, value in cached.items() if "cache" in key} == {"cache_read_tokens": 300}


def test_an_event_without_its_panel_is_refused() -> None:
    story = Story()
    with pytest.raises(NoPanel):
        project(None, story.started())


@pytest.mark.parametrize(
    ("field", "value"), [("content", "a\x00b"), ("agent_id", "\x00"), ("execution_time_ms", 2**31)]
)
def test_what_no_column_can_hold_is_refused(field: str, value: Any) -> None:
    story = Story()
    panel, _ = folded([story.created()])
    with pytest.raises(Unstorable):
        project(panel, story.responded(0, **{field: value}).at(2))


def test_a_backslash_before_u0000_is_ordinary_text() -> None:
    story = Story()
    story.created()
    story.responded(0, content="write \\u0000 in JSON")
    _, rows = folded(story.events)
    assert responses(rows)[0].content == "write \\u0000 in JSON"


def test_numbers_that_are_not_finite_become_null() -> None:
    story = Story()
    story.created()
    story.calculated(metrics={"n_eff": float("inf"), "entropy": float("nan")})
    panel, _ = folded(story.events)
    assert panel.metadata["consensus"]["1"]["metrics"] == {"n_eff": None, "entropy": None}


def test_another_event_under_a_known_id_changes_nothing() -> None:
    story = Story()
    created = story.created()
    panel, _ = folded([created])
    forged = with_another_id(story.started(), created)
    assert project(panel, forged.at(2))[0].status == "created"
