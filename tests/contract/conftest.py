"""A NATS of this folder's own, with the contract's streams, empty for every test."""

from collections.abc import AsyncGenerator, Generator

import pytest
from nats.aio.client import Client

from askpanel.contracts.topology import PANELS
from askpanel.runtime.bootstrap import Sizing, _stream_config
from tests.contract.servers import OwnNats, connected, emptied, own_nats


@pytest.fixture(scope="module")
def log_server() -> Generator[OwnNats]:
    """One server for the tests of a module."""
    with own_nats() as server:
        yield server


@pytest.fixture
async def client(log_server: OwnNats) -> AsyncGenerator[Client]:
    """Connected to a server whose streams and durables are new."""
    async with connected(log_server.url) as connection:
        await emptied(connection)
        yield connection


@pytest.fixture
async def forgetful(client: Client) -> Client:
    """A log whose deduplication window is over at once, as it is ten minutes after a first request."""
    config = _stream_config(PANELS, Sizing())
    config.duplicate_window = 0.1
    await client.jetstream().update_stream(config)
    return client
