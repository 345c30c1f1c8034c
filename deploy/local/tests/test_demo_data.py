"""The demo tenants: the same everywhere, written once."""

import json
from uuid import UUID

import asyncpg
import pytest

from askpanel.local.demo import EVERY_PROTOCOL, TENANTS, seed
from tests.harness.databases import Database


def test_ids_never_change_because_links_and_tokens_hold_them() -> None:
    assert [tenant.id for tenant in TENANTS] == [
        UUID("d6079553-da19-532d-87d2-0f20932a24cb"),
        UUID("e2f527d8-2a73-53f5-a11a-0fe68f7593d5"),
    ]
    assert TENANTS[0].user("guest").email == "guest@acme.example"
    assert len({user.id for tenant in TENANTS for user in tenant.users}) == 12


def test_an_unknown_name_of_a_user_is_an_error() -> None:
    with pytest.raises(KeyError):
        TENANTS[0].user("nobody")


async def test_seeding_twice_writes_each_membership_once_and_changes_nothing(database: Database) -> None:
    connection = await asyncpg.connect(database.admin)
    try:
        await seed(database.admin)
        await connection.execute("update tenants set name = 'Renamed' where slug = 'acme'")
        await seed(database.admin)
        rows = await connection.fetch(
            "select role, status from tenant_users where tenant_id = $1", TENANTS[0].id
        )
        assert {tuple(row) for row in rows} == {(user.role, user.status) for user in TENANTS[0].users}
        assert len(rows) == 6
        assert await connection.fetchval("select name from tenants where slug = 'acme'") == "Renamed"
    finally:
        await connection.close()


async def test_features_are_laid_over_the_defaults_of_new_tenants_alone(database: Database) -> None:
    connection = await asyncpg.connect(database.admin)
    try:
        await seed(database.admin, features=EVERY_PROTOCOL)
        await connection.execute(
            """update tenants set features = '{"open_panel": false}' where slug = 'globex'"""
        )
        await seed(database.admin, features=EVERY_PROTOCOL)
        features = {
            row["slug"]: json.loads(row["features"])
            for row in await connection.fetch("select slug, features from tenants")
        }
        assert features["acme"]["hybrid_panel"] is True
        assert features["acme"]["delphi_panel"] is True
        assert features["globex"] == {"open_panel": False}
    finally:
        await connection.close()
