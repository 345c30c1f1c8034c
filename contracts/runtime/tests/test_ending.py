"""A background task ends when it is told to, also when a library loses what it was told."""

import asyncio
import os
import signal

import pytest

from askpanel.runtime.ending import end
from askpanel.runtime.process import until_signal


async def deaf(times: int, heard: list[int]) -> None:
    """Runs for ever and loses so many cancellations, as a wait may that ends at the same moment."""
    for _ in range(times):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            heard.append(1)
    await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askpanel.runtime.ending.AGAIN", 0.02)


async def test_a_task_that_loses_a_cancellation_is_told_again() -> None:
    heard: list[int] = []
    tasks = [asyncio.create_task(deaf(times, heard)) for times in (0, 1, 3)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end(*tasks)
    assert all(task.cancelled() for task in tasks)
    assert len(heard) == 4


async def test_what_ended_by_itself_or_failed_is_no_obstacle() -> None:
    async def fails() -> None:
        raise RuntimeError("long ago")

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await end(task)
    assert isinstance(task.exception(), RuntimeError)


async def test_one_that_never_hears_is_left_behind_and_named(caplog: pytest.LogCaptureFixture) -> None:
    task = asyncio.create_task(deaf(50, []), name="the deaf one")
    await asyncio.sleep(0)
    await end(task)
    assert not task.done()
    assert "the deaf one does not end" in caplog.text
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)


async def test_cancelling_the_one_who_waits_is_not_lost_either() -> None:
    heard: list[int] = []
    waiting = asyncio.create_task(end(asyncio.create_task(deaf(1, heard))))
    while not heard:  # noqa: ASYNC110  (a state of another task)
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_process_leaves_on_sigterm_though_its_watcher_loses_the_first_word() -> None:
    heard, begun = list[int](), asyncio.Event()

    async def watcher() -> None:
        begun.set()
        await deaf(1, heard)

    process = asyncio.create_task(until_signal(watcher()))
    async with asyncio.timeout(5):
        await begun.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await process
    assert heard == [1]
