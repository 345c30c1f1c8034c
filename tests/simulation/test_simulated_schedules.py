"""Panels of every protocol on seeded schedules of crashes, losses, delays, duplicates and reordering.

`SIMULATION_SECONDS` (default 30; 180 in the slow test) and `SIMULATION_SEED` (default 0) say how long and
from which seed. A failure prints the smallest schedule that still fails and the command that repeats it.
"""

import os

import pytest

from askpanel.contracts.configuration import PANEL_TYPES
from askpanel.contracts.events import TERMINAL, ExpertResponded, ExpertStarted, PanelCompleted, PanelType
from tests.simulation.explore import explore, laboratory, report, shrink
from tests.simulation.world import play

SECONDS = float(os.environ.get("SIMULATION_SECONDS", "30"))
SEED = int(os.environ.get("SIMULATION_SEED", "0"))
LONG = 6.0
RATIFIED = 5
"""A seed in whose panels the human, where there is one, says yes."""


def run(first: int, seconds: float, capsys: pytest.CaptureFixture[str]) -> None:
    def told(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}", end="", flush=True)

    explored = explore(first, seconds=seconds, told=told)
    told(f"simulation: {explored}\n")
    assert explored.schedules >= len(PANEL_TYPES)
    assert explored.faults > 0
    assert not explored.failed, report(shrink(explored.failed[0], told=told))


def test_no_schedule_breaks_a_promise(capsys: pytest.CaptureFixture[str]) -> None:
    run(SEED, SECONDS, capsys)


@pytest.mark.slow
def test_no_schedule_breaks_a_promise_for_longer(capsys: pytest.CaptureFixture[str]) -> None:
    run(SEED + 100_000, SECONDS * LONG, capsys)


@pytest.mark.parametrize("panel_type", PANEL_TYPES)
def test_a_calm_world_asks_each_model_once_and_completes(panel_type: PanelType) -> None:
    with laboratory():
        outcome = play(RATIFIED, panel_type, only=())
    assert not outcome.found
    assert not outcome.struck
    types = [recorded.envelope.type for recorded in outcome.events]
    assert [one for one in types if one in TERMINAL] == [PanelCompleted.TYPE]
    assert 0 < types.count(ExpertStarted.TYPE) == types.count(ExpertResponded.TYPE)


def test_the_same_seed_plays_the_same_schedule_to_the_byte() -> None:
    with laboratory():
        first, second = play(7, "structured"), play(7, "structured")
    assert first.struck
    assert first.struck == second.struck
    assert first.digest == second.digest


def test_a_fault_can_be_left_out_and_the_others_stay() -> None:
    with laboratory():
        full = play(7, "structured")
        fewer = play(7, "structured", only=full.struck[:3])
    assert fewer.struck
    assert fewer.struck[0] == full.struck[0]
    assert set(fewer.struck) <= set(full.struck[:3]) < set(full.struck)
