"""A whole worker process for tests: `python -m tests.contract.sample_service`.

It takes the usage service's durable, writes a line when it has begun a message, and is done with it when
a file named by the environment is there. `SAMPLE_BUG`: publishing on a subject that begins so meets a bug.
"""

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from nats.aio.client import Client

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


async def wire(runtime: Runtime, stack: AsyncExitStack) -> list[Worker]:
    """One worker; says when what it opened is closed again."""
    stack.callback(say, "closed")
    if bug := os.environ.get("SAMPLE_BUG"):
        _break(runtime.client, bug)
    return [Worker(USAGE, handle, parallel=2)]


def _break(client: Client, prefix: str) -> None:
    publish = client.publish

    async def broken(subject: str, *arguments: Any, **named: Any) -> None:
        if subject.startswith(prefix):
            raise RuntimeError("a bug")
        await publish(subject, *arguments, **named)

    client.publish = broken


def say(line: str) -> None:
    """To whoever started us, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run_worker("usage", load(ServiceSettings), wire)
