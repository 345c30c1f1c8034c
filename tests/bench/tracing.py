"""What tracing costs a panel: `python -m tests.bench.tracing`.

The whole stack runs the same panels without a collector and with every trace recorded and exported, in turn.
Counted is processor time of the services, user and system, so that others on the machine disturb little; the
collector is a thread of this process and not counted. The model answers at once.
"""

import argparse
import asyncio
import statistics
from collections.abc import Mapping

import psutil

from tests.harness.collector import collecting
from tests.harness.stack import RunningStack, create, follow, stack

SERVICES = ("gateway", "projector", "orchestrator", "expert-runner", "consensus", "usage")
AT_ONCE = 4


def measure(panels: int, *, export: bool) -> Mapping[str, float]:
    """Milliseconds of processor time a panel, by service."""
    with collecting() as collector:
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url} if export else {}
        with stack("scripted", **where) as running:
            asyncio.run(_run(running, 8))  # warm
            before = _cpu(running)
            asyncio.run(_run(running, panels))
            after = _cpu(running)
    return {name: (after[name] - before[name]) * 1000 / panels for name in SERVICES}


async def _run(running: RunningStack, panels: int) -> None:
    async def some(count: int) -> None:
        async with running.http() as client:
            for _ in range(count):
                created = await create(client)
                await follow(client, created["id"])

    await asyncio.gather(*(some(panels // AT_ONCE) for _ in range(AT_ONCE)))


def _cpu(running: RunningStack) -> Mapping[str, float]:
    times = {name: psutil.Process(running.pid(name)).cpu_times() for name in SERVICES}
    return {name: time.user + time.system for name, time in times.items()}


def main() -> None:
    """Measure in turn and print medians."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tracing", description=__doc__)
    parser.add_argument("--panels", type=int, default=80)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--off-only", action="store_true", help="to compare two versions of the code")
    options = parser.parse_args()
    kinds = (False,) if options.off_only else (False, True)
    runs: dict[bool, list[Mapping[str, float]]] = {kind: [] for kind in kinds}
    for _ in range(options.repetitions):
        for kind in kinds:
            runs[kind].append(measure(options.panels, export=kind))
    print(
        "| tracing | "
        + " | ".join(SERVICES)
        + " | all, ms a panel |\n|---" * 1
        + "|---" * (len(SERVICES) + 1)
        + "|"
    )
    for kind, measured in runs.items():
        medians = [statistics.median(run[name] for run in measured) for name in SERVICES]
        total = statistics.median(sum(run.values()) for run in measured)
        cells = " | ".join(f"{value:.1f}" for value in medians)
        print(f"| {'recorded' if kind else 'off'} | {cells} | {total:.1f} |")


if __name__ == "__main__":
    main()
