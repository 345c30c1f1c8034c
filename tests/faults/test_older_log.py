"""An older backup of the log is put in its place: noticed, loud, nothing written backwards; the newer one heals it."""

import shutil
import time
from pathlib import Path

import httpx
import pytest

from tests.faults.evidence import Allowance
from tests.faults.outages import all_ready
from tests.faults.sweep import field_on, judge, play
from tests.harness.outages import dead
from tests.harness.servers import scratch_directory
from tests.harness.stack import RunningStack, projected, until

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

LONGEST = 180.0


async def red(running: RunningStack) -> str:
    """Why the projector is not ready; empty while it is, or does not answer."""
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            answer = await client.get(f"{running.told['probes']['projector']}/readyz")
    except httpx.TransportError:
        return ""
    return answer.text if answer.status_code == 503 else ""


async def rows(running: RunningStack) -> tuple[int, int]:
    """Checkpoint, and how many panels the tables hold."""
    async with running.database() as connection:
        found = await connection.fetchrow(
            "select (select max(stream_sequence) from askpanel.projection_checkpoint),"
            " (select count(*) from public.panels)"
        )
    assert found is not None
    return found[0], found[1]


async def test_an_older_log_stops_the_projection_and_the_right_one_heals_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with scratch_directory() as data:
        async with field_on(data) as ground:
            running, store, backup, newest = (
                ground.running,
                data / "nats/jetstream",
                data / "old",
                data / "new",
            )
            first = await play(ground, "structured", None)
            with dead(running, "nats"):
                shutil.copytree(store, backup)
            second = await play(ground, "structured", None)
            await projected(running, second.events[-1].sequence)
            shown = await rows(running)

            with dead(running, "nats"):
                shutil.copytree(store, newest)
                _replace(store, backup)
            began = time.monotonic()
            await until(lambda: red(running), lambda why: "restore" in why, seconds=LONGEST)
            noticed = time.monotonic() - began
            assert await rows(running) == shown, "nothing is written backwards"
            async with running.http() as client:
                kept = await client.get(f"/panels/{second.ref.panel_id}")
                assert kept.json()["status"] == "completed", "what had ended stays readable"

            with dead(running, "nats"):
                _replace(store, newest)
            began = time.monotonic()
            await all_ready(running)
            healed = time.monotonic() - began
            third = await play(ground, "structured", None)
            broken = await judge(ground, [first, second, third], Allowance(extra_calls=0))
            assert not broken, broken
            with capsys.disabled():
                print(
                    f"\nan older log: noticed after {noticed:.1f} s; ready {healed:.1f} s after the right one"
                )


def _replace(store: Path, by: Path) -> None:
    shutil.rmtree(store)
    shutil.copytree(by, store)
