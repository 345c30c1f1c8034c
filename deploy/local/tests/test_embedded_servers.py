"""The embedded servers: start, stop, restart, and nothing left behind, whatever ends their parent.

The tests run the servers of a small parent process of their own (`PARENT`), so that it can be killed.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import nats as nats_client
import psutil
import pytest

from askpanel.local.servers import nats, placement, postgres, predecessor, process
from tests.harness.servers import scratch_directory

PARENT = """
import json, sys, time
from pathlib import Path
from askpanel.local.servers import nats, postgres
data = Path(sys.argv[1])
servers = [postgres.start(data / "postgres", settings=postgres.NOT_DURABLE), nats.start(data / "nats")]
print(json.dumps({server.name: {"pid": server.pid, "url": server.url() if server.name == "postgres" else server.url}
                  for server in servers}), flush=True)
time.sleep(600)
"""


@dataclass(frozen=True)
class Child:
    pid: int
    url: str


@pytest.fixture
def data() -> Generator[Path]:
    """An empty directory."""
    with scratch_directory() as directory:
        yield directory


@pytest.fixture(scope="module")
def used() -> Generator[Path]:
    """The directory of a Postgres that was started and stopped before; each test leaves it so."""
    with scratch_directory() as directory:
        start_postgres(directory).stop()
        yield directory


def start_postgres(data: Path) -> postgres.PostgresServer:
    return postgres.start(data, settings=postgres.NOT_DURABLE)


def test_postgres_keeps_its_rows_and_its_port_over_a_restart(used: Path) -> None:
    first = start_postgres(used)
    try:
        asyncio.run(execute(first.url(), "create table kept as select 42 as answer"))
    finally:
        assert first.stop() == 0
    again = start_postgres(used)
    try:
        assert again.port == first.port
        assert asyncio.run(fetch(again.url(), "select answer from kept")) == 42
    finally:
        again.stop()


def test_postgres_is_durable_and_listens_on_loopback_only(used: Path) -> None:
    server = postgres.start(used)
    try:
        for setting, expected in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "listen_addresses": "127.0.0.1",
            "TimeZone": "UTC",
        }.items():
            assert asyncio.run(fetch(server.url(), f"show {setting}")) == expected
        addresses = {
            listen.laddr.ip for listen in psutil.Process(server.pid).net_connections() if listen.laddr
        }
        assert addresses == {"127.0.0.1"}
    finally:
        server.stop()


def test_a_refused_statement_leaves_neither_its_text_nor_its_values_in_the_log(used: Path) -> None:
    server = start_postgres(used)
    try:
        with pytest.raises(asyncpg.UniqueViolationError):
            asyncio.run(
                execute(
                    server.url(),
                    "create table t (k text primary key); insert into t values ('secret'), ('secret')",
                )
            )
        assert "duplicate key" in server.log.read_text()
        assert "secret" not in server.log.read_text()
    finally:
        server.stop()


def test_both_servers_start_below_a_name_that_is_long_and_has_quotes_and_blanks(data: Path) -> None:
    directory = data / ('it\'s "odd" ' + "x" * 100)
    servers = [start_postgres(directory / "postgres"), nats.start(directory / "nats")]
    for server in servers:
        assert server.stop() == 0


def test_stopping_twice_is_harmless(data: Path) -> None:
    server = nats.start(data)
    assert [server.stop(), server.stop()] == [0, 0]


def test_nats_keeps_messages_and_port_over_a_restart_and_syncs_every_write(data: Path) -> None:
    first = nats.start(data)
    try:
        asyncio.run(publish_one(first.url))
        variables = json.load(urllib.request.urlopen(f"{first.monitoring_url}/varz"))
        assert variables["jetstream"]["config"]["sync_always"] is True
    finally:
        first.stop()
    again = nats.start(data)
    try:
        assert again.url == first.url
        assert asyncio.run(count_messages(again.url)) == 1
    finally:
        again.stop()


def test_nats_applies_the_access_rules_given_and_keeps_them_private(data: Path) -> None:
    server = nats.start(
        data,
        access="""
        authorization {
          users: [ { user: "reader", password: "pw", permissions: { publish: { deny: ">" } } } ]
        }
        """,
    )
    try:
        assert server.config.stat().st_mode & 0o077 == 0
        assert answer_to_login(server, "reader", "pw") == "PONG"
        assert answer_to_login(server, "reader", "wrong") == "-ERR 'Authorization Violation'"
    finally:
        server.stop()


def test_a_wrong_nats_configuration_is_told_with_the_end_of_the_log(data: Path) -> None:
    with pytest.raises(process.ServerDied, match="nats ended with 1"):
        nats.start(data, access="authorization {")
    nats.start(data).stop()  # and it left no lock behind


def test_a_second_start_on_the_same_directory_is_refused_at_once(data: Path) -> None:
    server = nats.start(data)
    try:
        with pytest.raises(process.ServerInUse, match=f"started by process {os.getpid()}"):
            nats.start(data)
    finally:
        server.stop()


def test_a_taken_port_is_refused_if_wanted_and_replaced_if_only_remembered(data: Path) -> None:
    holder = nats.start(data / "holder")
    try:
        with pytest.raises(process.ServerInUse, match="is taken"):
            nats.start(data / "other", port=holder.port)
        (data / "other" / "port").write_text(str(holder.port))
        other = nats.start(data / "other")
        assert other.port != holder.port
        other.stop()
    finally:
        holder.stop()


def test_starting_from_a_thread_is_refused_because_the_server_would_end_with_it(data: Path) -> None:
    errors: list[BaseException] = []

    def attempt() -> None:
        try:
            nats.start(data)
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])


def test_a_cluster_of_another_major_version_is_left_alone(used: Path) -> None:
    version = used / "cluster" / "PG_VERSION"
    version.write_text("17\n")
    try:
        with pytest.raises(process.ServerError, match="made by PostgreSQL 17"):
            start_postgres(used)
    finally:
        version.write_text("18\n")


def test_an_interrupted_first_start_leaves_no_half_cluster(data: Path) -> None:
    half = data / "cluster.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = start_postgres(data)
    assert asyncio.run(fetch(server.url(), "select 1")) == 1
    server.stop()


def test_nothing_is_left_when_the_parent_is_killed_and_the_next_start_works(data: Path) -> None:
    with parent(data) as (running, servers):
        asyncio.run(execute(servers["postgres"].url, "create table kept (id int)"))
        children = psutil.Process(servers["postgres"].pid).children()
        running.kill()
        running.wait()
        # Again at once: the predecessors are still shutting down.
        with parent(data) as (_, again):
            assert {name: server.url for name, server in again.items()} == {
                name: server.url for name, server in servers.items()
            }
            assert asyncio.run(fetch(again["postgres"].url, "select count(*) from kept")) == 0
            former = [*(server.pid for server in servers.values()), *(child.pid for child in children)]
            assert not [pid for pid in former if predecessor.is_alive(pid)]


def test_a_server_killed_under_its_parent_is_started_again_on_the_same_port(used: Path, data: Path) -> None:
    for start, directory in ((start_postgres, used), (nats.start, data)):
        server = start(directory)
        os.kill(server.pid, signal.SIGKILL)
        assert server.stop() == -signal.SIGKILL
        again = start(directory)
        assert again.stop() == 0
        assert again.port == server.port


def test_a_stale_pid_file_with_a_number_that_somebody_else_got_is_no_obstacle(used: Path) -> None:
    server = start_postgres(used)
    server.stop()
    (server.cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{server.cluster}\n")
    again = start_postgres(used)
    assert again.stop() == 0


def test_the_watchdog_ends_a_server_when_its_pipe_closes(data: Path) -> None:
    server = nats.start(data)
    reading, writing = os.pipe()
    watchdog = subprocess.Popen(
        [sys.executable, "-m", "askpanel.local.servers.watchdog", str(server.pid), str(int(signal.SIGTERM))],
        stdin=reading,
    )
    os.close(reading)
    assert server.poll() is None
    os.close(writing)
    assert watchdog.wait(10) == 0
    assert server.process.wait(10) == 0
    server.stop()


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL changes its account only under root")


@as_root
def test_under_root_postgres_runs_as_nobody(used: Path) -> None:
    server = start_postgres(used)
    try:
        assert psutil.Process(server.pid).username() == "nobody"
        assert server.moved is None
    finally:
        server.stop()


@as_root
def test_under_root_a_private_data_directory_is_kept_private_and_its_cluster_is_elsewhere(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placement, "OPEN_PLACES", (data,))
    private = data / "private"
    private.mkdir(mode=0o700)
    server = start_postgres(private / "postgres")
    asyncio.run(execute(server.url(), "create table kept (id int)"))
    server.stop()
    assert server.moved is not None
    assert str(private) in server.moved
    assert private.stat().st_mode & 0o777 == 0o700
    again = start_postgres(private / "postgres")
    assert again.cluster == server.cluster
    assert asyncio.run(fetch(again.url(), "select count(*) from kept")) == 0
    again.stop()


@as_root
def test_under_root_a_removed_data_directory_starts_anew_and_its_old_files_go(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placement, "OPEN_PLACES", (data,))
    private = data / "private"
    private.mkdir(mode=0o700)
    nobody = placement.server_account()
    old = placement.data_home(private, nobody)
    (private / placement.NOTE).unlink()
    new = placement.data_home(private, nobody)
    assert new != old
    assert not old.exists()


@as_root
def test_under_root_programs_below_a_private_directory_are_copied_once_to_an_open_one(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placement, "OPEN_PLACES", (data,))

    def is_open(path: Path) -> bool:
        return data in path.parents

    monkeypatch.setattr(placement, "is_open", is_open)
    nobody = placement.server_account()
    copied = placement.programs(nobody)
    made_at = copied.stat().st_mtime_ns
    assert placement.programs(nobody) == copied
    assert copied.stat().st_mtime_ns == made_at
    assert nobody is not None
    version = subprocess.run(
        [copied / "postgres", "--version"],
        user=nobody.uid,
        group=nobody.gid,
        capture_output=True,
        check=True,
        cwd="/",
    )
    assert b"18." in version.stdout


@as_root
def test_under_root_a_place_that_somebody_else_owns_is_not_trusted(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placement, "OPEN_PLACES", (data,))
    (data / "askpanel").mkdir()
    os.chown(data / "askpanel", 65534, 65534)
    with pytest.raises(process.ServerError, match="only we can write"):
        placement.open_place()


@contextlib.contextmanager
def parent(data: Path) -> Generator[tuple[subprocess.Popen[str], dict[str, Child]]]:
    """Both servers under a process of their own; killed at the end, and waited for."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(data)], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        servers = {name: Child(**told) for name, told in json.loads(running.stdout.readline()).items()}
        yield running, servers
        running.kill()
    deadline = time.monotonic() + 10
    while any(predecessor.is_alive(child.pid) for child in servers.values()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def publish_one(url: str) -> None:
    client = await nats_client.connect(url)
    stream = client.jetstream()
    await stream.add_stream(name="KEPT", subjects=["kept.>"])
    await stream.publish("kept.one", b"1")
    await client.close()


async def count_messages(url: str) -> int:
    client = await nats_client.connect(url)
    info = await client.jetstream().stream_info("KEPT")
    await client.close()
    return info.state.messages


def answer_to_login(server: nats.NatsServer, user: str, password: str) -> str:
    """The first line the server says to a login, in its own protocol: PONG or an error."""
    with (
        socket.create_connection(("127.0.0.1", server.port)) as connection,
        connection.makefile("rwb") as lines,
    ):
        assert lines.readline().startswith(b"INFO")
        login = json.dumps({"user": user, "pass": password, "verbose": False, "pedantic": False})
        lines.write(f"CONNECT {login}\r\nPING\r\n".encode())
        lines.flush()
        return lines.readline().decode().strip()
