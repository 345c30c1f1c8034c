"""Panels a second with 1, 2 and 4 expert-runners, and 1 and 2 orchestrators: `python -m tests.bench.runners`.

The model takes a scripted time and each runner makes at most so many calls at once, so that the runners are the
limit and not the processor: what is looked at is whether another process brings another process's work. The
ideal is what the calls at once allow. Everything runs on one machine, driver and servers included.
"""

import argparse
import asyncio
import contextlib
import sys
import time
from dataclasses import dataclass
from statistics import median, quantiles

import psutil

from tests.harness.beside import ready, second
from tests.harness.stack import RunningStack, create, follow, stack

HEADER = (
    "| runners | orchestrators | panels/s | of the ideal | completed p50 / p95 s | cores busy |\n"
    "|---|---|---|---|---|---|"
)
BODY = {"configuration": {"max_rounds": 1}}


@dataclass(frozen=True, slots=True)
class Work:
    """How much is asked, and of what: calls at once in each runner, seconds a call takes."""

    panels: int
    clients: int
    parallel: int
    latency: float

    @property
    def model(self) -> str:
        return f"scripted:latency={self.latency:g}"

    def ideal(self, runners: int, calls: float) -> float:
        """Panels a second if nothing but the calls took time."""
        return runners * self.parallel / self.latency / calls


async def measure(work: Work) -> None:
    """Print a row for each number of processes."""
    environment = {"ASKPANEL_RUNNER_PARALLEL": str(work.parallel)}
    with stack(work.model, **environment) as running, contextlib.ExitStack() as more:
        await _row(running, work, 0, 0, quiet=True)  # warms every process up
        print(HEADER, flush=True)
        await _row(running, work, 1, 1)
        for number in (2, 3, 4):
            probe = second(running, "expert-runner", number, ASKPANEL_MODEL=work.model, **environment)
            await ready(more.enter_context(probe))
            if number != 3:
                await _row(running, work, number, 1)
        await ready(more.enter_context(second(running, "orchestrator")))
        await _row(running, work, 4, 2)


async def _row(
    running: RunningStack, work: Work, runners: int, orchestrators: int, *, quiet: bool = False
) -> None:
    took: list[float] = []
    calls = 0
    slots = asyncio.Semaphore(work.clients)

    async def one() -> None:
        nonlocal calls
        async with slots, running.http() as client:
            begun = time.monotonic()
            created = await create(client, **BODY)
            frames = await follow(client, created["id"])
            took.append(time.monotonic() - begun)
            calls += sum(frame.name == "response_added" for frame in frames)

    panels = 3 if quiet else work.panels
    psutil.cpu_percent()
    begun = time.monotonic()
    await asyncio.gather(*(one() for _ in range(panels)))
    rate = panels / (time.monotonic() - begun)
    cores = psutil.cpu_percent() / 100 * (psutil.cpu_count() or 1)
    if not quiet:
        share = rate / work.ideal(runners, calls / panels)
        print(
            f"| {runners} | {orchestrators} | {rate:.2f} | {share:.0%} | "
            f"{median(took):.1f} / {quantiles(took, n=20)[-1]:.1f} | {cores:.1f} |",
            flush=True,
        )


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.runners", description=__doc__)
    parser.add_argument("--panels", type=int, default=60)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--parallel", type=int, default=3, help="calls at once in each runner")
    parser.add_argument("--latency", type=float, default=1.0, help="of the model, in seconds")
    given = parser.parse_args()
    print(
        f"{given.panels} panels by {given.clients} clients, {given.parallel} calls at once a runner, "
        f"{given.latency:g} s a call; {psutil.cpu_count()} cores, load before {psutil.getloadavg()[0]:.1f}",
        file=sys.stderr,
    )
    asyncio.run(measure(Work(given.panels, given.clients, given.parallel, given.latency)))


if __name__ == "__main__":
    main()
