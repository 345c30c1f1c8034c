"""One stack for the tests that leave it running; those that kill start one of their own."""

from collections.abc import Generator

import pytest

from tests.harness.stack import RunningStack, stack


@pytest.fixture(scope="module")
def running() -> Generator[RunningStack]:
    """The whole stack with the scripted model: answers are canned, everything else is real."""
    with stack("scripted:latency=0.05") as started:
        yield started
