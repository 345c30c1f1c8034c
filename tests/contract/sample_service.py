"""A whole worker process for tests: `python -m tests.contract.sample_service`.

It takes the usage service's durable, writes a line when it has begun a message, and is done with it when
a file named by the environment is there.
"""

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from askpanel.contracts.topology import USAGE
from askpanel.runtime.process import Runtime, run_worker
from askpanel.runtime.settings import ServiceSettings, load
from askpanel.runtime.worker import Delivery, Worker


async def handle(delivery: Delivery) -> None:
    """Begin, wait for the file, end."""
    say(f"begun {delivery.sequence}")
    while not Path(os.environ["SAMPLE_GO"]).exists():  # noqa: ASYNC110  (another process says when)
        await asyncio.sleep(0.01)
    say(f"done {delivery.sequence}")


async def wire(_: Runtime, stack: AsyncExitStack) -> list[Worker]:
    """One worker; says when what it opened is closed again."""
    stack.callback(say, "closed")
    return [Worker(USAGE, handle, parallel=2)]


def say(line: str) -> None:
    """To whoever started us, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run_worker("usage", load(ServiceSettings), wire)
