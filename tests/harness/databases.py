"""A fresh, migrated database for every test, cloned from a template in a few milliseconds."""

import os
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from askpanel.gateway.readmodel.migrate import migrate

LOGINS = ("panel_api", "panel_projector", "panel_migrator")
PASSWORD = "only-for-tests"


@dataclass(frozen=True, slots=True)
class Database:
    """One database and a DSN per login: `admin` is a superuser, `owner` owns the tables."""

    name: str
    admin: str
    owner: str
    api: str
    projector: str
    migrator: str


@dataclass(slots=True)
class Databases:
    """Makes databases on one server. Templates are made on first use, one per shape asked for."""

    admin_url: str
    prefix: str = field(default_factory=lambda: f"test_{os.getpid()}_{secrets.token_hex(3)}")
    _templates: dict[tuple[tuple[str, ...], bool], str] = field(default_factory=dict)
    _shared: dict[str, Database] = field(default_factory=dict)
    _made: list[str] = field(default_factory=list)

    async def create(self, *variants: str, hardening: bool = True) -> Database:
        """A database migrated as `make run` does it, the existing tables in the shape of `variants`."""
        template = await self._template(variants, hardening)
        name = self._next_name()
        # Owned by `postgres`, as the template: a clone does not inherit rights on the database itself.
        await self._administer(f'create database "{name}" template "{template}" owner postgres')
        return self._named(name)

    async def shared(self, name: str, fill: Callable[[Database], Awaitable[None]] | None = None) -> Database:
        """One database for every test that asks for `name`, made and filled for the first of them."""
        if name not in self._shared:
            database = await self.create()
            if fill is not None:
                await fill(database)
            self._shared[name] = database
        return self._shared[name]

    async def create_empty(self) -> Database:
        """A database without anything: no platform stand-in, no tables."""
        name = self._next_name()
        await self._administer(f'create database "{name}"')
        return self._named(name)

    async def drop(self, database: Database) -> None:
        """Remove it with whatever is still connected to it."""
        await self._drop(database.name)

    async def drop_all(self) -> None:
        """Remove every database made here that is still there, templates included."""
        for name in tuple(self._made):
            await self._drop(name)
        self._templates.clear()
        self._shared.clear()

    async def _template(self, variants: tuple[str, ...], hardening: bool) -> str:
        known = self._templates.get((variants, hardening))
        if known is not None:
            return known
        template = await self.create_empty()
        await migrate(template.admin, local=True, variants=variants, hardening=hardening)
        await self._set_passwords()
        self._templates[variants, hardening] = template.name
        return template.name

    async def _set_passwords(self) -> None:
        # Embedded Postgres trusts everybody; a container or a server somebody runs does not.
        own = urlsplit(self.admin_url).username
        for login in (*LOGINS, "postgres"):
            if login != own:
                await self._administer(f"alter role {login} password '{PASSWORD}'")

    async def _drop(self, name: str) -> None:
        await self._administer(f'drop database if exists "{name}" with (force)')
        if name in self._made:
            self._made.remove(name)

    async def _administer(self, statement: str) -> None:
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _next_name(self) -> str:
        name = f"{self.prefix}_{secrets.token_hex(4)}"
        self._made.append(name)
        return name

    def _named(self, name: str) -> Database:
        return Database(
            name=name,
            admin=with_login(self.admin_url, name),
            owner=with_login(self.admin_url, name, "postgres"),
            api=with_login(self.admin_url, name, "panel_api"),
            projector=with_login(self.admin_url, name, "panel_projector"),
            migrator=with_login(self.admin_url, name, "panel_migrator"),
        )


def with_login(url: str, database: str, user: str | None = None) -> str:
    """`url` for another database and, if given, another login (with the tests' password)."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    if user is not None and user != parts.username:
        return urlunsplit(parts._replace(netloc=f"{user}:{quote(PASSWORD)}@{place}", path=f"/{database}"))
    return urlunsplit(parts._replace(path=f"/{database}"))
