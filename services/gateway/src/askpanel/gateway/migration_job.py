"""`python -m askpanel.gateway.migration_job`: the SQL of this version, then the end.

The step before the services of a version: a Job in a cluster, a one-shot container elsewhere. Safe to
repeat and to run twice at once. Logs in as the tables' owner (`deploy/supabase/README.md`), over a session
connection. Exits 0 when the database is up to date, 1 with one line when not, 2 for wrong settings.
"""

import asyncio
import sys
from pathlib import Path

import asyncpg
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from askpanel.gateway.readmodel.migrate import Migrated, MigrationError, migrate
from askpanel.gateway.readmodel.sql_files import SqlFilesMissing
from askpanel.runtime.settings import load

STEP = "migration"


class MigrationSettings(BaseSettings):
    """Settings of the migration step."""

    model_config = SettingsConfigDict(env_prefix="ASKPANEL_", frozen=True, extra="ignore")

    database_url: SecretStr = Field(
        description="Postgres as the tables' owner; a session connection, no transaction pooler.",
        validation_alias=AliasChoices("ASKPANEL_DATABASE_URL", "DATABASE_URL"),
    )
    sql_dir: Path | None = Field(default=None, description="Folder of the SQL files; none: the checkout's.")
    hardening: bool = Field(default=False, description="Also close the holes of the existing policies.")
    local: bool = Field(
        default=False,
        description="A Postgres of one's own, as superuser: stand-ins of the platform and its tables are made.",
    )
    migration_wait_seconds: float = Field(
        default=60.0, ge=0, description="How long another migration may take before this one gives up."
    )


async def bring_up_to_date(settings: MigrationSettings) -> Migrated:
    """Apply what this database has not had. Raises MigrationError, SqlFilesMissing and asyncpg's errors."""
    return await migrate(
        settings.database_url.get_secret_value(),
        local=settings.local,
        hardening=settings.hardening or None,
        sql_dir=settings.sql_dir,
        wait_seconds=settings.migration_wait_seconds,
    )


def main() -> None:
    """Entry point."""
    settings = load(MigrationSettings)
    try:
        done = asyncio.run(bring_up_to_date(settings))
    except (MigrationError, SqlFilesMissing, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        print(f"{STEP}: {str(error) or type(error).__name__}", file=sys.stderr)
        raise SystemExit(1) from None
    print(f"{STEP}: applied {', '.join(done.applied)}" if done.applied else f"{STEP}: nothing to do")


if __name__ == "__main__":
    main()
