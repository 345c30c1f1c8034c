"""The rows that a log makes, in the form in which they are compared. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel.panel import Panel, project
from askpanel.gateway.readmodel.rows import ConsensusRow, ResponseRow, Row, UsageRow
from tests.faults.evidence import Tables

TABLE = {ResponseRow: "panel_responses", ConsensusRow: "panel_consensus", UsageRow: "agent_usage"}
TABLES = ("panels", *TABLE.values())

ROUNDED = frozenset({"confidence_score", "consensus_level", "cost_usd"})
"""Columns of limited precision; their exact values stand in metadata or on the log."""


def expected(events: Iterable[Recorded]) -> Tables:
    """The rows of whole panels, folded from their first event on."""
    panels: dict[PanelRef, Panel] = {}
    tables: dict[str, dict[UUID, Mapping[str, Any]]] = {name: {} for name in TABLES}
    for recorded in events:
        ref = recorded.envelope.panel
        panels[ref], rows = project(panels.get(ref), recorded)
        for row in rows:
            tables[TABLE[type(row)]][row.id] = of_row(row)
    tables["panels"] = {ref.panel_id: of_panel(panel) for ref, panel in panels.items()}
    return tables


def of_row(row: Row) -> Mapping[str, Any]:
    """One row of the three tables that only grow."""
    values = {one.name: getattr(row, one.name) for one in fields(row) if one.name not in ROUNDED}
    return as_json(values | {"created_at": row.created_at.timestamp()})


def of_panel(panel: Panel) -> Mapping[str, Any]:
    """The row of `panels`, without what belongs to others."""
    return as_json(
        {
            "tenant_id": panel.ref.tenant_id,
            "user_id": panel.user_id,
            "query": panel.query,
            "panel_type": panel.panel_type,
            "status": panel.status,
            "configuration": panel.configuration,
            "created_at": panel.created_at.timestamp(),
            "started_at": panel.started_at and panel.started_at.timestamp(),
            "completed_at": panel.completed_at and panel.completed_at.timestamp(),
            "metadata": panel.metadata,
        }
    )


def as_json(value: object) -> Any:
    """Plain JSON values, so that equal content is equal whatever type carried it."""
    return json.loads(json.dumps(value, default=str))
