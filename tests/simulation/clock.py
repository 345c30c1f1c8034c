"""Virtual time and chance: a loop that jumps to the next timer, and modules that read its clock.

`VirtualLoop` never waits: when nothing is ready, its time moves to the next timer. `virtual_time` lets the
modules of the services read that clock, each process with its own error (`SKEW`, in seconds), and draw
from the schedule's dice (`JITTER`).
"""

import asyncio
import contextlib
import selectors
from collections.abc import Callable, Generator
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta, tzinfo
from types import ModuleType, SimpleNamespace

from askpanel.consensus import worker as consensus_worker
from askpanel.expert_runner import line as runner_line
from askpanel.expert_runner import worker as runner_worker
from askpanel.orchestrator import alarms as orchestrator_alarms
from askpanel.orchestrator import worker as orchestrator_worker
from askpanel.runtime import projection as runtime_projection
from askpanel.usage import worker as usage_worker

START = datetime(2026, 3, 1, 12, tzinfo=UTC)

SKEW: ContextVar[float] = ContextVar("SKEW", default=0.0)
"""By how many seconds the clock of the running process is wrong."""

JITTER: ContextVar[Callable[[], float]] = ContextVar("JITTER")
"""What `random.random` is in the running process."""

CLOCKED: tuple[ModuleType, ...] = (
    orchestrator_worker,
    orchestrator_alarms,
    runner_worker,
    runner_line,
    consensus_worker,
    usage_worker,
    runtime_projection,
)


class Stuck(Exception):
    """Nothing is ready and no timer runs: everybody waits for somebody else."""


class _Jump(selectors.SelectSelector):
    """Instead of waiting for files, the loop's time moves."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time, in seconds from 0, passes only while everybody waits."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def true_time() -> float:
    """Seconds since the epoch by the server's clock, which is right."""
    return START.timestamp() + asyncio.get_running_loop().time()


class _Datetime(datetime):
    """`datetime` whose now is the process's own idea of it."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # pyright: ignore[reportIncompatibleMethodOverride]
        return START.astimezone(tz) + timedelta(seconds=asyncio.get_running_loop().time() + SKEW.get())


_TIME = SimpleNamespace(
    time=lambda: true_time() + SKEW.get(),
    monotonic=lambda: asyncio.get_running_loop().time(),
    perf_counter=lambda: asyncio.get_running_loop().time(),
)


_RANDOM = SimpleNamespace(random=lambda: JITTER.get()())


@contextlib.contextmanager
def virtual_time() -> Generator[None]:
    """Within the block the services' modules read the running virtual loop's clock."""
    with contextlib.ExitStack() as undo:
        for module in CLOCKED:
            for name, stand_in in (("datetime", _Datetime), ("time", _TIME), ("random", _RANDOM)):
                if hasattr(module, name):
                    undo.callback(setattr, module, name, getattr(module, name))
                    setattr(module, name, stand_in)
        yield
