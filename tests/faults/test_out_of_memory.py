"""A process that gets no more memory dies or lives; either way panels end once, and no message is buried for it."""

import asyncio
import resource
import sys
from pathlib import Path

import pytest

from askpanel.contracts.topology import DEAD
from tests.faults.evidence import Allowance
from tests.faults.sweep import field_on, judge, play, standing
from tests.harness.servers import scratch_directory

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="limits another process by prlimit"),
]

STARVED = ("orchestrator", "expert-runner", "consensus", "usage", "projector")
AT_ONCE = 4
PAGE = resource.getpagesize()


def starve(pid: int) -> None:
    """No more memory for this process than it has mapped."""
    mapped = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * PAGE
    _, hard = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (mapped, hard))


async def test_starved_processes_lose_no_panel(capsys: pytest.CaptureFixture[str]) -> None:
    with scratch_directory() as data:
        async with field_on(data) as ground:
            before = ground.running.pids()
            for name in STARVED:
                starve(before[name])
            played = await asyncio.gather(*(play(ground, "structured", None) for _ in range(AT_ONCE)))
            played += await asyncio.gather(*(play(ground, "delphi", None) for _ in range(AT_ONCE)))
            await standing(ground.running)
            died = sorted(name for name in STARVED if ground.running.pids()[name] != before[name])
            with capsys.disabled():
                print(f"\nstarved {len(STARVED)} processes, died: {', '.join(died) or 'none'}")
            assert died, "nobody had wanted more"
            broken = await judge(ground, played, Allowance(extra_calls=3 * 2 * AT_ONCE))
            assert not broken, broken
            async with ground.running.log() as log:
                assert (await log.jetstream.stream_info(DEAD.name)).state.messages == 0
