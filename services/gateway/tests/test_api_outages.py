"""One side down: the other goes on, nothing false is promised, and all recovers by itself."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from uuid import uuid4

import asyncpg
import httpx
import nats as nats_client
import pytest
from httpx_sse import aconnect_sse

from askpanel.contracts.catalogue import BUCKET, catalogue_key, encode_expert
from askpanel.gateway.app import main
from askpanel.local.demo import TENANTS
from askpanel.runtime import bootstrap
from askpanel.runtime.log import EventLog
from services.gateway.tests.running import ISSUER, SECRET, Running, Start, experts, token, until_ready
from services.gateway.tests.stories import Story
from tests.contract.servers import own_nats
from tests.harness.databases import Database
from tests.harness.servers import NatsAt

QUESTION = {"query": "Should we open a second office?", "panel_type": "open"}


async def prepared(url: str, user: str | None = None, password: str | None = None) -> EventLog:
    """A log with streams and experts."""
    client = await nats_client.connect(
        url,
        user=user,
        password=password,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.05,
        error_cb=_quiet,
        disconnected_cb=_quiet,
    )
    log = EventLog(client)
    await bootstrap.create(log.jetstream)
    bucket = await log.jetstream.key_value(BUCKET)
    for expert in experts():
        await bucket.put(catalogue_key(expert.agent_id), encode_expert(expert))
    return log


async def _quiet(*_: object) -> None:
    """The outage is what is tested."""


async def side_down(gateway: Running, side: str) -> None:
    """Wait until the gateway says so."""
    async with asyncio.timeout(10):
        while side not in (await gateway.http.get("/readyz")).json()["failures"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def failing(gateway: Running, why: str) -> None:
    """Wait until the gateway says that of NATS; until it says nothing, where that is empty."""
    async with asyncio.timeout(30):
        while True:
            told = (await gateway.http.get("/readyz")).json()["failures"].get("nats", "")
            if (why in told) if why else not told:
                return
            await asyncio.sleep(0.05)


async def test_without_nats_nothing_is_promised_and_streams_go_on_afterwards_without_a_gap(
    start: Start,
) -> None:
    with own_nats() as own:
        log = await prepared(own.url)
        gateway = await start(NATS_URL=own.url, append_patience_seconds=1)
        story = Story(name=str(uuid4())).whole()
        gateway.log = log
        first = await gateway.append(story.events[:3])
        path = f"/api/v1/panels/{story.ref.panel_id}/stream"

        async with (
            asyncio.timeout(40),
            aconnect_sse(gateway.http, "GET", path, headers=gateway.headers()) as source,
            aclosing(source.aiter_sse()) as incoming,
        ):
            seen = [int((await anext(incoming)).id) for _ in first]
            own.kill()
            gateway.app.state.gateway.hub.beginnings.clear()  # as if the panel had begun some seconds ago
            again = f"/panels/{story.ref.panel_id}/stream"
            refused, listed, plain, browser = await asyncio.gather(
                gateway.post("/panels", QUESTION),
                gateway.get("/panels"),
                gateway.get(again),
                gateway.get(again, headers={"Accept": "text/event-stream"}),
            )
            await side_down(gateway, "nats")
            ready = await gateway.http.get("/readyz")
            own.start()
            rest = await gateway.append(story.events[3:])
            seen += [int(event.id) async for event in incoming]
        recovered = await gateway.post("/panels", QUESTION)

        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        assert listed.status_code == 200
        assert plain.status_code == 503
        assert browser.text.startswith("retry: 30000\nevent: error\n")
        stored = await gateway.stored(story.ref.panel_id)
        assert [one.sequence for one in stored] == [one.sequence for one in (*first, *rest)]
        public = [
            one["sequence"]
            for one in (await gateway.get(f"/panels/{story.ref.panel_id}/events")).json()["events"]
        ]
        assert seen == [sequence for sequence in public if sequence <= seen[-1]]
        assert recovered.status_code == 201
        await log._client.close()


NO_CONSUMERS = """no_auth_user: anybody
authorization { users: [
  { user: anybody, password: word, permissions: { publish: { deny: "$JS.API.CONSUMER.CREATE.PANELS.>" } } }
] }"""


async def test_where_the_log_answers_and_cannot_be_followed_no_stream_is_begun(start: Start) -> None:
    with own_nats() as own:
        log = await prepared(own.url)
        gateway = await start(NATS_URL=own.url, stream_silence=2)
        gateway.log = log
        story = Story(name=str(uuid4())).whole()
        await gateway.append(story.events[:3])
        own.kill()
        own.access = NO_CONSUMERS
        own.start()
        await failing(gateway, "cannot be followed")
        refused = await gateway.get(f"/panels/{story.ref.panel_id}/stream")
        assert refused.status_code == 503
        assert "cannot be followed" in refused.json()["detail"]
        own.kill()
        own.access = ""
        own.start()
        await failing(gateway, "")
        await log._client.close()


@asynccontextmanager
async def unreachable(database: Database) -> AsyncGenerator[None]:
    """The database refuses every login, and has thrown out those who were in."""
    connection = await asyncpg.connect(database.admin.rpartition("/")[0] + "/postgres")
    try:
        await connection.execute(f'alter database "{database.name}" allow_connections false')
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", database.name
        )
        yield
        await connection.execute(f'alter database "{database.name}" allow_connections true')
    finally:
        await connection.close()


async def test_without_postgres_panels_and_streams_go_on_for_those_who_are_known(start: Start) -> None:
    gateway = await start(membership_seconds=0)
    story = Story(name=str(uuid4())).whole()
    await gateway.append(story.events)
    assert (await gateway.get("/tenant")).status_code == 200

    async with unreachable(gateway.database):
        read = await gateway.get("/panels")
        stranger = await gateway.get("/agents", user="owner")
        asked = await gateway.post("/panels", QUESTION)
        streamed = await gateway.get(f"/panels/{story.ref.panel_id}/stream")
        await side_down(gateway, "postgres")
        ready = await gateway.http.get("/readyz")
    async with asyncio.timeout(10):
        for path, user in (("/panels", "member"), ("/agents", "owner")):
            while (await gateway.get(path, user=user)).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    assert (read.status_code, read.headers["retry-after"]) == (503, "2")
    assert "asyncpg" not in read.text
    assert stranger.status_code == 503
    assert asked.status_code == 201
    assert "event: panel_completed" in streamed.text
    assert ready.json()["ready"] is True


async def shown_panel(gateway: Running) -> None:
    """Ask a panel, and wait until the tables show it."""
    asked = await gateway.ask()
    seen = await gateway.get("/panels", headers={"X-Min-Sequence": str(asked["sequence"])})
    assert seen.headers["x-min-sequence-reached"] == "true"


async def until_refused(gateway: Running, most: int) -> int:
    """Ask, and ask again; how many panels were let in before one was not."""
    for let_in in range(most + 1):
        answer = await gateway.post("/panels", QUESTION)
        if answer.status_code != 201:
            assert (answer.status_code, answer.json()["type"]) == (429, "urn:askpanel:problem:limit-running")
            return let_in
    raise AssertionError(f"more than {most} were let in")


@pytest.mark.parametrize("membership_seconds", [60, 0])
async def test_without_postgres_no_more_panels_run_than_may_and_none_counts_twice(
    start: Start, projected: None, membership_seconds: float
) -> None:
    """Whether the tables were last read before the first panel or after the last: the tables counted three by then."""
    gateway = await start(running_panels=5, membership_seconds=membership_seconds)
    assert (await gateway.get("/tenant")).status_code == 200
    for _ in range(3):
        await shown_panel(gateway)
    if membership_seconds == 0:
        assert (await gateway.get("/tenant")).status_code == 200

    async with unreachable(gateway.database):
        assert await until_refused(gateway, 5) == 2


async def test_a_gateway_that_starts_before_its_servers_is_alive_and_not_ready(start: Start) -> None:
    with own_nats() as own:
        await (await prepared(own.url))._client.close()
        own.kill()
        gateway = await start(wait=False, NATS_URL=own.url, append_patience_seconds=1)

        alive = await gateway.http.get("/livez")
        ready = await gateway.http.get("/readyz")
        own.start()
        await until_ready(gateway.http)

        assert alive.status_code == 200
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert "nats" in ready.json()["failures"]
        assert (await gateway.post("/panels", QUESTION)).status_code == 201


# --------------------------------------------------------------------------------------- the process


def command(nats_url: str, database: Database, **more: str) -> dict[str, str]:
    return (
        os.environ
        | {
            "NATS_URL": nats_url,
            "DATABASE_URL": database.api,
            "ASKPANEL_JWT_ISSUER": ISSUER,
            "ASKPANEL_JWT_SECRET": SECRET,
            "ASKPANEL_PORT": "0",
        }
        | more
    )


@asynccontextmanager
async def a_process(
    nats_url: str, database: Database, **settings: str
) -> AsyncGenerator[tuple[asyncio.subprocess.Process, str]]:
    """A gateway process that drains quickly, and where it listens."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "askpanel.gateway"),
        env=command(nats_url, database, ASKPANEL_STREAM_DRAIN_SECONDS="0.2", **settings),
        stderr=subprocess.PIPE,
    )
    try:
        yield process, await _listening(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_on_sigterm_the_process_ends_streams_at_an_event_boundary_and_leaves(
    nats_server: NatsAt, start: Start, database: Database
) -> None:
    story = Story(name=str(uuid4()))
    story.created()
    beside = await start()
    await beside.append(story.events)
    async with a_process(nats_server.url, database) as (process, url):
        async with asyncio.timeout(20), httpx.AsyncClient(base_url=url, verify=False, timeout=20) as http:
            await until_ready(http)
            path = f"/api/v1/panels/{story.ref.panel_id}/stream"
            async with (
                aconnect_sse(http, "GET", path, headers=beside.headers()) as source,
                aclosing(source.aiter_sse()) as incoming,
            ):
                assert (await anext(incoming)).event == "panel_created"
                process.terminate()
                assert [event async for event in incoming] == []
        _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0, errors
    assert b"Traceback" not in errors
    assert token(TENANTS[0].user("member").id).encode() not in errors
    assert SECRET.encode() not in errors


async def test_a_gateway_whose_nats_connection_is_lost_for_good_is_replaced(database: Database) -> None:
    """Its password has changed: the client gives up, and only a new process reads the new one."""
    with own_nats('authorization { users: [ { user: "gateway", password: "first" } ] }') as server:
        await (await prepared(server.url, "gateway", "first"))._client.close()
        named = {"ASKPANEL_NATS_USER": "gateway", "ASKPANEL_NATS_PASSWORD": "first"}
        async with a_process(server.url, database, **named) as (process, url):
            async with httpx.AsyncClient(base_url=url, timeout=20) as http:
                await until_ready(http)
            server.reconfigure('"first"', '"second"')
            _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1, errors
    assert errors.splitlines()[-1].startswith(b"gateway: ended, since its background work did")


async def _listening(process: asyncio.subprocess.Process) -> str:
    """The address the process says it listens on."""
    assert process.stderr is not None
    async with asyncio.timeout(20):
        async for line in process.stderr:
            told = json.loads(line)
            if told["message"] == "listening":
                return f"http://127.0.0.1:{told['port']}"
    raise AssertionError("it never listened")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"ASKPANEL_LIMITS": "off"},
            "ASKPANEL_LIMITS: Value error, off is for a local stack only (ASKPANEL_LOCAL=1)",
        ),
        ({"ASKPANEL_JWT_SECRET": ""}, "ASKPANEL_JWKS_FILE: Value error, set one of"),
        ({"ASKPANEL_PORT": "http"}, "ASKPANEL_PORT: Input should be a valid integer"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_2(
    changes: dict[str, str], line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = Database("x", *["postgresql://127.0.0.1:9/x"] * 5)
    for name, value in command("nats://127.0.0.1:9", nowhere, **changes).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as left:
        main()

    told = capsys.readouterr().err
    assert left.value.code == 2
    assert told.startswith(line)
    assert len(told.splitlines()) == 1


async def test_a_database_with_another_schema_is_refused_with_a_readable_reason(start: Start) -> None:
    gateway = await start()
    await gateway.sql("alter table public.panels drop column metadata")

    drifted = await start(wait=False)
    async with asyncio.timeout(10):
        while "panels.metadata" not in str((await drifted.http.get("/readyz")).json()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    assert (await drifted.http.get("/readyz")).status_code == 503
    assert (await gateway.http.get("/readyz")).status_code == 200
