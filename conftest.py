"""Fixtures for every package: real servers for the session, a fresh database for each test."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

# --import-mode=importlib leaves sys.path alone, and the harness is no installed package.
sys.path.insert(0, str(Path(__file__).parent))

from tests.harness.databases import Database, Databases
from tests.harness.servers import NatsAt, PostgresAt, nats_at, postgres_at

SLOW_WITHIN = 3600
"""Seconds a test of `make test-all` may take."""
LONGEST_FIRST = (
    "tests/browser",
    "tests/simulation",
    "tests/e2e",
    "tests/faults",
    "tests/versions",
    "services/gateway",
)
"""Files that take long begin first, so that those at the end, which are short, fill up every runner alike."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: [not item.nodeid.startswith(folder) for folder in LONGEST_FIRST])
    for item in items:
        if item.get_closest_marker("slow") is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SLOW_WITHIN))


@pytest.fixture(scope="session")
def postgres_server() -> Generator[PostgresAt]:
    """A Postgres for all tests; `admin_url` is a superuser's."""
    with postgres_at() as server:
        yield server


@pytest.fixture(scope="session")
def nats_server() -> Generator[NatsAt]:
    """A NATS with JetStream for all tests, without authorization: use stream names of your own."""
    with nats_at() as server:
        yield server


@pytest.fixture(scope="session")
def databases(postgres_server: PostgresAt) -> Generator[Databases]:
    """Makes databases: `await databases.create("agents_jsonb", hardening=False)`; all go at the end."""
    made = Databases(postgres_server.admin_url)
    yield made
    if postgres_server.embedded is None:  # the embedded server's files go anyway
        asyncio.run(made.drop_all())


@pytest.fixture
async def database(databases: Databases) -> AsyncGenerator[Database]:
    """A fresh migrated database with a DSN per login, in the default shape."""
    fresh = await databases.create()
    yield fresh
    await databases.drop(fresh)


@pytest.fixture
async def pristine(databases: Databases) -> Database:
    """The same, but one for all tests of the session: look at it, write nothing."""
    return await databases.shared("pristine")
