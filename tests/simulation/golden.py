"""Histories that are kept: finished panels as they stand on the log, with the rows they made.

    python -m tests.simulation.golden          write those that are not there yet

One file per history, `<protocol>-<name>.jsonl.gz`: a line per event (subject, headers, body, sequence), then
one line with the rows. A released history is never written anew: it is what today's code must still read.
A new protocol or event version adds one.
"""

import gzip
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

from askpanel.contracts.configuration import PANEL_TYPES
from askpanel.contracts.envelope import Recorded, decode, encode
from tests.faults import rows
from tests.faults.evidence import Tables
from tests.simulation.explore import laboratory
from tests.simulation.world import Outcome, play

FOLDER = Path(__file__).parent / "histories"


@dataclass(frozen=True, slots=True)
class History:
    """A kept history, and the rows as they were when it was kept."""

    events: tuple[Recorded, ...]
    tables: Tables


def read(path: Path) -> History:
    """A history by today's contracts: raises Unreadable when they cannot read it any more."""
    *lines, last = gzip.decompress(path.read_bytes()).decode().splitlines()
    events = [json.loads(line) for line in lines]
    tables = {
        table: {UUID(row_id): row for row_id, row in found.items()}
        for table, found in json.loads(last)["rows"].items()
    }
    return History(
        tuple(decode(e["subject"], e["headers"], e["body"].encode(), e["sequence"]) for e in events), tables
    )


def write(path: Path, events: Sequence[Recorded]) -> None:
    """Keep a history. The same events make the same bytes."""
    lines = [json.dumps(_line(recorded)) for recorded in events]
    tables = {
        table: {str(row_id): row for row_id, row in found.items()}
        for table, found in rows.expected(events).items()
    }
    text = "\n".join([*lines, json.dumps({"rows": tables})])
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def _line(recorded: Recorded) -> dict[str, Any]:
    subject, headers, body = encode(recorded)
    return {"subject": subject, "headers": headers, "body": body.decode(), "sequence": recorded.sequence}


def main() -> int:
    """For each protocol one history of a calm panel that completes, and one of a troubled one; one overspent, one late."""
    FOLDER.mkdir(exist_ok=True)
    with laboratory():
        for panel_type in PANEL_TYPES:
            played = (play(seed, panel_type) for seed in range(1000))
            wanted = {"calm": _calm, "troubled": _troubled}
            if panel_type == "delphi":
                wanted["overspent"] = _overspent
            if panel_type == "structured":
                wanted["late"] = _late
            for outcome in played:
                for name in [name for name, fits in wanted.items() if fits(outcome)]:
                    del wanted[name]
                    path = FOLDER / f"{panel_type}-{name}.jsonl.gz"
                    if not path.exists():
                        write(path, outcome.events)
                        print(path.name, len(outcome.events), "events", path.stat().st_size, "bytes")
                if not wanted:
                    break
    return 0


def _calm(outcome: Outcome) -> bool:
    return (
        not outcome.found and "panel.completed" in _types(outcome) and "expert.failed" not in _types(outcome)
    )


def _troubled(outcome: Outcome) -> bool:
    """Failed attempts, a deadline that passed, and several panels or a late answer in between."""
    trouble = {"expert.failed", "panel.deadline_passed"} | ({"human.requested"} & _types(outcome))
    return not outcome.found and trouble <= _types(outcome) and len(outcome.events) > 12


def _overspent(outcome: Outcome) -> bool:
    return not outcome.found and "budget.exceeded" in _types(outcome)


def _late(outcome: Outcome) -> bool:
    """A round that was begun minutes after the count it rests on: nobody was there to decide."""
    gaps = (
        after.envelope.time - before.envelope.time
        for before, after in pairwise(outcome.events)
        if (before.envelope.type, after.envelope.type) == ("consensus.calculated", "round.started")
    )
    return not outcome.found and max(gaps, default=timedelta()) > timedelta(minutes=1)


def _types(outcome: Outcome) -> set[str]:
    return {recorded.envelope.type for recorded in outcome.events}


if __name__ == "__main__":
    sys.exit(main())
