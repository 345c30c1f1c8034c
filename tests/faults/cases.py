"""The cases of the sweep: which process dies when this panel has its k-th event on the log. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from askpanel.contracts.events import PanelType

PROCESSES = (
    "gateway",
    "projector",
    "orchestrator",
    "expert-runner",
    "consensus",
    "usage",
    "nats",
    "postgres",
)

BODIES: Mapping[PanelType, Mapping[str, Any]] = {
    "structured": {"configuration": {"max_rounds": 2, "consensus_threshold": 1.0}},
    "open": {"configuration": {"max_rounds": 2}},
    "socratic": {"configuration": {"max_rounds": 3, "consensus_threshold": 1.0}},
    "adversarial": {"configuration": {"max_rounds": 2}},
    "delphi": {"configuration": {"max_rounds": 2}, "options": ["Launch in spring", "Wait until autumn"]},
    "hybrid": {"configuration": {"max_rounds": 2}},
}


@dataclass(frozen=True, slots=True)
class Case:
    """kill -9 of `process` when the panel's event number `boundary` (from 1) has been seen."""

    panel_type: PanelType
    process: str
    boundary: int

    @property
    def name(self) -> str:
        """Short and unique."""
        return f"{self.panel_type}/{self.process}/{self.boundary}"


@dataclass(frozen=True, slots=True)
class Result:
    """What a case came to. `event` is what was seen last before the kill, None when the panel ended before.

    `seconds` the panel took, `extra` is what the kill added to it, `repeated` model calls made once more.
    """

    case: Case
    event: str | None
    seconds: float
    extra: float
    repeated: int
    violations: tuple[str, ...]


def cases(boundaries: Mapping[PanelType, int], processes: Sequence[str], seed: int) -> list[Case]:
    """Every process at every boundary of a panel of every protocol, in the seed's order."""
    every = [
        Case(panel_type, process, boundary)
        for panel_type, count in boundaries.items()
        for process in processes
        for boundary in range(1, count + 1)
    ]
    Random(seed).shuffle(every)
    return every


def done(path: Path | None) -> list[Result]:
    """Results that an earlier run left."""
    if path is None or not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [Result(**(line | {"case": Case(**line["case"])})) for line in lines]


def keep(path: Path | None, result: Result) -> None:
    """Add a result to the file."""
    if path is not None:
        with path.open("a") as file:
            file.write(json.dumps(asdict(result)) + "\n")


def summary(results: Sequence[Result], left: Sequence[Case]) -> str:
    """The sweep in a table by process, and what it did not cover."""
    lines = [f"{'process':14} {'kills':>6} {'extra s p50':>12} {'max':>7} {'calls again':>12} {'broken':>7}"]
    for process in PROCESSES:
        own = [one for one in results if one.case.process == process and one.event is not None]
        if own:
            extra = [one.extra for one in own]
            lines.append(
                f"{process:14} {len(own):6} {median(extra):12.2f} {max(extra):7.2f} "
                f"{sum(one.repeated for one in own):12} {sum(bool(one.violations) for one in own):7}"
            )
    killed = sum(one.event is not None for one in results)
    missed = len(results) - killed
    lines.append(
        f"{killed} kills, {missed} panels that had ended before theirs, {len(left)} cases not covered"
    )
    if left:
        lines.append(f"not covered, by protocol: {_by_protocol(left)}")
    lines += [f"BROKEN {one.case.name}: {what}" for one in results for what in one.violations]
    return "\n".join(lines)


def _by_protocol(left: Iterable[Case]) -> str:
    counts: dict[str, int] = {}
    for case in left:
        counts[case.panel_type] = counts.get(case.panel_type, 0) + 1
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
