"""python -m tests.faults sweep --seed 1 --minutes 60 --resume .cache/sweep.jsonl
python -m tests.faults soak --minutes 30 --seed 1
python -m tests.faults cluster
python -m tests.faults outages

The sweep kills every process at every event boundary of panels of every protocol, on several stacks at a time, since
most of a case is waiting. The soak runs a mixed
load under random faults and looks for growth. The cluster's faults are those of three NATS nodes, each once,
as a table with how long each was felt. The outages take a server away and time how soon everything works
again. All end with exit code 1 when a promise was broken, the soak also when something has grown.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.faults import cluster, outages, soak, sweep
from tests.faults.cases import PROCESSES, summary
from tests.harness.servers import scratch_directory


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    sweeping = commands.add_parser("sweep", help="one kill per panel, at every boundary")
    sweeping.add_argument("--resume", type=Path, help="file of results: go on after them")
    sweeping.add_argument("--process", choices=PROCESSES, action="append", help="only these; default all")
    sweeping.add_argument("--stacks", type=int, default=5, help="stacks at a time, each with one kill")
    soaking = commands.add_parser("soak", help="mixed load, random faults")
    soaking.add_argument("--panels", type=int, default=6, help="panels at once")
    nodes = commands.add_parser("cluster", help="faults of three NATS nodes, with their pauses")
    nodes.add_argument("--only", choices=cluster.SCENARIOS, action="append", help="only these; default all")
    timing = commands.add_parser("outages", help="how soon everything works again")
    timing.add_argument("--seconds", type=float, default=30.0, help="length of an outage")
    for one in (sweeping, soaking, nodes):
        one.add_argument("--seed", type=int, default=1)
        one.add_argument("--minutes", type=float, default=30.0)
    given = parser.parse_args()
    with scratch_directory() as data:
        if given.command == "cluster":
            return asyncio.run(_cluster(data, given.only or list(cluster.SCENARIOS), given.seed))
        if given.command == "outages":
            found_broken = asyncio.run(outages.run(data, seconds=given.seconds, told=_say))
            print("\n".join(found_broken) or "every promise kept")
            return bool(found_broken)
        if given.command == "soak":
            found = asyncio.run(
                soak.run(data, seed=given.seed, minutes=given.minutes, panels=given.panels, told=_say)
            )
            print(found)
            return not found.clean
        results, left = asyncio.run(
            sweep.run(
                data,
                seed=given.seed,
                minutes=given.minutes,
                processes=tuple(given.process or PROCESSES),
                resume=given.resume,
                told=_say,
                stacks=given.stacks,
            )
        )
    print(summary(results, left))
    return any(one.violations for one in results)


async def _cluster(data: Path, names: Sequence[str], seed: int) -> bool:
    """Whether a promise was broken."""
    broken = False
    async with cluster.cluster_on(data) as started:
        print(cluster.HEADER, flush=True)
        for name in names:
            outcome = await cluster.run(started, name, seed=seed)
            print(outcome, flush=True)
            broken |= bool(outcome.broken)
    return broken


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
