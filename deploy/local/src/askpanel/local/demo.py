"""The demo tenants and users of the local stack: always the same ids, so links and tokens survive.

Two tenants, each with one user per role and one per membership status. For the local platform
stand-in only: on a live project, users and tenants are the platform's business.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

import asyncpg

NAMESPACE = UUID("5d1f6b1e-4d9b-5c56-9d9e-0b5a4f6a2c11")

MEMBERSHIPS = (
    ("owner", "owner", "active"),
    ("admin", "admin", "active"),
    ("member", "member", "active"),
    ("guest", "guest", "active"),
    ("inactive", "member", "inactive"),
    ("invited", "member", "invited"),
)
"""Name of the user, role, status of the membership."""


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A user and the one membership it has."""

    id: UUID
    email: str
    role: str
    status: str


@dataclass(frozen=True, slots=True)
class DemoTenant:
    """A tenant with its users, in the order of MEMBERSHIPS."""

    id: UUID
    slug: str
    name: str
    users: tuple[DemoUser, ...]

    def user(self, name: str) -> DemoUser:
        """By the first column of MEMBERSHIPS; KeyError for any other name."""
        return dict(zip((row[0] for row in MEMBERSHIPS), self.users, strict=True))[name]


def _tenant(slug: str, name: str) -> DemoTenant:
    emails = tuple(f"{user}@{slug}.example" for user, _, _ in MEMBERSHIPS)
    return DemoTenant(
        id=uuid5(NAMESPACE, f"tenant:{slug}"),
        slug=slug,
        name=name,
        users=tuple(
            DemoUser(uuid5(NAMESPACE, f"user:{email}"), email, role, status)
            for email, (_, role, status) in zip(emails, MEMBERSHIPS, strict=True)
        ),
    )


TENANTS = (_tenant("acme", "Acme Health"), _tenant("globex", "Globex Research"))

EVERY_PROTOCOL: Mapping[str, bool] = {"hybrid_panel": True}
"""The one protocol that the platform leaves off unless a tenant has it."""


async def seed(dsn: str, *, features: Mapping[str, bool] | None = None) -> None:
    """Write the demo tenants, users and memberships as the superuser at `dsn`; what is there stays.

    `features` are laid over the platform's defaults for a tenant that is new.
    """
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            for tenant in TENANTS:
                await _seed_tenant(connection, tenant, features or {})
    finally:
        await connection.close()


async def _seed_tenant(
    connection: asyncpg.Connection, tenant: DemoTenant, features: Mapping[str, bool]
) -> None:
    made = await connection.fetchval(
        """
        insert into public.tenants (id, name, slug, subdomain) values ($1, $2, $3, $3)
        on conflict do nothing returning true
        """,
        tenant.id,
        tenant.name,
        tenant.slug,
    )
    if made:
        await connection.execute(
            "update public.tenants set features = coalesce(features, '{}') || $2::jsonb where id = $1",
            tenant.id,
            json.dumps(dict(features)),
        )
    await connection.executemany(
        "insert into auth.users (id, email) values ($1, $2) on conflict do nothing",
        [(user.id, user.email) for user in tenant.users],
    )
    await connection.executemany(
        """
        insert into public.tenant_users (id, tenant_id, user_id, role, status)
        values ($1, $2, $3, $4, $5) on conflict do nothing
        """,
        [
            (uuid5(tenant.id, str(user.id)), tenant.id, user.id, user.role, user.status)
            for user in tenant.users
        ],
    )
