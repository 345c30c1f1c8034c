"""A seeded sample of the sweep, for as long as SWEEP_MINUTES says: kill -9 at event boundaries, all judged.

The whole of it is `python -m tests.faults sweep`; a failing case is one line of its file of results.
"""

import os

import pytest

from tests.faults.cases import PROCESSES, summary
from tests.faults.sweep import run
from tests.harness.servers import scratch_directory

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

MINUTES = float(os.environ.get("SWEEP_MINUTES", "5"))
SEED = int(os.environ.get("SWEEP_SEED", "1"))
STACKS = int(os.environ.get("SWEEP_STACKS", "5"))


async def test_a_kill_at_any_event_boundary_costs_nothing_but_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def told(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}", end="", flush=True)

    with scratch_directory() as data:
        results, left = await run(
            data, seed=SEED, minutes=MINUTES, processes=PROCESSES, resume=None, told=told, stacks=STACKS
        )
    told(f"\n{summary(results, left)}\n")
    broken = {one.case.name: one.violations for one in results if one.violations}
    assert not broken, broken
    assert {one.case.process for one in results if one.event} == set(PROCESSES)
