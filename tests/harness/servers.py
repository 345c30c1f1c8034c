"""Which NATS and Postgres the tests use, in this order; never a fake.

1. NATS_URL and DATABASE_URL, both set: servers somebody runs; DATABASE_URL is a superuser's, every
   test makes and drops databases of its own there.
2. ASKPANEL_TEST_DOCKER=1 and Docker answers: one container each.
3. Otherwise: the embedded servers, as `make run` starts them.
"""

import contextlib
import importlib
import os
import shutil
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from askpanel.local.servers import nats, postgres

SHARED_MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class PostgresAt:
    """A Postgres for tests: a superuser's URL, and the handle where we started it ourselves."""

    admin_url: str
    embedded: postgres.PostgresServer | None = None


@dataclass(frozen=True, slots=True)
class NatsAt:
    """A NATS for tests, JetStream on and no authorization; `embedded` where we started it ourselves."""

    url: str
    monitoring_url: str | None = None
    embedded: nats.NatsServer | None = None


@contextlib.contextmanager
def postgres_at() -> Generator[PostgresAt]:
    """A Postgres for as long as the block lasts."""
    given = _given()
    if given:
        yield PostgresAt(admin_url=given[1])
    elif containers := _containers():
        with containers.postgres_container() as url:
            yield PostgresAt(admin_url=url)
    else:
        with scratch_directory(memory=True) as directory:
            server = postgres.start(directory / "postgres", settings=postgres.NOT_DURABLE)
            try:
                yield PostgresAt(admin_url=server.url(), embedded=server)
            finally:
                server.stop()


@contextlib.contextmanager
def nats_at() -> Generator[NatsAt]:
    """A NATS for as long as the block lasts."""
    given = _given()
    if given:
        yield NatsAt(url=given[0])
    elif containers := _containers():
        with containers.nats_container() as url:
            yield NatsAt(url=url)
    else:
        with scratch_directory() as directory:
            server = nats.start(directory / "nats", sync_always=False)
            try:
                yield NatsAt(url=server.url, monitoring_url=server.monitoring_url, embedded=server)
            finally:
                server.stop()


@contextlib.contextmanager
def scratch_directory(*, memory: bool = False) -> Generator[Path]:
    """A temporary directory that everybody may walk through, so that a server under `nobody` can too.

    pytest's `tmp_path` is private (0700): under root, Postgres's files would have to lie elsewhere.
    With `memory`, in /dev/shm where there is room: making a database there takes a quarter of the time.
    """
    place = SHARED_MEMORY if memory and _has_room(SHARED_MEMORY) else None
    directory = Path(tempfile.mkdtemp(prefix="askpanel-test-", dir=place))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def _has_room(place: Path) -> bool:
    return place.is_dir() and shutil.disk_usage(place).free > 2 * 1024**3


def _given() -> tuple[str, str] | None:
    both = os.environ.get("NATS_URL"), os.environ.get("DATABASE_URL")
    return (both[0], both[1]) if both[0] and both[1] else None


def _containers() -> ModuleType | None:
    if os.environ.get("ASKPANEL_TEST_DOCKER") != "1":
        return None
    containers = importlib.import_module("tests.harness.containers")
    return containers if containers.docker_answers() else None
