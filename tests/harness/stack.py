"""The whole stack as a user starts it: `askpanel up --json` in a process of its own, with the scripted model."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx
import nats
from httpx_sse import EventSource
from nats.aio.client import Client

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.subjects import PanelRef
from askpanel.runtime.ending import end
from askpanel.runtime.log import EventLog
from tests.harness.servers import scratch_directory

ENDED = ("panel_completed", "panel_failed")
QUESTION = "Which launch strategy best balances efficacy, safety, price and supply for the new product?"
EXPERTS = ("expert-0", "expert-1", "expert-2")
T = TypeVar("T")


class Unready(Exception):
    """The gateway answers 503 for now."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One SSE event as received; `at` is when, in seconds of the monotonic clock."""

    name: str
    id: int | None
    data: dict[str, Any]
    at: float


class _Spread(httpx.AsyncHTTPTransport):
    """Sends each request to the next gateway, as a load balancer does: no two of one client meet the same."""

    def __init__(self, gateways: Sequence[str]) -> None:
        super().__init__()
        self._gateways = cycle(map(httpx.URL, gateways))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        gateway = next(self._gateways)
        request.url = request.url.copy_with(host=gateway.host, port=gateway.port)
        request.headers["Host"] = f"{gateway.host}:{gateway.port}"
        return await super().handle_async_request(request)


@dataclass(slots=True)
class RunningStack:
    """A started stack, as its first line of JSON describes it."""

    process: "subprocess.Popen[bytes]"
    data: Path
    told: dict[str, Any]
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict[str, httpx.AsyncClient])

    @property
    def url(self) -> str:
        return self.told["url"]

    def tenant(self, slug: str = "acme") -> UUID:
        return UUID(self._tenant(slug)["id"])

    def user(self, name: str = "member", slug: str = "acme") -> dict[str, Any]:
        return next(u for u in self._tenant(slug)["users"] if u["email"].startswith(f"{name}@"))

    def headers(self, name: str = "member", slug: str = "acme") -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.user(name, slug)['token']}",
            "X-Tenant-ID": str(self.tenant(slug)),
        }

    @property
    def nats_login(self) -> dict[str, Any]:
        """For `nats.connect`, with every right. Apart from the addresses: a cluster tells its nodes without login."""
        urls = [urlsplit(url) for url in str(self.told["nats_url"]).split(",")]
        addresses = [f"nats://{url.hostname}:{url.port}" for url in urls]
        return {"servers": addresses, "user": urls[0].username, "password": urls[0].password}

    def pids(self) -> dict[str, int]:
        """Process ids now, by name of service or server; what is down is left out."""
        told = json.loads((self.data / "stack.json").read_text())
        return {name: pid for name, pid in told["pids"].items() if pid}

    def pid(self, name: str) -> int:
        """One of them."""
        return self.pids()[name]

    @contextlib.asynccontextmanager
    async def http(self, name: str = "member", slug: str = "acme") -> AsyncGenerator[httpx.AsyncClient]:
        async with httpx.AsyncClient(
            base_url=f"{self.url}/api/v1",
            headers=self.headers(name, slug),
            timeout=15,
            transport=_Spread(json.loads((self.data / "stack.json").read_text())["gateways"]),
        ) as client:
            yield client

    @contextlib.asynccontextmanager
    async def log(self) -> AsyncGenerator[EventLog]:
        client: Client = await nats.connect(
            **self.nats_login, max_reconnect_attempts=-1, reconnect_time_wait=0.1, connect_timeout=2
        )
        try:
            yield EventLog(client)
        finally:
            await _closed(client)

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncGenerator[asyncpg.Connection]:
        connection = await until(self._connected, lambda opened: opened is not None)
        assert connection is not None
        try:
            yield connection
        finally:
            await connection.close()

    async def _connected(self) -> asyncpg.Connection | None:
        """A connection; None while Postgres is away or coming back."""
        try:
            return await asyncpg.connect(self.told["database_url"], timeout=10)
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            return None

    def ref(self, panel_id: str, slug: str = "acme") -> PanelRef:
        return PanelRef(self.tenant(slug), UUID(panel_id))

    async def events(self, panel_id: str, slug: str = "acme") -> list[Recorded]:
        async with self.log() as log:
            return await log.read(self.ref(panel_id, slug))

    def _tenant(self, slug: str) -> dict[str, Any]:
        return next(t for t in self.told["tenants"] if t["slug"] == slug)


@contextlib.contextmanager
def stack(model: str = "scripted", **environment: str) -> Generator[RunningStack]:
    """Start a stack in a scratch folder; it is ended, and its data removed, on leaving."""
    with scratch_directory() as data, stack_on(data, model, **environment) as started:
        yield started


@contextlib.contextmanager
def stack_on(data: Path, model: str = "scripted", **environment: str) -> Generator[RunningStack]:
    """Start a stack on a data folder, which stays; the stack is ended on leaving."""
    log = data / "askpanel.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "askpanel.local", "up", "--json"],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=os.environ
            | {
                "ASKPANEL_DATA": str(data),
                "ASKPANEL_PORT": "0",
                "ASKPANEL_MODEL": model,
                "ASKPANEL_LIMITS": "off",
            }
            | environment,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"the stack did not start: {log.read_text()}"
        yield RunningStack(process, data, json.loads(line))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        if process.stdout is not None:
            process.stdout.close()


def askpanel(
    running: RunningStack, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Another `askpanel` command beside a running stack. Blocks: call it by `asyncio.to_thread`."""
    return command_line(running.data, *arguments, **environment)


def command_line(data: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """An `askpanel` command on a data folder, in an environment that holds nothing else."""
    return patient_command_line(data, *arguments, seconds=60, environment=environment)


def patient_command_line(
    data: Path, *arguments: str, seconds: float, environment: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """`command_line` for a command that may take so many seconds."""
    return subprocess.run(
        [sys.executable, "-m", "askpanel.local", *arguments],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={"ASKPANEL_DATA": str(data), "PATH": "/usr/bin:/bin", "COLUMNS": "200"} | (environment or {}),
    )


async def projected(running: RunningStack, sequence: int) -> None:
    """Wait until the tables show the log up to here."""

    async def checkpoint() -> int:
        async with running.database() as connection:
            return await connection.fetchval(
                "select coalesce(max(stream_sequence), 0) from askpanel.projection_checkpoint"
            )

    await until(checkpoint, lambda reached: reached >= sequence)


async def create(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    """POST a panel; its answer."""
    response = await client.post(
        "/panels", json={"query": QUESTION, "panel_type": "structured", "agents": list(EXPERTS)} | body
    )
    assert response.status_code == 201, response.text
    return response.json()


async def follow(
    client: httpx.AsyncClient, panel_id: str, *, last: int | None = None, frames: list[Frame] | None = None
) -> list[Frame]:
    """The panel's stream to its end, resuming by Last-Event-ID after every break."""
    frames = [] if frames is None else frames
    deadline = time.monotonic() + 90
    while not frames or frames[-1].name not in ENDED:
        assert time.monotonic() < deadline, f"no end after 90 s; last frames {frames[-3:]}"
        resume = next((frame.id for frame in reversed(frames) if frame.id is not None), last)
        try:
            async for frame in frames_of(client, panel_id, resume):
                frames.append(frame)
                if frame.name in ENDED:
                    return frames
        except (httpx.TransportError, Unready):
            await asyncio.sleep(0.1)  # the gateway is being restarted, or one of its servers
    return frames


@dataclass(slots=True)
class Watched:
    """A panel being followed in the background."""

    frames: list[Frame]
    task: "asyncio.Task[list[Frame]]"

    async def seen(self, name: str) -> None:
        """Wait until an event of this name has come."""

        async def names() -> set[str]:
            if self.task.done():
                self.task.result()
            return {frame.name for frame in self.frames}

        await until(names, lambda seen: name in seen)

    async def finished(self) -> list[Frame]:
        """All frames, once the panel has ended."""
        return await self.task


async def _closed(client: Client) -> None:
    """Close a connection that may be broken: its end is then a cancelled future, which is nobody's cancellation."""
    try:
        await client.close()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise


@contextlib.asynccontextmanager
async def watch_panel(client: httpx.AsyncClient, panel_id: str) -> AsyncGenerator[Watched]:
    """Follow a panel while the test does something to the stack."""
    frames: list[Frame] = []
    task = asyncio.create_task(follow(client, panel_id, frames=frames))
    try:
        yield Watched(frames, task)
    finally:
        await end(task)


async def kill(running: RunningStack, name: str) -> None:
    """kill -9 of a service or server, and wait until another process stands in its place."""
    before = running.pid(name)
    os.kill(before, signal.SIGKILL)

    async def now() -> int:
        return running.pids().get(name, before)

    await until(now, lambda pid: pid != before)


async def frames_of(
    client: httpx.AsyncClient, panel_id: str, last: int | None = None
) -> AsyncGenerator[Frame]:
    """One connection's frames. A 204 (ended, nothing new) yields none."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(last)} if last is not None else {})
    async with client.stream("GET", f"/panels/{panel_id}/stream", headers=headers) as response:
        if response.status_code == 204:
            return
        if response.status_code == 503:
            raise Unready
        assert response.status_code == 200, (await response.aread()).decode()
        async for event in EventSource(response).aiter_sse():
            # A delta has no id of its own; by the standard, clients then report the last one they saw.
            own = event.id and event.event != "response_delta"
            yield Frame(event.event, int(event.id) if own else None, json.loads(event.data), time.monotonic())


async def until(look: Callable[[], Awaitable[T]], wanted: Callable[[T], bool], *, seconds: float = 30) -> T:
    """Ask again and again until the answer is as wanted; AssertionError with the last answer otherwise."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await look()
        if wanted(answer):
            return answer
        assert time.monotonic() < deadline, f"not so after {seconds} s: {answer!r}"
        await asyncio.sleep(0.02)


def new_key() -> str:
    """A fresh idempotency key."""
    return str(uuid4())
