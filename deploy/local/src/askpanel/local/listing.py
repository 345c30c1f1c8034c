"""Demo users and experts as lists: to read at a terminal of any width, or as tab-separated lines for a program."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from askpanel.local.demo import MEMBERSHIPS, TENANTS, DemoTenant


def show_users(console: Console, passwords: Mapping[str, str], addresses: Mapping[str, str]) -> None:
    """Tenant by tenant: who signs in and how. What is to be copied is never cut or broken."""
    if not console.is_terminal:
        _plain(console, (row for tenant in TENANTS for row in _users_of(tenant, passwords)))
        _plain(console, addresses.items())
        return
    _line(console, "name for --user, e-mail, password, role, membership", style="dim")
    for tenant in TENANTS:
        _line(console, f"{tenant.slug}, tenant id {tenant.id}", style="bold")
        rows = [row[2:] for row in _users_of(tenant, passwords)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            _line(console, f"  {'  '.join(cells)}".rstrip())
    for name, address in addresses.items():
        _line(console, f"{name}: {address}")


def show_experts(console: Console, agents: Sequence[Mapping[str, Any]]) -> None:
    """Id, name, domain and summary of each."""
    rows = [(agent["id"], agent["name"], agent["domain"], agent["summary"]) for agent in agents]
    if not console.is_terminal:
        _plain(console, rows)
        return
    table = Table()
    table.add_column("id", no_wrap=True, min_width=max(len(row[0]) for row in rows))
    for name in ("name", "domain", "summary"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table, markup=False)


def _users_of(tenant: DemoTenant, passwords: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Tenant, its id, `--user`, e-mail, password, role, status of the membership."""
    for (name, _, _), user in zip(MEMBERSHIPS, tenant.users, strict=True):
        yield (
            tenant.slug,
            str(tenant.id),
            name,
            user.email,
            passwords[user.email],
            user.role,
            user.status,
        )


def _plain(console: Console, rows: Iterable[tuple[str, ...]]) -> None:
    for row in rows:
        # Not through the console, which turns tabs into blanks.
        print("\t".join(row), file=console.file)


def _line(console: Console, text: str, *, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
