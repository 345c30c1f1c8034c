"""python -m tests.simulation                        seeds from 0 on, for 60 s
python -m tests.simulation --seed 71 --protocol delphi   one schedule again: shrunk when it fails, told when not
python -m tests.simulation --from 5000 --seconds 600     more of them
"""

import argparse
import os
import sys

from askpanel.contracts.configuration import PANEL_TYPES
from askpanel.contracts.events import PanelType
from tests.simulation.explore import explore_at_once, laboratory, report, say, shrink
from tests.simulation.world import play


def main() -> int:
    """Exit code 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="play this schedule alone, and shrink it when it fails")
    parser.add_argument("--protocol", choices=PANEL_TYPES, help="only this protocol")
    parser.add_argument("--from", type=int, default=0, dest="first", help="first seed to explore from")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to explore")
    parser.add_argument("--failures", type=int, default=1, help="stop after so many failures")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="so many processes")
    parser.add_argument("--log", action="store_true", help="print the log of the schedule")
    given = parser.parse_args()
    panel_types: list[PanelType] = [one for one in PANEL_TYPES if given.protocol in (None, one)]
    if given.seed is not None:
        return max(_one(given.seed, panel_type, given.log) for panel_type in panel_types)
    explored = explore_at_once(
        max(1, given.jobs),
        given.first,
        seconds=given.seconds,
        panel_types=panel_types,
        most_failures=given.failures,
        told=say,
    )
    print(explored)
    for outcome in explored.failed:
        print(report(shrink(outcome, told=say)))
    return bool(explored.failed)


def _one(seed: int, panel_type: PanelType, log: bool) -> int:
    with laboratory():
        outcome = play(seed, panel_type)
    if outcome.found:
        outcome = shrink(outcome, told=say)
    if log:
        for recorded in outcome.events:
            identity = " ".join(str(part) for part in recorded.event.identity())
            print(
                f"{recorded.sequence:4} {recorded.envelope.time:%H:%M:%S} {recorded.envelope.type} {identity}"
            )
    if outcome.found:
        print(report(outcome))
        return 1
    print(
        f"seed {seed}, protocol {panel_type}: every promise kept, {len(outcome.events)} events, "
        f"{len(outcome.struck)} faults, {outcome.seconds:.0f} s of virtual time, log {outcome.digest}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
