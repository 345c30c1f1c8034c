"""The read model while its database is away, slow, busy or restarting: said so, and over when that is over."""

import asyncio
from collections.abc import AsyncGenerator

import asyncpg
import pytest

from askpanel.gateway.readmodel.queries import ReadModel, ReadModelUnavailable, open_read_model
from services.gateway.tests.running import until
from services.gateway.tests.stories import ACME
from tests.harness.databases import Database

CUT = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'panel_api' and datname = current_database()"


@pytest.fixture
async def model(database: Database) -> AsyncGenerator[ReadModel]:
    async with open_read_model(database.api, max_connections=4) as made:
        yield made


async def cut_connections(database: Database) -> None:
    """As a restart of the server, or a failover, would."""
    connection = await asyncpg.connect(database.admin)
    try:
        await connection.execute(CUT)
    finally:
        await connection.close()


async def test_an_unreachable_database_is_said_so_and_left_behind() -> None:
    async with open_read_model("postgresql://panel_api@127.0.0.1:1/postgres", acquire_timeout=0.5) as model:
        with pytest.raises(ReadModelUnavailable):
            await model.ping()


async def test_an_exhausted_pool_is_said_so(database: Database) -> None:
    async with (
        open_read_model(database.api, max_connections=1, acquire_timeout=0.1) as model,
        model.session({}, ACME.id),
    ):
        with pytest.raises(ReadModelUnavailable):
            await model.ping()


async def test_a_slow_statement_is_cut_off(database: Database) -> None:
    async with open_read_model(database.api, statement_timeout=0.05) as model:
        async with model.session({}, ACME.id) as session:
            with pytest.raises(ReadModelUnavailable, match="statement timeout"):
                await session._rows("select to_jsonb(1) from pg_sleep(5)")
        await model.ping()


async def test_reads_go_on_after_their_connections_were_cut(model: ReadModel, database: Database) -> None:
    await model.ping()
    await cut_connections(database)
    async with asyncio.timeout(10):
        while True:
            try:
                await model.ping()
            except ReadModelUnavailable:
                continue
            break


async def test_a_read_whose_connection_is_cut_says_that_the_database_is_away(
    model: ReadModel, database: Database
) -> None:
    async def read_on() -> None:
        async with model.session({}, ACME.id) as session:
            await cut_connections(database)
            await until(lambda: model._pool.get_size() == 0)
            await session._rows("select to_jsonb(1)")

    with pytest.raises(ReadModelUnavailable):
        await read_on()
    await model.ping()


async def test_what_was_read_before_its_connection_was_cut_holds(
    model: ReadModel, database: Database
) -> None:
    async with model.session({}, ACME.id) as session:
        await session._rows("select to_jsonb(1)")
        await cut_connections(database)
        await until(lambda: model._pool.get_size() == 0)  # it took the connection back
    await model.ping()
