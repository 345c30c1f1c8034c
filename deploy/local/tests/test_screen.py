"""The result in the terminal: what is agreed, what is not, and who stands where."""

import io
from typing import Any

from rich.console import Console

from askpanel.local.screen import result

POINTS: list[dict[str, Any]] = [
    {"text": "Publish the data", "kind": "agreement", "supporters": ["a", "b"], "sides": None},
    {"text": "Wait", "kind": "disagreement", "sides": {"support": ["a"], "oppose": ["b", "gone"]}},
]
PANEL: dict[str, Any] = {
    "status": "completed",
    "responses": [{"agent_id": "a", "agent_name": "Ann"}, {"agent_id": "b", "agent_name": "Ben"}],
    "consensus": {
        "consensus_level": 0.5,
        "band": "weak",
        "method": "majority",
        "points": POINTS,
        "dissenting_opinions": [{"agent_name": "Ben", "opinion": "Now [or never]."}],
        "recommendation": "Wait.",
    },
    "failures": [],
    "usage": {"tokens_used": 10, "calls": 2, "cost_usd": "0.1", "uncosted_calls": 0},
    "stop_reason": "max_rounds",
}


def shown(panel: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=100)
    for part in result(panel):
        console.print(part)
    text = console.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


def test_a_point_names_who_stands_where() -> None:
    text = shown(PANEL)
    assert "• Publish the data (Ann, Ben)" in text
    assert "• Wait (support: Ann; oppose: Ben, gone)" in text


def test_what_experts_wrote_is_shown_as_it_is() -> None:
    assert "• Ben: Now [or never]." in shown(PANEL)


def test_a_failure_and_a_degraded_state_stand_above_the_result() -> None:
    text = shown(
        PANEL | {"degraded": ["one seat is missing"], "status": "failed", "failure": {"reason": "rejected"}}
    )
    assert text.index("Failed: rejected.") < text.index("Consensus 50%")
    assert text.index("Degraded: one seat is missing") < text.index("Consensus 50%")


def test_a_cost_that_will_grow_says_so() -> None:
    usage = PANEL["usage"]
    assert "not costed yet" not in shown(PANEL)
    text = shown(PANEL | {"usage": usage | {"uncosted_calls": 3}})
    assert "3 calls are not costed yet: the cost will be higher." in text


def test_a_failed_panel_says_which_attempts_failed() -> None:
    late = {"agent_name": "Ann", "attempt": 1, "reason": "timeout"}
    text = shown(PANEL | {"status": "failed", "failure": {"reason": "quorum_not_met"}, "failures": [late]})
    assert "  Ann, attempt 1: timeout" in text
