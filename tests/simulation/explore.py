"""Schedules by the thousand: play seeds until one fails, then take faults away while it still fails."""

import gc
import logging
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context

from askpanel.contracts.configuration import PANEL_TYPES
from askpanel.contracts.events import PanelType
from tests.simulation.clock import virtual_time
from tests.simulation.world import Outcome, play

PROGRESS_SECONDS = 5.0
Told = Callable[[str], None]


def say(line: str) -> None:
    """Progress, for people."""
    print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Exploration:
    """What was played, and what failed (as it was played first)."""

    schedules: int
    faults: int
    events: int
    seconds: float
    failed: tuple[Outcome, ...]

    @property
    def per_minute(self) -> float:
        """Schedules played per minute of real time."""
        return 60 * self.schedules / max(self.seconds, 1e-9)

    def __str__(self) -> str:
        return (
            f"{self.schedules} schedules with {self.faults} faults and {self.events} events "
            f"in {self.seconds:.0f} s ({self.per_minute:.0f} a minute), {len(self.failed)} failed"
        )


@contextmanager
def laboratory() -> Generator[None]:
    """Virtual time, and quiet: what services log about the faults they meet is not news here."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    gc.collect()
    gc.freeze()
    try:
        with virtual_time():
            yield
    finally:
        gc.unfreeze()
        logging.disable(disabled)


def schedules(
    first: int, panel_types: Sequence[PanelType], *, step: int = 1
) -> Iterator[tuple[int, PanelType]]:
    """Every protocol with every `step`th seed from `first` on, for ever."""
    return ((seed, panel_type) for seed in count(first, step) for panel_type in panel_types)


def explore(
    first: int,
    *,
    seconds: float,
    panel_types: Sequence[PanelType] = PANEL_TYPES,
    most_failures: int = 1,
    step: int = 1,
    told: Told = lambda _: None,
) -> Exploration:
    """Play schedules for so many seconds of real time, or until so many have failed."""
    began = said = time.perf_counter()
    played = faults = events = 0
    failed: list[Outcome] = []
    with laboratory():
        for seed, panel_type in schedules(first, panel_types, step=step):
            outcome = play(seed, panel_type)
            played, faults, events = played + 1, faults + len(outcome.struck), events + len(outcome.events)
            if outcome.found:
                failed.append(outcome)
            now = time.perf_counter()
            summary = Exploration(played, faults, events, now - began, tuple(failed))
            if now - said >= PROGRESS_SECONDS:
                said = now
                told(f"simulation: seed {seed}: {summary}")
            if len(failed) >= most_failures or now - began >= seconds:
                return summary
    raise AssertionError("there is always another seed")


def explore_at_once(
    jobs: int,
    first: int,
    *,
    seconds: float,
    panel_types: Sequence[PanelType] = PANEL_TYPES,
    most_failures: int = 1,
    told: Told = lambda _: None,
) -> Exploration:
    """The same in so many processes, each with every `jobs`th seed."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        begun = [
            pool.submit(
                explore,
                first + number,
                seconds=seconds,
                panel_types=panel_types,
                most_failures=most_failures,
                step=jobs,
                told=told,
            )
            for number in range(jobs)
        ]
        parts = [part.result() for part in begun]
    return Exploration(
        sum(part.schedules for part in parts),
        sum(part.faults for part in parts),
        sum(part.events for part in parts),
        max(part.seconds for part in parts),
        tuple(outcome for part in parts for outcome in part.failed),
    )


def shrink(outcome: Outcome, *, seconds: float = 60.0, told: Told = lambda _: None) -> Outcome:
    """The same failure with as few faults as can be found within so many seconds of real time.

    Delta debugging (Zeller and Hildebrandt 2002): of n stretches of faults, first each alone, then all but
    each, then twice as many stretches. A failure that breaks one of the same promises counts as the same.
    """
    until = time.perf_counter() + seconds
    stretches = 2
    with laboratory():
        while stretches <= 2 * len(outcome.struck) and time.perf_counter() < until:
            smaller = _smaller(outcome, min(stretches, len(outcome.struck)), until)
            if smaller is None:
                stretches *= 2
            else:
                outcome = smaller
                stretches = max(2, min(stretches - 1, len(outcome.struck)))
                told(f"simulation: still fails with {len(outcome.struck)} faults")
    return outcome


def _smaller(outcome: Outcome, stretches: int, until: float) -> Outcome | None:
    faults = outcome.struck
    size = -(-len(faults) // stretches)
    places = range(0, len(faults), size)
    alone = [faults[place : place + size] for place in places] if stretches < len(faults) else []
    without = [(*faults[:place], *faults[place + size :]) for place in places]
    for kept in ((), *alone, *without):
        if time.perf_counter() > until:
            return None
        again = play(outcome.seed, outcome.panel_type, only=kept)
        if len(again.struck) < len(faults) and _same(again, outcome):
            return again
    return None


def _same(one: Outcome, other: Outcome) -> bool:
    broken = {violation.invariant for violation in one.found}
    return bool(broken & {violation.invariant for violation in other.found})


def report(outcome: Outcome) -> str:
    """A failure as it is printed: what broke, the faults that did it, how to see it again."""
    lines = [
        f"seed {outcome.seed}, protocol {outcome.panel_type}: {len(outcome.found)} broken promises",
        *(f"  {violation}" for violation in outcome.found[:10]),
        f"with {len(outcome.struck)} faults:",
        *(f"  {fault}" for fault in outcome.struck),
        f"again: python -m tests.simulation --seed {outcome.seed} --protocol {outcome.panel_type}",
    ]
    return "\n".join(lines)
