"""What a version says to Postgres, kept for the next one: `python -m tests.versions.statements` at a release.

Migrations expand first and contract a release later, so whatever the released version says must still be
understood after today's migrations. The file beside this one is what the last release says; only a release
writes it anew.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from askpanel.gateway.readmodel import statements
from askpanel.gateway.readmodel.upserts import (
    COLUMNS,
    TABLES,
    Types,
    grow_statement,
    insert_statement,
    link_statement,
)
from askpanel.gateway.readmodel.views import GroupBy

FILE = Path(__file__).with_name("released_statements.json")
READS = (
    "CHECKPOINT",
    "PANEL_HEAD",
    "PANEL",
    "RESPONSES",
    "CONSENSUS",
    "PANELS",
    "PANEL_USAGE",
    "QUOTA",
    "TENANT",
)


def todays(types: Types) -> Mapping[str, Any]:
    """Reads of the gateway, writes of the projector for columns of these types, and the columns it fills."""
    reads = {name: getattr(statements, name) for name in READS}
    reads |= {f"usage by {group}": statements.usage(group) for group in (None, *get_args(GroupBy))}
    writes = {f"insert {table}": insert_statement("public", table, types) for table in TABLES}
    writes |= {"grow panels": grow_statement("public", types), "link panels": link_statement("public")}
    return {"reads": reads, "writes": writes, "fills": {table: sorted(COLUMNS[table]) for table in TABLES}}


def released() -> Mapping[str, Any]:
    """What the last release says."""
    return json.loads(FILE.read_text())


def keep(types: Types) -> None:
    """Record today's as released."""
    FILE.write_text(json.dumps(todays(types), indent=2) + "\n")
