"""A thousand panels under way on one orchestrator process: `python -m tests.bench.flight`.

All are asked, and every expert is silent until all panels wait for their first answers; then everybody
answers at once. Default durable settings.
"""

import argparse
import asyncio
import time

import psutil

from askpanel.runtime import bootstrap
from tests.bench.cast import CONSUMED, EXPERTS, Cast, connected, cpu_ms, orchestrator, server


async def measure(panels: int) -> None:
    """Print one table."""
    with server() as running:
        async with connected(running.url) as client:
            await bootstrap.create(client.jetstream())
            cast = Cast(client)
            await cast.play()
            with orchestrator(running.url) as process:
                began = time.monotonic()
                asking = asyncio.create_task(cast.ask(panels, at_once=panels))
                await cast.until(lambda: cast.waiting == panels * EXPERTS)
                waiting = time.monotonic()
                memory = process.memory_info().rss / 2**20
                cast.go.set()
                await asking
                ended = time.monotonic()
                cpu = cpu_ms(process)
            nats_cpu = cpu_ms(psutil.Process(running.pid))
            state = (await client.jetstream().stream_info("TIMERS")).state
    print("| panels in flight | all waiting after s | all ended after s | panels/s | orchestrator ms an event | "
          "NATS ms a panel | orchestrator MiB | timers left |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    print(
        f"| {panels:,} | {waiting - began:.1f} | {ended - began:.1f} | {panels / (ended - began):.0f} | "
        f"{cpu / panels / CONSUMED:.2f} | {nats_cpu / panels:.1f} | {memory:.0f} | {state.messages} |"
    )


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.flight", description=__doc__)
    parser.add_argument("--panels", type=int, default=1000)
    asyncio.run(measure(parser.parse_args().panels))


if __name__ == "__main__":
    main()
