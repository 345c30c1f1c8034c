"""How exactly several gateways keep one user's limit: `python -m tests.bench.limiter`.

Four real gateway processes on one NATS with durable settings are each asked 200 times a second by the same
user. Allowed is what one bucket would give from the first request to the last, `burst + rate x seconds`, or
what was asked, if that is less. Requests are sent by the clock; where the machine is too busy for that, the
offered rate says so, and the error is of what was offered. A request counts as decided in the middle of the
time its answer took, so where answers take long the error is uncertain by `rate x that time`.
"""

import argparse
import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import nats
import psutil
from prometheus_client import REGISTRY

from askpanel.contracts.catalogue import BUCKET, catalogue_key, encode_expert
from askpanel.contracts.topology import REQUESTS_BUCKET
from askpanel.gateway.limits.requests import RequestLimiter
from askpanel.gateway.limits.shared import cells
from askpanel.gateway.rates import Rate
from askpanel.local.demo import TENANTS, seed
from askpanel.local.servers import nats as nats_server
from askpanel.local.servers.nats import NatsServer
from askpanel.runtime import bootstrap
from askpanel.runtime.ending import end
from services.gateway.tests.processes import Process, gateways, headers, spoken_to
from services.gateway.tests.running import experts
from tests.bench.cast import cpu_ms
from tests.bench.wire import Wire
from tests.harness.databases import Database, Databases
from tests.harness.servers import postgres_at, scratch_directory

PATH = "/api/v1/panel-types"
CONNECTIONS = 8
"""A gateway; each asks with an even beat of its own."""
ALONE = 'askpanel_limits_alone_total{limit="requests"}'


@dataclass(slots=True)
class Seen:
    """Answers by status, and how long each took, in seconds. Times are of the monotonic clock."""

    statuses: Counter[int] = field(default_factory=Counter[int])
    took: list[float] = field(default_factory=list[float])
    first: float = float("inf")
    last: float = 0.0

    def note(self, status: int, began: float, ended: float) -> None:
        """One answer."""
        middle = (began + ended) / 2
        self.statuses[status] += 1
        self.took.append(ended - began)
        self.first, self.last = min(self.first, middle), max(self.last, middle)


async def prepare(url: str) -> None:
    """Streams, buckets, and the experts that a gateway waits for."""
    client = await nats.connect(url)
    await bootstrap.create(client.jetstream())
    bucket = await client.jetstream().key_value(BUCKET)
    for expert in experts():
        await bucket.put(catalogue_key(expert.agent_id), encode_expert(expert))
    await client.close()


async def beat(url: str, every: float, after: float, until: float, seen: Seen) -> None:
    """Ask by the clock; late where the last answer came late."""
    wire, own, due = await Wire.open(url), headers(), after
    while due < until:
        await asyncio.sleep(max(due - time.monotonic(), 0))
        began = time.monotonic()
        if began >= until:
            break
        status = await wire.get(PATH, own)
        seen.note(status, began, time.monotonic())
        due += every
    wire.close()


async def run(
    server: NatsServer, processes: list[Process], per_second: float, burst: int, options: argparse.Namespace
) -> str:
    """One row of the table."""
    async with spoken_to(processes) as speaking:
        for each in speaking:  # as another user: connections, memberships
            assert (await each.http.get(PATH, headers=headers("admin"))).status_code == 200
        client = await nats.connect(server.url)
        before = (await client.jetstream().stream_info(f"KV_{REQUESTS_BUCKET.name}")).state.last_seq
        seen, every = Seen(), CONNECTIONS / options.asked
        start = time.monotonic() + 0.5
        cpu = cpu_ms(psutil.Process(server.pid))
        await asyncio.gather(
            *(
                beat(each.url, every, start + every * number / CONNECTIONS, start + options.seconds, seen)
                for each in processes
                for number in range(CONNECTIONS)
            )
        )
        cpu = cpu_ms(psutil.Process(server.pid)) - cpu
        writes = (await client.jetstream().stream_info(f"KV_{REQUESTS_BUCKET.name}")).state.last_seq - before
        await client.close()
        alone = sum([await each.metric(ALONE) for each in speaking])
    return _row(per_second, burst, seen, len(processes), writes, cpu, alone)


async def ask_limiter(limiter: RequestLimiter, every: float, after: float, until: float, seen: Seen) -> None:
    """As `beat`, without a gateway around the limiter."""
    due, user = after, TENANTS[0].user("member").id
    while due < until:
        await asyncio.sleep(max(due - time.monotonic(), 0))
        began = time.monotonic()
        if began >= until:
            break
        taken = await limiter.take(user)
        seen.note(429 if taken.wait else 200, began, time.monotonic())
        due += every


async def run_bare(server: NatsServer, per_second: float, burst: int, options: argparse.Namespace) -> str:
    """One row of the table, by limiters alone: each has a connection of its own."""
    await _forget(server.url)
    clients = [await nats.connect(server.url) for _ in range(options.gateways)]
    rate = Rate(per_second, burst)
    limiters = [RequestLimiter(cells(client, REQUESTS_BUCKET), rate) for client in clients]
    tidying = [asyncio.create_task(each.run()) for each in limiters]
    before = (await clients[0].jetstream().stream_info(f"KV_{REQUESTS_BUCKET.name}")).state.last_seq
    seen, every, start = Seen(), CONNECTIONS / options.asked, time.monotonic() + 0.2
    cpu, alone = cpu_ms(psutil.Process(server.pid)), _alone()
    await asyncio.gather(
        *(
            ask_limiter(each, every, start + every * number / CONNECTIONS, start + options.seconds, seen)
            for each in limiters
            for number in range(CONNECTIONS)
        )
    )
    cpu = cpu_ms(psutil.Process(server.pid)) - cpu
    writes = (await clients[0].jetstream().stream_info(f"KV_{REQUESTS_BUCKET.name}")).state.last_seq - before
    await end(*tidying)
    for client in clients:
        await client.close()
    return _row(per_second, burst, seen, options.gateways, writes, cpu, _alone() - alone)


def _alone() -> float:
    return REGISTRY.get_sample_value("askpanel_limits_alone_total", {"limit": "requests"}) or 0.0


def _row(
    per_second: float, burst: int, seen: Seen, gateways: int, writes: int, cpu: float, alone: float
) -> str:
    took, seconds, asked = quantiles(seen.took, n=100), seen.last - seen.first, seen.statuses.total()
    allowed, accepted = min(burst + per_second * seconds, asked), seen.statuses[200]
    assert set(seen.statuses) <= {200, 429}, seen.statuses
    return (
        f"{per_second:g} + {burst} | {asked / seconds / gateways:.0f} | {allowed:.0f} | {accepted} | "
        f"{(accepted - allowed) / allowed:+.2%} | {took[49] * 1000:.2f} / {took[98] * 1000:.1f} | "
        f"{writes / seconds:.0f} | {cpu / seconds / 10:.1f} % | {alone:.0f}"
    )


def measure(options: argparse.Namespace) -> None:
    """Print one row per limit."""
    print("| limit a second + burst | asked a second of each | allowed | accepted | error | "
          "answer p50 / p99 ms | writes a second | NATS, of a core | decided alone |\n"
          "|---|---|---|---|---|---|---|---|---|", flush=True)  # fmt: skip
    with postgres_at() as postgres, scratch_directory() as directory:
        server = nats_server.start(Path(directory) / "nats")
        try:
            database = asyncio.run(_database(postgres.admin_url))
            asyncio.run(prepare(server.url))
            for limit in options.limits:
                per_second, _, burst = limit.partition(":")
                if options.bare:
                    row = asyncio.run(run_bare(server, float(per_second), int(burst), options))
                    print(f"| {row} |", flush=True)
                    continue
                asyncio.run(_forget(server.url))
                settings = {"requests_per_second": per_second, "request_burst": burst}
                with gateways(options.gateways, server.url, database, **settings) as processes:
                    row = asyncio.run(run(server, processes, float(per_second), int(burst), options))
                print(f"| {row} |", flush=True)
        finally:
            server.stop()


async def _database(admin_url: str) -> Database:
    database = await Databases(admin_url).create()
    await seed(database.admin)
    return database


async def _forget(url: str) -> None:
    client = await nats.connect(url)
    await client.jetstream().purge_stream(f"KV_{REQUESTS_BUCKET.name}")
    await client.close()


def main() -> None:
    """Measure each limit."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.limiter", description=__doc__)
    parser.add_argument("--bare", action="store_true", help="limiters on NATS, without gateways around them")
    parser.add_argument("--gateways", type=int, default=4)
    parser.add_argument("--asked", type=float, default=200.0, help="requests a second of each gateway")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument(
        "--limits", nargs="+", default=["20:60", "200:200", "1000:1000"], help="requests a second:burst"
    )
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
