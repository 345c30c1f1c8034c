"""python -m tests.faults sweep --seed 1 --minutes 60 --resume .cache/sweep.jsonl
python -m tests.faults soak --minutes 30 --seed 1

The sweep kills every process at every event boundary of panels of every protocol. The soak runs a mixed
load under random faults and looks for growth. Both end with exit code 1 when a promise was broken.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.faults import soak, sweep
from tests.faults.cases import PROCESSES, summary
from tests.harness.servers import scratch_directory


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    sweeping = commands.add_parser("sweep", help="one kill per panel, at every boundary")
    sweeping.add_argument("--resume", type=Path, help="file of results: go on after them")
    sweeping.add_argument("--process", choices=PROCESSES, action="append", help="only these; default all")
    soaking = commands.add_parser("soak", help="mixed load, random faults")
    soaking.add_argument("--panels", type=int, default=6, help="panels at once")
    for one in (sweeping, soaking):
        one.add_argument("--seed", type=int, default=1)
        one.add_argument("--minutes", type=float, default=30.0)
    given = parser.parse_args()
    with scratch_directory() as data:
        if given.command == "soak":
            found = asyncio.run(
                soak.run(data, seed=given.seed, minutes=given.minutes, panels=given.panels, told=_say)
            )
            print(found)
            return bool(found.broken)
        results, left = asyncio.run(
            sweep.run(
                data,
                seed=given.seed,
                minutes=given.minutes,
                processes=tuple(given.process or PROCESSES),
                resume=given.resume,
                told=_say,
            )
        )
    print(summary(results, left))
    return any(one.violations for one in results)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
