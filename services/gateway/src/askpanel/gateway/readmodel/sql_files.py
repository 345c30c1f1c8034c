"""The SQL files of `deploy/supabase`, found and read.

Errors:
    SqlFilesMissing    the folder, or a file of it, is not where it should be
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

OUTSIDE_A_TRANSACTION = "-- askpanel: outside a transaction"
"""First line of a file whose statements cannot run in one (CREATE INDEX CONCURRENTLY)."""


class SqlFilesMissing(Exception):
    """The SQL folder is not there: set ASKPANEL_SQL_DIR to the repository's deploy/supabase."""


@dataclass(frozen=True, slots=True)
class SqlFile:
    """One file: `name` relative to the folder, its text, and whether it runs in one transaction."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def transactional(self) -> bool:
        return not self.text.startswith(OUTSIDE_A_TRANSACTION)

    @property
    def statements(self) -> tuple[str, ...]:
        """What to send in one go: the whole file, or (outside a transaction) one statement at a time.

        Such files hold plain statements only: a semicolon at a line's end always ends a statement.
        """
        if self.transactional:
            return (self.text,)
        return tuple(part for part in self.text.split(";\n") if _is_statement(part))


@dataclass(frozen=True, slots=True)
class SqlFolder:
    """`deploy/supabase`: the files by purpose. Raises SqlFilesMissing on use if one is absent."""

    path: Path

    def ledger(self) -> SqlFile:
        return self._read("migrations/0000_ledger.sql")

    def migrations(self) -> tuple[SqlFile, ...]:
        """In order of their numbers, the ledger's own left out."""
        found = sorted((self.path / "migrations").glob("[0-9]*.sql"))
        return tuple(
            self._read(f"migrations/{file.name}") for file in found if not file.name.startswith("0000")
        )

    def hardening(self) -> SqlFile:
        return self._read("hardening.sql")

    def platform(self) -> SqlFile:
        return self._read("local/01_platform.sql")

    def existing_tables(self, variants: tuple[str, ...] = ()) -> tuple[SqlFile, ...]:
        """The six tables, then the files that turn them into another shape they may have."""
        return (
            self._read("local/02_existing_tables.sql"),
            *(self._read(f"local/variants/{variant}.sql") for variant in variants),
        )

    def migrator(self) -> SqlFile:
        return self._read("local/03_migrator.sql")

    def _read(self, name: str) -> SqlFile:
        try:
            return SqlFile(name, (self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SqlFilesMissing(
                f"no {name} in {self.path}: set ASKPANEL_SQL_DIR to the repository's deploy/supabase"
            ) from None


def sql_folder(configured: Path | None = None) -> SqlFolder:
    """The folder configured (setting ASKPANEL_SQL_DIR), else the one of the checkout we run from."""
    # readmodel, gateway, askpanel, src, services/gateway, services, then the repository
    return SqlFolder(configured or Path(__file__).resolve().parents[6] / "deploy" / "supabase")


def _is_statement(part: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("--") for line in part.splitlines())
