"""Ten thousand quiet and a thousand busy streams on one gateway process: `python -m tests.bench.streams`.

One real gateway process on a NATS of its own (every event synced) and a Postgres; the panels' events are
appended as the services would. The clients run in a second process and this one on the same machine, and
take much of it. A lag is counted from before the append to the client's read, so it holds the log's sync.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

import psutil

from services.gateway.tests.stories import Story
from tests.bench.audience import Tally, Usher, audience
from tests.bench.cast import cpu_ms
from tests.bench.settling import settled
from tests.bench.stage import HOST, Stage, stage

CUT = "askpanel_sse_streams_cut_total"
OPEN = "askpanel_sse_streams "
BIG = 48_000
"""Characters of an answer of the panel that slow clients watch: enough to fill every buffer on the way."""
PATIENCE = 60.0


@dataclass(slots=True)
class Bench:
    """What is measured on, and the table's lines so far."""

    stage: Stage
    usher: Usher
    options: argparse.Namespace

    async def seat(self, group: str, panels: Sequence[Story], count: int, manner: str = "reads") -> float:
        """Open so many streams; seconds it took."""
        requests = self.stage.requests(panels, count)
        took: float = await self.usher.do("open", group, requests, manner)
        tally: Tally = await self.usher.do("take", group)
        if tally.refused:
            line(f"{group}: answers of 503, asked again", f"{tally.refused}")
        return took

    async def busy(
        self, what: str, group: str, panels: Sequence[Story], readers: int, rate: float, size: int = 1000
    ) -> None:
        """Let events flow to a group; print how late they came and what one delivery cost."""
        seconds: float = self.options.seconds
        await self.usher.do("take", group)
        before = cpu_ms(self.stage.process)
        told = await self.stage.tell(panels, rate=rate, seconds=seconds, size=size)
        tally = await self._heard(group, told * readers // len(panels))
        spent = cpu_ms(self.stage.process) - before
        p50, p99 = _p50_p99(tally.lags)
        line(
            f"{what}: {rate:.0f} events/s, {rate * readers / len(panels):,.0f} deliveries/s",
            f"lag p50 {p50:.0f} ms, p99 {p99:.0f} ms; {spent * 1000 / tally.events:.0f} µs a delivery, "
            f"{spent / seconds / 10:.0f} % of a core",
        )

    async def _heard(self, group: str, expected: int) -> Tally:
        """Everything the group was sent, when all of it has come."""
        whole = Tally()
        deadline = time.monotonic() + PATIENCE
        while whole.events < expected:
            if time.monotonic() > deadline:
                lost = await self.stage.metrics(CUT)
                raise SystemExit(f"{group}: {whole.events} of {expected} deliveries came; ended: {lost}")
            await asyncio.sleep(0.2)
            tally: Tally = await self.usher.do("take", group)
            whole.lags += tally.lags
            whole.events += tally.events
        if whole.events > expected:
            raise SystemExit(f"{group}: {whole.events} deliveries, {expected} expected")
        return whole


async def measure(options: argparse.Namespace) -> None:
    """Print the table."""
    _say_conditions(options)
    async with stage(options.users) as there:
        with audience(HOST, there.port) as usher:
            await _measure(Bench(there, usher, options))


async def _measure(bench: Bench) -> None:
    options, there = bench.options, bench.stage
    quiet = await there.panels(options.panels)
    lively = await there.panels(50)
    [hot] = await there.panels(1)
    await bench.seat("warm", quiet, 200)
    await bench.usher.do("close", "warm")
    await _all_closed(there)
    empty = there.memory()

    before = cpu_ms(there.process)
    took = await bench.seat("quiet", quiet, options.idle)
    spent = cpu_ms(there.process) - before
    full = await asyncio.to_thread(settled, there.memory)
    line(
        f"{options.idle:,} streams connect, {options.panels:,} panels, {options.users:,} users",
        f"{options.idle / took:,.0f} a second, {spent / options.idle:.2f} ms of processor each",
    )
    line("memory of a quiet stream (PSS)", f"{(full - empty) / options.idle / 1000:.1f} kB")
    await _quiet(bench)

    await bench.seat("lively", lively, options.busy)
    await bench.busy("busy, 50 panels", "lively", lively, options.busy, options.rate)
    await bench.seat("hot", [hot], options.busy)
    await bench.busy("busy, one panel", "hot", [hot], options.busy, options.rate / 20)
    await _slow(bench, lively)

    for group in ("quiet", "lively", "hot", "slow", "beside"):
        await bench.usher.do("close", group)
    await _all_closed(there)
    left = await asyncio.to_thread(settled, there.memory) - empty
    line("memory kept after all have left", f"{left / 1e6:.1f} MB of {(full - empty) / 1e6:.0f} MB")


async def _quiet(bench: Bench) -> None:
    """Two heartbeats' time in which nothing happens."""
    seconds = 30.0
    await bench.usher.do("take", "quiet")
    before = cpu_ms(bench.stage.process)
    await asyncio.sleep(seconds)
    spent = cpu_ms(bench.stage.process) - before
    tally: Tally = await bench.usher.do("take", "quiet")
    line(
        f"nothing happens for {seconds:.0f} s",
        f"{spent / seconds / 10:.1f} % of a core; {tally.heartbeats:,} heartbeats, "
        f"{spent * 1000 / max(tally.heartbeats, 1):.0f} µs each",
    )
    if tally.ended:
        line("streams lost meanwhile", f"{tally.ended}: {await bench.stage.metrics(CUT)}")


async def _slow(bench: Bench, lively: Sequence[Story]) -> None:
    """Clients that read a byte a second or nothing, on a panel of big answers, beside the busy ones."""
    there, options = bench.stage, bench.options
    [story] = await there.panels(1)
    await bench.seat("beside", [story], 20)
    await bench.seat("slow", [story], options.slow, "trickles")
    await bench.seat("slow", [story], options.slow, "stops")
    cut, memory = await _slow_so_far(there), there.memory()
    began = time.monotonic()
    peak, gone = memory, 0.0

    async def watch() -> None:
        nonlocal peak, gone
        while not gone:
            await asyncio.sleep(0.25)
            peak = max(peak, there.memory())
            if await _slow_so_far(there) - cut >= 2 * options.slow:
                gone = time.monotonic() - began

    watching = asyncio.create_task(watch())
    telling = asyncio.create_task(there.tell([story], rate=10, seconds=options.seconds, size=BIG))
    await bench.busy("the same, beside slow clients", "lively", lively, options.busy, options.rate)
    told = await telling
    await bench._heard("beside", told * 20)
    async with asyncio.timeout(PATIENCE):
        await watching
    line(
        f"{2 * options.slow} slow clients, 10 answers of 48 kB a second",
        f"all cut after {gone:.0f} s; at most {(peak - memory) / 1e6:.0f} MB meanwhile; 20 readers beside them miss nothing",
    )


async def _all_closed(there: Stage) -> None:
    async with asyncio.timeout(PATIENCE):
        while any((await there.metrics(OPEN)).values()):  # noqa: ASYNC110  (another process's state)
            await asyncio.sleep(0.1)


async def _slow_so_far(there: Stage) -> float:
    return (await there.metrics(CUT)).get('{why="slow"}', 0)


def _p50_p99(seconds: Sequence[float]) -> tuple[float, float]:
    cuts = quantiles(seconds, n=100)
    return cuts[49] * 1000, cuts[98] * 1000


def _say_conditions(options: argparse.Namespace) -> None:
    load = os.getloadavg()[0]
    print(
        f"{psutil.cpu_count()} cores, load {load:.1f} before; answers of 1,000 characters, "
        f"{options.seconds:.0f} s each\n"
    )
    print("| what | measured |\n|---|---|", flush=True)


def line(what: str, measured: str) -> None:
    """One row of the table."""
    print(f"| {what} | {measured} |", flush=True)


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.streams", description=__doc__)
    parser.add_argument("--idle", type=int, default=10_000, help="quiet streams")
    parser.add_argument("--busy", type=int, default=1000, help="busy streams, over 50 panels and then on one")
    parser.add_argument("--panels", type=int, default=500, help="panels of the quiet ones")
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--rate", type=float, default=100, help="events a second of the 50 panels together")
    parser.add_argument("--seconds", type=float, default=20, help="of each busy part")
    parser.add_argument("--slow", type=int, default=20, help="clients that trickle, and as many that stop")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
