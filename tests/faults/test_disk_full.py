"""The log's disk is full: by its own limit, and really. Nothing acknowledged is lost, and room heals it."""

import os
import subprocess
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import nats
import pytest

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.subjects import PanelRef
from askpanel.local.doctor import processes
from askpanel.local.servers import nats as nats_server
from askpanel.runtime import bootstrap
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.log import EventLog
from tests.contract.made import a_round, some_panel
from tests.harness.servers import scratch_directory

MIB = 1024 * 1024
SMALL = 24 * MIB
PATIENCE = 5.0


@contextmanager
def small_disk(directory: Path) -> Generator[None]:
    """A file system of SMALL bytes at `directory`; skips where this user may not mount one."""
    directory.mkdir()
    options = f"size={SMALL}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "askpanel-test", str(directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a disk that is really full needs the right to mount one: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@asynccontextmanager
async def log_at(url: str) -> AsyncGenerator[EventLog]:
    async def quiet(_: Exception) -> None:
        """The server's trouble is what this is about."""

    client = await nats.connect(url, error_cb=quiet)
    try:
        await bootstrap.create(client.jetstream())
        yield EventLog(client, patience=PATIENCE)
    finally:
        await client.close()


async def fill(log: EventLog, panel: PanelRef) -> list[Recorded]:
    """Append until the log refuses; what was acknowledged."""
    kept: list[Recorded] = []
    for number in range(1, 100_000):
        event = a_round(panel, number)
        try:
            last = await log.append(event, expected=kept[-1].sequence if kept else 0)
        except LogUnavailable:
            return kept
        kept.append(event.at(last))
    raise AssertionError("it was never full")


async def test_a_store_at_its_limit_refuses_at_once_and_takes_again_with_room() -> None:
    with scratch_directory() as directory:
        data = directory / "nats"
        server = nats_server.start(data, max_file_store=2 * MIB, sync_always=False)
        panel = some_panel()
        try:
            async with log_at(server.url) as log:
                kept = await fill(log, panel)
                began = time.monotonic()
                with pytest.raises(LogUnavailable):
                    await log.append(a_round(panel, 100_001), expected=kept[-1].sequence)
                assert time.monotonic() - began < PATIENCE, "refused, not waited for"
                assert [one.envelope.id for one in await log.read(panel)] == [one.envelope.id for one in kept]
            server.stop()
            server = nats_server.start(data, max_file_store=64 * MIB, sync_always=False)
            async with log_at(server.url) as log:
                await log.append(a_round(panel, 100_001), expected=kept[-1].sequence)
                assert len(await log.read(panel)) == len(kept) + 1
        finally:
            server.stop()


@pytest.mark.skipif(os.name != "posix", reason="mounts a tmpfs")
async def test_a_disk_that_is_really_full_loses_nothing_acknowledged_and_a_restart_with_room_heals(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with scratch_directory() as directory, small_disk(directory / "disk"):
        data = directory / "disk" / "nats"
        server = nats_server.start(data, max_file_store=1024 * MIB, sync_always=True)
        panel = some_panel()
        ballast = directory / "disk" / "ballast"
        try:
            async with log_at(server.url) as log:
                with ballast.open("wb") as file:  # what else lies on that disk, up to the last few hundred kB
                    file.write(bytes(SMALL - 1 * MIB - _used(directory / "disk")))
                kept = await fill(log, panel)
            assert kept
            ballast.unlink()
            (ill,) = await processes({"nats": f"{server.monitoring_url}/healthz"})
            assert "no space left" in ill.detail, "doctor says why nothing is written though there is room"
            began = time.monotonic()
            server.stop()
            server = nats_server.start(data, max_file_store=1024 * MIB, sync_always=True)
            async with log_at(server.url) as log:
                found = [one.envelope.id for one in await log.read(panel)]
                assert found[: len(kept)] == [one.envelope.id for one in kept], "acknowledged and gone"
                assert len(found) <= len(kept) + 1, "at most the append that nobody heard about"
                await log.append(a_round(panel, 100_001), expected=await log.last_sequence(panel))
            with capsys.disabled():
                print(f"\nreally full after {len(kept)} events; healed in {time.monotonic() - began:.1f} s")
        finally:
            server.stop()


def _used(place: Path) -> int:
    stat = os.statvfs(place)
    return (stat.f_blocks - stat.f_bfree) * stat.f_frsize
