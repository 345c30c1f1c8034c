"""Every process is replaced under load, and clients that never try again notice nothing."""

import pytest

from tests.faults.rolling import ROUNDS, SERVICES, Rolled, roll, rounds
from tests.harness.servers import scratch_directory

pytestmark = pytest.mark.e2e

SHORT = ("gateway", "orchestrator")


def check(rolled: Rolled, services: tuple[str, ...]) -> None:
    """Nothing failed, nothing broke, and there was something to lose."""
    assert not rolled.load.failed, rolled
    assert not rolled.broken, rolled
    assert not rolled.refused, "there was a moment without a ready gateway"
    assert {one.name for one in rolled.restarts} == {f"{name} ({n})" for name in services for n in (1, 2)}
    assert all(rounds(one) == ROUNDS for one in rolled.load.played), "the load is panels of three rounds"
    assert len(rolled.load.played) > len(rolled.restarts), "too little load to prove anything"
    requests = rolled.load.requests
    assert min(requests["GET list"], requests["GET panel"]) > len(rolled.restarts), "too little was read"


@pytest.mark.slow
async def test_gateways_and_orchestrators_are_replaced_under_load_and_nobody_notices() -> None:
    with scratch_directory() as data:
        rolled = await roll(data, SHORT)
    check(rolled, SHORT)


@pytest.mark.slow
async def test_a_rolling_restart_of_everything_loses_no_request_event_or_place_in_a_stream(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with scratch_directory() as data:
        rolled = await roll(data)
    with capsys.disabled():
        print(f"\n{rolled}")
    check(rolled, SERVICES)
    assert rolled.load.resumes > 0, "no stream was open when its gateway drained"
    assert rolled.redelivered.keys() == {"orchestrator", "expert-runner", "consensus", "usage"}
