"""Postgres and NATS in containers. Imported only when asked for: it costs half a second and needs Docker."""

import contextlib
import gc
import warnings
from collections.abc import Generator

import docker
import docker.errors

from askpanel.local.servers import postgres

with warnings.catch_warnings():
    # testcontainers 4.15 deprecates a decorator that its own NATS module still uses.
    warnings.simplefilter("ignore", DeprecationWarning)
    from testcontainers.community.nats import NatsContainer
    from testcontainers.community.postgres import PostgresContainer

POSTGRES_IMAGE = "postgres:18-alpine"
NATS_IMAGE = "nats:2.14-alpine"


def docker_answers() -> bool:
    """Whether a Docker daemon can be talked to."""
    with warnings.catch_warnings():
        # A refused connection leaves the client's socket to the garbage collector: collect it here.
        warnings.simplefilter("ignore", ResourceWarning)
        answers = _ping()
        gc.collect()
    return answers


def _ping() -> bool:
    try:
        with contextlib.closing(docker.from_env(timeout=2)) as client:
            return bool(client.ping())
    except docker.errors.DockerException:
        return False


@contextlib.contextmanager
def postgres_container() -> Generator[str]:
    """A superuser's URL for as long as the block lasts."""
    with PostgresContainer(POSTGRES_IMAGE, username=postgres.SUPERUSER, driver=None) as container:
        yield container.get_connection_url()


@contextlib.contextmanager
def nats_container() -> Generator[str]:
    """A client URL, JetStream on, for as long as the block lasts."""
    with NatsContainer(NATS_IMAGE, jetstream=True) as container:
        yield container.nats_uri()
