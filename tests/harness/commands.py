"""What requests have put on the log, for tests of requests that must put nothing there."""

import pytest

from askpanel.contracts.events import HumanResponded, PanelCancelRequested, PanelCreated
from askpanel.contracts.subjects import all_of
from askpanel.contracts.topology import PANELS
from tests.harness.stack import RunningStack

COMMANDS = (PanelCreated, PanelCancelRequested, HumanResponded)
"""All that a request can put on the log."""

nothing_is_begun = pytest.mark.usefixtures("log_as_before")
"""The test leaves no event on the log."""


async def commands_on_the_log(running: RunningStack) -> set[str]:
    """The subject of every event that a request has made so far."""
    subjects: set[str] = set()
    async with running.log() as log:
        for event in COMMANDS:
            info = await log.jetstream.stream_info(PANELS.name, subjects_filter=all_of(event.TYPE))
            subjects |= set(info.state.subjects or {})
    return subjects
