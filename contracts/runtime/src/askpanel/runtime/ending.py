"""Ending background tasks for certain.

A single `cancel()` may get lost: `asyncio.wait_for` of Python 3.11, in libraries too, drops one that meets the
result it waits for. A task that runs for ever then goes on for ever, and its process never leaves on SIGTERM.
"""

import asyncio
import logging
from typing import Any

logger = logging.getLogger(__name__)

AGAIN = 1.0
"""Seconds until a task that still runs is told once more."""
PATIENCE = 10
"""How often; who holds out longer does not hear."""


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks and wait until they have ended. How they ended does not matter, and is not raised."""
    waiting = set(tasks)
    for _ in range(PATIENCE):
        waiting = {task for task in waiting if not task.done()}
        if not waiting:
            break
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=AGAIN)
    for task in tasks:
        if not task.done():
            logger.error("%s does not end: left behind", task.get_name())
        elif not task.cancelled():
            task.exception()  # looked at: asyncio would complain at the end that nobody did
