"""A fold step and a decision of the largest panels take less than 2 ms of processor time.

Processor time, because tests run beside other work; the worst decision is the one that opens a round and
writes every seat's context.
"""

from statistics import median
from time import thread_time

import pytest

from askpanel.contracts.configuration import PROTOCOLS
from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import HumanRequested, PanelType
from askpanel.orchestrator.decider import decide
from askpanel.orchestrator.state import PanelState, evolve, fold

from .simulator import begin, created, human, responded

BUDGET_MS = 2.0


def longest(panel_type: PanelType) -> list[Recorded]:
    """A panel of the most seats and rounds, each answer with 1,500 characters."""
    limits = PROTOCOLS[panel_type]
    configuration = {"max_rounds": limits.allowed_rounds[-1]}
    options = [f"o{n}" for n in range(9)] if panel_type == "delphi" else ()
    event = created(panel_type, limits.most_experts, configuration=configuration, options=options)
    panel = begin(event)
    text = "As Name 1 says, " + "a reason that others may find convincing. " * 35
    for _ in range(limits.allowed_rounds[-1] + 1):
        panel.run(
            lambda r: (
                responded(r, content=text, ratings=(((r.seat * 7 + r.round_number * 5) % 9 + 1),) * 9)
                if r.purpose == "rating"
                else responded(r, content=text)
            )
        )
        if panel_type == "hybrid" and panel.ending is None:
            asked: HumanRequested = panel.of(HumanRequested)[-1]
            panel.give(human(asked, "modify" if asked.kind == "ratify" else "answer", "Go on."))
    return panel.log


@pytest.mark.parametrize("panel_type", PROTOCOLS)
def test_a_fold_step_and_a_decision_take_less_than_two_milliseconds(panel_type: PanelType) -> None:
    log = longest(panel_type)
    best: list[float] = []
    for _ in range(5):
        times: list[float] = []
        state: PanelState | None = None
        for recorded in log:
            begun = thread_time()
            state = evolve(state, recorded)
            assert state is not None
            decide(state)
            times.append((thread_time() - begun) * 1000)
        best = times if not best else [min(pair) for pair in zip(best, times, strict=True)]
    whole = min(_timed(log) for _ in range(3))
    print(
        f"{panel_type}: {len(log)} events, median {median(best):.3f} ms, worst {max(best):.3f} ms, fold of all {whole:.2f} ms"
    )
    assert median(best) < BUDGET_MS / 2
    assert max(best) < 4 * BUDGET_MS


def _timed(log: list[Recorded]) -> float:
    begun = thread_time()
    fold(log)
    return (thread_time() - begun) * 1000
