"""Commands whose servers are away, refuse the login or are not as expected: one line that names the next step."""

import errno
import socket
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import asyncpg
import nats
import pytest

from askpanel.local.doctor import Finding, processes
from askpanel.local.failing import line
from askpanel.local.ports import free_port
from askpanel.local.servers import postgres
from askpanel.runtime import bootstrap
from tests.contract.servers import OwnNats, own_nats
from tests.harness.databases import Database
from tests.harness.servers import scratch_directory
from tests.harness.stack import command_line

ONE = str(uuid4())
NEED_THE_TABLES = (
    ("erase-panel", ONE, "--because", "ticket 4711", "--yes"),
    ("erase-tenant", ONE, "--because", "ticket 4711", "--yes"),
    ("export-tenant", ONE, "acme.zip"),
)
DOCTOR = "askpanel doctor` looks at the servers; then give the same command again"


@pytest.fixture(scope="module")
def log_server() -> Generator[OwnNats]:
    with own_nats() as server:
        yield server


@pytest.fixture
async def nats_url(log_server: OwnNats) -> str:
    """A server with the contract's streams."""
    client = await nats.connect(log_server.url)
    await bootstrap.create(client.jetstream())
    await client.close()
    return log_server.url


@pytest.fixture(scope="module")
def asks_for_passwords() -> Generator[postgres.PostgresServer]:
    """A Postgres that trusts nobody but its superuser."""
    with scratch_directory(memory=True) as directory:
        rules = directory / "pg_hba.conf"
        superuser = f"host all {postgres.SUPERUSER} 127.0.0.1/32 trust"
        rules.write_text(f"{superuser}\nhost all all 127.0.0.1/32 scram-sha-256\n")
        settings = {**postgres.NOT_DURABLE, "hba_file": str(rules)}
        server = postgres.start(directory / "postgres", settings=settings)
        try:
            yield server
        finally:
            server.stop()


def nobody(scheme: str) -> str:
    """An address where nobody listens."""
    return f"{scheme}://panel_migrator:secret-word@127.0.0.1:{free_port(0)}/postgres"


def refused(folder: Path, *arguments: str, nats_url: str, database_url: str) -> str:
    """The one line of a command that cannot be."""
    servers = {"ASKPANEL_NATS_URL": nats_url, "ASKPANEL_DATABASE_URL": database_url}
    done = command_line(folder, *arguments, **servers)
    assert (done.returncode, done.stdout.strip()) == (1, ""), done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("askpanel: ")
    assert "secret-word" not in line
    return line


@pytest.mark.parametrize("command", NEED_THE_TABLES, ids=lambda command: command[0])
def test_postgres_that_is_away_is_one_line(command: tuple[str, ...], tmp_path: Path) -> None:
    said = refused(tmp_path, *command, nats_url=nobody("nats"), database_url=nobody("postgresql"))
    assert "a server does not answer: " in said
    assert DOCTOR in said


@pytest.mark.parametrize("command", NEED_THE_TABLES, ids=lambda command: command[0])
async def test_a_wrong_password_is_one_line(
    command: tuple[str, ...], asks_for_passwords: postgres.PostgresServer, tmp_path: Path
) -> None:
    superuser = await asyncpg.connect(asks_for_passwords.url())
    await superuser.execute("drop role if exists panel_migrator")
    await superuser.execute("create role panel_migrator login password 'another'")
    await superuser.close()
    wrong = asks_for_passwords.url("panel_migrator:secret-word")
    said = refused(tmp_path, *command, nats_url=nobody("nats"), database_url=wrong)
    assert 'Postgres: password authentication failed for user "panel_migrator": ' in said
    assert "docs/operating.md, Commands, names the login that a command wants" in said
    assert DOCTOR in said


@pytest.mark.parametrize("command", [*NEED_THE_TABLES, ("replay",), ("dead", "list")], ids=lambda c: c[0])
async def test_nats_that_is_away_is_one_line(
    command: tuple[str, ...], database: Database, tmp_path: Path
) -> None:
    login = database.projector if command == ("replay",) else database.migrator
    said = refused(tmp_path, *command, nats_url=nobody("nats"), database_url=login)
    assert "NATS does not answer: " in said
    assert "ASKPANEL_NATS_URL" in said


async def test_a_replay_without_postgres_is_one_line(nats_url: str, tmp_path: Path) -> None:
    said = refused(tmp_path, "replay", nats_url=nats_url, database_url=nobody("postgresql"))
    assert "a server does not answer: " in said


async def test_a_replay_into_other_tables_than_expected_is_one_line(
    nats_url: str, database: Database, tmp_path: Path
) -> None:
    owner = await asyncpg.connect(database.owner)
    await owner.execute("alter table public.panels drop column metadata")
    await owner.close()
    said = refused(tmp_path, "replay", nats_url=nats_url, database_url=database.projector)
    assert "the tables are not as expected: `" in said
    assert "askpanel doctor` says what differs and how to mend it" in said


async def test_an_export_into_a_folder_that_is_not_there_is_one_line(
    nats_url: str, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "missing" / "acme.zip"
    command = ("export-tenant", ONE, str(file))
    said = refused(tmp_path, *command, nats_url=nats_url, database_url=database.migrator)
    assert f"{file}.part: No such file or directory: see that its folder is there" in said


def test_an_export_into_a_folder_instead_of_a_file_is_refused_before_it_begins(tmp_path: Path) -> None:
    done = command_line(tmp_path, "export-tenant", ONE, str(tmp_path))
    assert done.returncode == 2
    assert "is a directory" in done.stderr


def test_a_full_disk_is_not_told_as_a_server_that_does_not_answer() -> None:
    assert line(OSError(errno.ENOSPC, "No space left on device")).startswith("no space is left where this")


def test_nats_that_says_nothing_is_told_with_the_name_of_the_error(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        address = f"nats://127.0.0.1:{silent.getsockname()[1]}"
        said = refused(tmp_path, "dead", "list", nats_url=address, database_url=nobody("postgresql"))
    assert "NATS does not answer: TimeoutError: see that it runs" in said


async def test_doctor_names_the_process_that_is_not_ready_and_its_log(log_server: OwnNats) -> None:
    well = f"{log_server.server.monitoring_url}/healthz"
    assert await processes({"nats": well}) == [Finding("processes", True, "1 are ready")]
    missing = f"{log_server.server.monitoring_url}/nothing"
    gone = f"http://127.0.0.1:{free_port(0)}/readyz"
    ill, away = await processes({"nats-1": missing, "nats-2": well, "projector": gone})
    assert (ill.what, ill.ok, ill.detail) == ("nats-1", False, "is not ready: 404 page not found")
    assert "nats-1/nats.log" in ill.fix
    assert (away.what, away.ok, away.fix) == ("projector", False, "see its log (logs/projector.log)")
    assert away.detail.startswith("does not answer: ")


def test_doctor_tells_of_servers_that_are_away_and_nothing_else(tmp_path: Path) -> None:
    servers = {"ASKPANEL_NATS_URL": nobody("nats"), "ASKPANEL_DATABASE_URL": nobody("postgresql")}
    done = command_line(tmp_path, "doctor", ASKPANEL_MODEL="scripted", **servers)
    assert (done.returncode, done.stderr) == (1, "")
    assert "log: NATS does not answer: [Errno 111] Connect call failed" in done.stdout
    assert "database: Postgres does not answer: [Errno 111] Connect call failed" in done.stdout
    assert "see the log of Postgres" in done.stdout
