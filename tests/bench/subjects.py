"""What NATS keeps in memory for a subject: `python -m tests.bench.subjects`.

The log is filled with messages on subjects of their own, as panels have them, then the server is started anew: what
it holds then beyond an empty one is what it needs to know its subjects.
"""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import psutil

from askpanel.contracts.events import EVENTS
from askpanel.contracts.subjects import PanelRef
from askpanel.local.servers import nats
from askpanel.runtime import bootstrap
from tests.bench.cast import LARGEST_LOG, connected
from tests.harness.servers import scratch_directory

SUBJECTS_A_PANEL = 11


def measure(levels: Sequence[int]) -> None:
    """Print one row for each number of panels."""
    print("| panels | subjects | NATS MiB | kB a subject |\n|---|---|---|---|", flush=True)
    with scratch_directory() as directory:
        empty = asyncio.run(_filled(directory / "nats", 0))
        there = 0
        for level in levels:
            memory = asyncio.run(_filled(directory / "nats", level - there))
            there = level
            subjects = level * SUBJECTS_A_PANEL
            each = (memory - empty) * 1024 / subjects
            print(f"| {level:,} | {subjects:,} | {memory:.0f} | {each:.2f} |", flush=True)


async def _filled(data: Path, panels: int) -> float:
    """MiB of a server started on what is there after so many more panels."""
    server = nats.start(data, sync_always=False, max_file_store=LARGEST_LOG, seconds=120)
    async with connected(server.url) as client:
        await bootstrap.create(client.jetstream())
        types = list(EVENTS)[:SUBJECTS_A_PANEL]
        for number in range(panels):
            panel = PanelRef(uuid4(), uuid4())
            for event_type in types[:-1]:
                await client.publish(panel.subject(event_type), b"{}")
            if number % 50 == 49 or number == panels - 1:
                await client.jetstream().publish(panel.subject(types[-1]), b"{}", timeout=60)
            else:
                await client.publish(panel.subject(types[-1]), b"{}")
    server.stop()
    server = nats.start(data, sync_always=False, max_file_store=LARGEST_LOG, seconds=120)
    try:
        async with connected(server.url) as client:
            await client.jetstream().stream_info("PANELS")
        return psutil.Process(server.pid).memory_info().rss / 2**20
    finally:
        server.stop()


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.subjects", description=__doc__)
    parser.add_argument("--panels", type=int, nargs="+", default=[2_000, 10_000])
    measure(parser.parse_args().panels)


if __name__ == "__main__":
    main()
