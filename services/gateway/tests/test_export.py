"""A panel as a document: who stands where, in whose words, and nothing an expert wrote passes for ours."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from askpanel.gateway.export import markdown
from askpanel.gateway.readmodel.views import ConsensusView, PanelView

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PANEL = UUID(int=1)
ANSWER = {
    "id": UUID(int=5),
    "agent_id": "a",
    "agent_name": "Ann",
    "round_number": 1,
    "response_type": "analysis",
    "content": "Yes.",
    "option": "option-1",
    "model_label": "scripted model",
}
POINTS = [
    {
        "text": "Publish the data",
        "kind": "agreement",
        "supporters": ["a", "b"],
        "quotes": [{"agent_id": "a", "text": "We publish\n# all of it."}],
    },
    {"text": "Wait", "kind": "disagreement", "sides": {"option-1": ["a"], "oppose": ["b", "gone"]}},
]


def document(**changes: Any) -> list[str]:
    consensus = ConsensusView.model_validate(
        {
            "id": UUID(int=2),
            "round_number": 1,
            "consensus_level": 0.5,
            "recommendation": "Wait.",
            "points": POINTS,
        }
    )
    panel = PanelView.model_validate(
        {
            "id": PANEL,
            "user_id": UUID(int=3),
            "tenant_id": UUID(int=4),
            "status": "completed",
            "panel_type": "open",
            "query": "Shall we?",
            "seats": [
                {"seat": 0, "agent_id": "a", "agent_name": "Ann"},
                {"seat": 1, "agent_id": "b", "agent_name": "Ben\n# Boss"},
            ],
            "options": [{"id": "option-1", "text": "Publish\n# now"}, {"id": "option-2", "text": "Wait"}],
            "evidence": [{"id": "E1", "title": "Rents", "excerpt": "Rents fell."}],
            "responses": [ANSWER],
            "consensus": consensus,
        }
        | changes
    )
    return markdown(panel, exported_at=NOW).splitlines()


def section(title: str, **changes: Any) -> list[str]:
    lines = document(**changes)
    start = lines.index(f"### {title}") + 2
    return lines[start : lines.index("", start)]


def test_an_agreement_names_who_holds_it_and_quotes_them() -> None:
    assert section("Agreement") == [
        "- Publish the data",
        "  - held by: Ann, Ben # Boss",
        "  - Ann: “We publish # all of it.”",
    ]


def test_a_disagreement_names_its_sides_and_an_expert_without_a_seat_by_id() -> None:
    assert section("Disagreement") == ["- Wait", "  - Publish # now: Ann", "  - oppose: Ben # Boss, gone"]


def test_what_was_asked_can_be_read_without_the_product() -> None:
    assert section("Options voted on") == ["- Publish # now", "- Wait"]
    assert section("Evidence given") == ["- E1: Rents"]
    assert section("Ann") == ["analysis · Publish # now · scripted model"]


def test_a_demonstration_says_so_at_its_head() -> None:
    assert "- Answers by a scripted model: a demonstration, not advice." in document()[:12]


ADA = UUID(int=9)
APPROVAL = {
    "id": UUID(int=6),
    "agent_id": f"human:{ADA}",
    "agent_name": "Ada\n# Chief",
    "round_number": 1,
    "response_type": "statement",
    "role": "human",
    "action": "approve",
    "stance": "support",
    "content": "Fine.",
}


def test_a_signed_panel_says_who_signed() -> None:
    signed = document(responses=[ANSWER, APPROVAL], stop_reason="human_approved", ratified_by=ADA)
    assert signed[6:8] == ["- Stopped by: human_approved", "- Signed by: Ada # Chief"]
    assert section("Ada # Chief", responses=[APPROVAL]) == ["human · statement · approve · support"]
    assert not [line for line in document() if "Signed" in line]


def test_a_person_who_disagrees_is_named() -> None:
    wait = ConsensusView.model_validate(
        {
            "id": UUID(int=2),
            "round_number": 1,
            "consensus_level": 0.5,
            "recommendation": "Wait.",
            "points": [{"text": "Wait", "kind": "disagreement", "sides": {"support": [f"human:{ADA}"]}}],
        }
    )
    lines = section("Disagreement", responses=[APPROVAL], consensus=wait)
    assert lines == ["- Wait", "  - support: Ada # Chief"]


def test_a_speech_for_a_side_has_that_side_and_no_stance_of_its_speaker() -> None:
    speech = ANSWER | {"role": "con", "response_type": "rebuttal", "stance": "abstain", "option": None}
    assert section("Ann", responses=[speech]) == ["con · rebuttal · scripted model"]


def test_a_failed_panel_says_when_it_ended_and_which_attempts_failed() -> None:
    late = {"round_number": 1, "seat": 1, "agent_id": "b", "agent_name": "Ben", "reason": "timeout"}
    failed = document(
        status="failed",
        failure={"reason": "quorum_not_met", "detail": "0 of 2 experts answered.", "at": NOW},
        failures=[late | {"detail": "no answer\n# within 30 s"}],
    )
    assert "- Ended: 2026-01-02T00:00:00Z" in failed
    assert failed[failed.index("## Failed attempts") + 2] == (
        "- Ben, round 1, attempt 1: timeout. no answer # within 30 s"
    )


def test_no_heading_is_an_experts() -> None:
    assert not [line for line in document() if line.startswith("#") and ("Boss" in line or "all of" in line)]
