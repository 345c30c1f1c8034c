"""The simulation is worth something only if it fails where it should: production code broken on purpose."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from askpanel.contracts.configuration import PANEL_TYPES
from askpanel.contracts.envelope import Recorded, seal
from askpanel.contracts.events import ExpertStarted, PanelType
from askpanel.expert_runner import worker as runner_worker
from askpanel.expert_runner.worker import ExpertRunner
from askpanel.orchestrator import alarms
from askpanel.orchestrator import worker as orchestrator_worker
from askpanel.orchestrator.decider import decide
from askpanel.orchestrator.panels import Panels
from tests.simulation import port
from tests.simulation.explore import explore, report, shrink
from tests.simulation.process import Process
from tests.simulation.stream import Guard, Leased

SECONDS = 60.0
"""Far more than any of these needs."""


@pytest.fixture
def broken() -> Generator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def invariants_broken(
    *, shrunk: bool = False, first: int = 1, panel_types: Sequence[PanelType] = PANEL_TYPES
) -> set[str]:
    """Which promises the first failing schedule breaks."""
    explored = explore(first, seconds=SECONDS, panel_types=panel_types)
    assert explored.failed, f"nothing was found: {explored}"
    outcome = explored.failed[0]
    if shrunk:
        outcome = shrink(outcome)
        assert len(outcome.struck) <= 5, report(outcome)
    assert f"--seed {outcome.seed} --protocol {outcome.panel_type}" in report(outcome)
    return {violation.invariant for violation in outcome.found}


def test_ids_that_are_not_of_the_fact_are_found(broken: pytest.MonkeyPatch) -> None:
    def careless(*given: Any, **named: Any) -> Recorded:
        recorded = seal(*given, **named)
        return replace(recorded, envelope=replace(recorded.envelope, id=uuid4()))

    broken.setattr(runner_worker, "seal", careless)
    assert "I3" in invariants_broken()


handle = Process._handle


def test_an_acknowledgement_before_the_append_is_found_and_shrunk(broken: pytest.MonkeyPatch) -> None:
    async def hasty(delivered: Process, delivery: Leased) -> None:
        delivery.ack()
        await handle(delivered, delivery)

    broken.setattr(Process, "_handle", hasty)
    assert invariants_broken(shrunk=True) & {"I2", "I3"}


def test_a_timer_that_is_never_armed_is_found(broken: pytest.MonkeyPatch) -> None:
    async def forgetful(*_: Any) -> None:
        return None

    broken.setattr(alarms, "arm", forgetful)
    assert "I2" in invariants_broken(first=3, panel_types=("hybrid",))


def test_a_cache_that_is_trusted_without_proof_and_appends_without_expectation_are_found(
    broken: pytest.MonkeyPatch,
) -> None:
    def trusting(panels: Panels, consumer_sequence: int) -> None:
        return None

    broken.setattr(Panels, "delivered", trusting)

    async def unguarded(log: port.SimulatedLog, recorded: Recorded, *, expected: int) -> int:
        return await log._publish(recorded, None)

    broken.setattr(port.SimulatedLog, "append", unguarded)
    assert invariants_broken() & {"I2", "I3"}


def test_a_model_called_before_the_log_knows_is_found(broken: pytest.MonkeyPatch) -> None:

    async def silent(runner: ExpertRunner, task: Any, started: ExpertStarted) -> bool:
        return True

    broken.setattr(ExpertRunner, "_begin", silent)
    assert "I3" in invariants_broken()


def test_a_call_that_is_made_again_because_the_server_forgot_is_found(broken: pytest.MonkeyPatch) -> None:
    async def trusting(log: port.SimulatedLog, recorded: Recorded, *, never: str | None = None) -> int:
        return await log._publish(recorded, None if never is None else Guard(0, never))

    broken.setattr(port.SimulatedLog, "append_news", trusting)
    assert "I3" in invariants_broken(first=81, panel_types=("structured", "open"))


def test_a_decision_that_is_not_made_again_is_found(broken: pytest.MonkeyPatch) -> None:
    """Whoever remembers that it has decided, and dies before the append, decides no more."""
    said: set[object] = set()

    def forgetful(state: Any, now: Any) -> Any:
        decision = decide(state, now)
        repeated = (state.panel, state.at) in said
        said.add((state.panel, state.at))
        return type(decision)((), decision.at) if repeated else decision

    broken.setattr(orchestrator_worker, "decide", forgetful)
    assert "I2" in invariants_broken()
