"""The two steps before a release, as the Jobs run them: on real servers, twice, and without any."""

import os
import subprocess
import sys
from collections.abc import Generator

import asyncpg
import nats
import pytest

from askpanel.contracts.permissions import SERVICES, STEPS, authorization
from askpanel.contracts.topology import DURABLES
from askpanel.local.chart import JOB_MODULES
from askpanel.runtime import bootstrap
from tests.contract.servers import OwnNats, own_nats
from tests.harness.databases import Databases

PASSWORDS = {user: f"ap-{user}" for user in (*SERVICES, *STEPS, "admin")}


@pytest.fixture(scope="module")
def secured() -> Generator[OwnNats]:
    """An empty server with the generated users."""
    with own_nats(authorization(PASSWORDS)) as server:
        yield server


def step(name: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a step as its Job does, with nothing else in the environment."""
    return subprocess.run(
        [sys.executable, "-m", JOB_MODULES[name]],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_bootstrap_makes_what_services_assert_and_may_be_repeated(secured: OwnNats) -> None:
    environment = {
        "ASKPANEL_NATS_URL": secured.url,
        "ASKPANEL_NATS_USER": "admin",
        "ASKPANEL_NATS_PASSWORD": PASSWORDS["admin"],
        "ASKPANEL_LOG_MAX_BYTES": "1000000",
    }
    for _ in range(2):
        done = step("bootstrap", **environment)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("bootstrap: as declared: PANELS, TIMERS, DEAD")
    client = await nats.connect(secured.url, user="admin", password=PASSWORDS["admin"])
    await bootstrap.verify(client.jetstream(), *DURABLES)
    assert (await client.jetstream().stream_info("PANELS")).config.max_bytes == 1_000_000
    await client.close()


def test_bootstrap_says_in_one_line_that_one_server_cannot_keep_three_copies(secured: OwnNats) -> None:
    user = {"ASKPANEL_NATS_USER": "admin", "ASKPANEL_NATS_PASSWORD": PASSWORDS["admin"]}
    done = step("bootstrap", ASKPANEL_NATS_URL=secured.url, ASKPANEL_LOG_REPLICAS="3", **user)
    assert done.returncode == 1
    assert "replicas > 1 not supported in non-clustered mode" in done.stderr.splitlines()[-1]


def test_a_services_user_may_not_bootstrap(secured: OwnNats) -> None:
    user = {"ASKPANEL_NATS_USER": "usage", "ASKPANEL_NATS_PASSWORD": PASSWORDS["usage"]}
    done = step("bootstrap", ASKPANEL_NATS_URL=secured.url, ASKPANEL_BOOTSTRAP_SECONDS="2", **user)
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith("bootstrap: no JetStream for user usage within 2 s: nats: permissions violation")


def test_bootstrap_with_a_password_of_before_says_so(secured: OwnNats) -> None:
    user = {"ASKPANEL_NATS_USER": "admin", "ASKPANEL_NATS_PASSWORD": "of-before"}
    done = step("bootstrap", ASKPANEL_NATS_URL=secured.url, ASKPANEL_BOOTSTRAP_SECONDS="2", **user)
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line == "bootstrap: no JetStream for user admin within 2 s: nats: 'Authorization Violation'"


def test_bootstrap_gives_up_on_a_server_that_is_not_there() -> None:
    done = step("bootstrap", ASKPANEL_NATS_URL="nats://127.0.0.1:1", ASKPANEL_BOOTSTRAP_SECONDS="1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "bootstrap: no JetStream for nobody in particular within 1 s"
    )


async def test_migration_makes_the_tables_and_may_be_repeated(databases: Databases) -> None:
    database = await databases.create_empty()
    environment = {"ASKPANEL_DATABASE_URL": database.admin, "ASKPANEL_LOCAL": "true"}
    first = step("migration", **environment)
    assert (first.returncode, first.stderr) == (0, "")
    assert "migrations/0002_projection.sql" in first.stdout
    again = step("migration", **environment)
    assert (again.returncode, again.stdout) == (0, "migration: nothing to do\n")
    connection = await asyncpg.connect(database.admin)
    assert await connection.fetchval("select to_regclass('askpanel.projection_checkpoint') is not null")
    await connection.close()
    await databases.drop(database)


async def test_migration_of_a_live_database_makes_no_stand_in(databases: Databases) -> None:
    database = await databases.create_empty()
    done = step("migration", ASKPANEL_DATABASE_URL=database.admin)
    assert done.returncode == 1
    assert done.stderr.startswith("migration: migrations/")
    assert len(done.stderr.splitlines()) == 1
    await databases.drop(database)


@pytest.mark.parametrize(
    ("name", "environment", "line"),
    [
        ("migration", {}, "ASKPANEL_DATABASE_URL: Field required"),
        ("bootstrap", {}, "ASKPANEL_NATS_URL: Field required"),
        (
            "migration",
            {"DATABASE_URL": "postgresql://u@127.0.0.1:1/x", "ASKPANEL_SQL_DIR": "/nowhere"},
            "migration: ",
        ),
    ],
)
def test_a_step_that_cannot_start_says_why_in_one_line(
    name: str, environment: dict[str, str], line: str
) -> None:
    done = step(name, **environment)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith(line)
    assert len(done.stderr.splitlines()) == 1
