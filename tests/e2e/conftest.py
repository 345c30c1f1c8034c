"""One stack for the tests that leave it running; those that stop or kill its parts start one of their own."""

from collections.abc import AsyncGenerator, Generator

import pytest

from tests.harness.cast import SHARED_MODEL
from tests.harness.commands import commands_on_the_log
from tests.harness.stack import RunningStack, stack

HEARTBEAT_SECONDS = "0.5"


@pytest.fixture(scope="session")
def running() -> Generator[RunningStack]:
    """The whole stack with the scripted model: answers are canned, everything else is real."""
    with stack(SHARED_MODEL, ASKPANEL_STREAM_HEARTBEAT=HEARTBEAT_SECONDS) as started:
        yield started


@pytest.fixture
async def log_as_before(running: RunningStack) -> AsyncGenerator[None]:
    """No request of the test has put anything on the log."""
    before = await commands_on_the_log(running)
    yield
    assert await commands_on_the_log(running) == before
