"""Lists and lines: to read at a terminal of any width, or for a program as tab-separated lines that are never broken."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from askpanel.local.demo import MEMBERSHIPS, TENANTS, DemoTenant

NARROW = 80
"""Columns below which a table would be more rules than words."""


def show_users(console: Console, passwords: Mapping[str, str], addresses: Mapping[str, str]) -> None:
    """Tenant by tenant: who signs in and how. What is to be copied is never cut or broken."""
    if not console.is_terminal:
        _plain(console, (row for tenant in TENANTS for row in _users_of(tenant, passwords)))
        _plain(console, addresses.items())
        return
    line(console, "name for --user, e-mail, password, role, membership", style="dim")
    for tenant in TENANTS:
        line(console, f"{tenant.slug}, tenant id {tenant.id}", style="bold")
        rows = [row[2:] for row in _users_of(tenant, passwords)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            line(console, f"  {'  '.join(cells)}".rstrip())
    for name, address in addresses.items():
        line(console, f"{name}: {address}")


def show_experts(console: Console, agents: Sequence[Mapping[str, Any]]) -> None:
    """Id, name, domain and summary of each."""
    names = ("id", "name", "domain", "summary")
    show_rows(console, names, [tuple(agent[name] for name in names) for agent in agents])


def show_rows(console: Console, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; at a narrow terminal one cell below the other, through a pipe with tabs between. The first cell is whole."""
    if not console.is_terminal:
        _plain(console, rows)
    elif console.width < NARROW:
        for first, *cells in rows:
            line(console, first, style="bold")
            for name, cell in zip(names[1:], cells, strict=True):
                console.print(f"  {name}: {cell}", markup=False, highlight=False)
    else:
        table = Table()
        table.add_column(names[0], no_wrap=True, min_width=max((len(row[0]) for row in rows), default=0))
        for name in names[1:]:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)


def line(console: Console, text: str, *, style: str = "") -> None:
    """Text as it is, on one line at every width."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


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


def _plain(console: Console, rows: Iterable[Sequence[str]]) -> None:
    for row in rows:
        # Not through the console, which turns tabs into blanks.
        print("\t".join(row), file=console.file)
