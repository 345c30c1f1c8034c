"""`askpanel replay` where there is nothing to compare with: one line that names the next step."""

from collections.abc import Generator
from pathlib import Path

import asyncpg
import nats
import pytest

from askpanel.gateway.readmodel.store import PROJECTION
from askpanel.local.servers import nats as nats_server
from askpanel.runtime import bootstrap
from tests.harness.databases import Database
from tests.harness.servers import scratch_directory
from tests.harness.stack import command_line


@pytest.fixture(scope="module")
def nats_url() -> Generator[str]:
    """A server with a log on which nothing stands."""
    with scratch_directory() as directory:
        server = nats_server.start(directory / "nats", sync_always=False)
        try:
            yield server.url
        finally:
            server.stop()


@pytest.fixture
async def servers(nats_url: str, database: Database) -> dict[str, str]:
    """As an operator names those of a cluster."""
    client = await nats.connect(nats_url)
    await bootstrap.create(client.jetstream())
    await client.close()
    return {"ASKPANEL_NATS_URL": nats_url, "ASKPANEL_DATABASE_URL": database.projector}


def refused(folder: Path, servers: dict[str, str]) -> str:
    """The one line of a replay that cannot be."""
    done = command_line(folder, "replay", "--restore", **servers)
    assert (done.returncode, done.stdout.strip()) == (1, ""), done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    return line


async def test_before_the_first_event_it_says_what_to_look_at(
    servers: dict[str, str], tmp_path: Path
) -> None:
    assert "no event has been projected" in (said := refused(tmp_path, servers))
    assert "see that the projector runs" in said
    seen = command_line(tmp_path, "doctor", ASKPANEL_MODEL="scripted", **servers)
    assert "nothing is written yet of the log's 0 events" in seen.stdout


async def test_a_log_that_is_another_one_is_told_with_both_ways_out(
    servers: dict[str, str], database: Database, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(database.owner)
    await connection.execute(
        "insert into askpanel.projection_checkpoint (name, stream_sequence, stream_created_at) values ($1, 5, now())",
        PROJECTION,
    )
    seen = command_line(tmp_path, "doctor", ASKPANEL_MODEL="scripted", **servers)
    assert seen.returncode == 1
    assert "sequence 5 was reached on the log created" in seen.stdout
    assert "sequence 5 was reached on the log created" in (said := refused(tmp_path, servers))
    assert "restore the right log" in said
    assert "`delete from askpanel.projection_checkpoint` as the tables' owner" in said
    assert await connection.execute("delete from askpanel.projection_checkpoint") == "DELETE 1"
    await connection.close()
    assert "no event has been projected" in refused(tmp_path, servers)
