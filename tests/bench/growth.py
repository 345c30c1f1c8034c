"""What a panel costs the orchestrator and NATS as the log grows: `python -m tests.bench.growth`.

The log is filled with finished panels, copies of one that ran, each under ids of its own. Then live panels
are run by one real orchestrator process on top of it, answers coming at once. Processor time is per event
that the orchestrator handled; memory is NATS's resident set. Filling does not sync, so the times here are
for comparing rows with one another.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import psutil
from nats.aio.client import Client

from askpanel.contracts.envelope import MESSAGE_ID, Recorded, encode
from askpanel.contracts.subjects import PanelRef
from askpanel.runtime import bootstrap
from tests.bench.cast import CONSUMED, Cast, connected, cpu_ms, from_here_on, orchestrator, server

AT_ONCE = 4


async def measure(levels: Sequence[int], live: int) -> None:
    """Print one row per level."""
    print("| panels on the log | orchestrator ms an event | NATS ms a panel | time a panel ms | "
          "orchestrator start s | NATS MiB |\n|---|---|---|---|---|---|", flush=True)  # fmt: skip
    with server(sync_always=False) as running:
        nats_process = psutil.Process(running.pid)
        async with connected(running.url) as client:
            await bootstrap.create(client.jetstream())
            finished = await _one_panel(client, running.url)
            there = 1
            for level in levels:
                await _fill(client, finished, level - there)
                await from_here_on(client)
                row = await _run(client, running.url, live, nats_process)
                there = level + live
                print(f"| {level:,} | {row} |", flush=True)


async def _one_panel(client: Client, url: str) -> list[Recorded]:
    """A finished panel, as the log has it."""
    cast = Cast(client)
    cast.go.set()
    await cast.play()
    with orchestrator(url):
        await cast.ask(1, at_once=1)
    await cast.stop()
    return await cast.log.read(next(iter(cast.ended)))


async def _fill(client: Client, events: Sequence[Recorded], count: int) -> None:
    """Publish `count` copies, without waiting for each; the server answers at the end of every hundred."""
    begun = time.monotonic()
    for number in range(count):
        panel = PanelRef(uuid4(), uuid4())
        for place, recorded in enumerate(events, 1):
            copy = replace(recorded, envelope=replace(recorded.envelope, panel=panel, id=uuid4()))
            subject, headers, body = encode(copy)
            del headers[MESSAGE_ID]  # unique as they are: the server need not remember them
            last = number % 100 == 99 and place == len(events)
            if last:
                await client.jetstream().publish(subject, body, headers=headers, timeout=60)
            else:
                await client.publish(subject, body, headers=headers)
        if number % 1000 == 999 and sys.stderr.isatty():
            rate = (number + 1) / (time.monotonic() - begun)
            print(f"\r  filling: {number + 1:,} of {count:,}, {rate:,.0f} panels/s ", end="", file=sys.stderr)


async def _run(client: Client, url: str, live: int, nats_process: psutil.Process) -> str:
    cast = Cast(client)
    cast.go.set()
    await cast.play()
    began = time.monotonic()
    with orchestrator(url) as process:
        await cast.ask(20, at_once=2)  # warm
        started = time.monotonic() - began
        before = cpu_ms(process), cpu_ms(nats_process), time.monotonic()
        await cast.ask(live, at_once=AT_ONCE)
        after = cpu_ms(process), cpu_ms(nats_process), time.monotonic()
    await cast.stop()
    own, nats, took = (last - first for last, first in zip(after, before, strict=True))
    memory = nats_process.memory_info().rss / 2**20
    return (
        f"{own / live / CONSUMED:.2f} | {nats / live:.1f} | {took / live * 1000 * AT_ONCE:.0f} | "
        f"{started:.1f} | {memory:,.0f}"
    )


def main() -> None:
    """Measure at each level."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("--panels", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--live", type=int, default=200, help="panels run at each level")
    options = parser.parse_args()
    asyncio.run(measure(options.panels, options.live))


if __name__ == "__main__":
    main()
