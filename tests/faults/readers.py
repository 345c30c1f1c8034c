"""Reads what a running stack knows, by itself: the log, the tables, the model's record. Thin."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import EVENTS
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel.panel import OUR_KEYS
from askpanel.runtime.log import EventLog
from tests.faults.evidence import ModelCall, Received, Tables, Transcript
from tests.faults.rows import ROUNDED, TABLES, as_json
from tests.harness.stack import ENDED, Frame

PANEL_COLUMNS = (
    "tenant_id",
    "user_id",
    "query",
    "panel_type",
    "status",
    "configuration",
    "created_at",
    "started_at",
    "completed_at",
    "metadata",
)
COLUMNS: Mapping[str, Sequence[str]] = {
    "panels": ("id", *PANEL_COLUMNS),
    "panel_responses": (
        "id",
        "tenant_id",
        "panel_id",
        "agent_id",
        "agent_name",
        "round_number",
        "response_type",
        "content",
        "created_at",
        "metadata",
    ),
    "panel_consensus": (
        "id",
        "tenant_id",
        "panel_id",
        "round_number",
        "agreement_points",
        "disagreement_points",
        "recommendation",
        "dissenting_opinions",
        "created_at",
    ),
    "agent_usage": (
        "id",
        "tenant_id",
        "user_id",
        "panel_id",
        "agent_id",
        "tokens_used",
        "execution_time_ms",
        "created_at",
        "metadata",
    ),
}
"""What is compared, in the default shape of the tables; `ROUNDED` columns are not."""


async def log_of(log: EventLog, panels: Iterable[PanelRef]) -> list[Recorded]:
    """The events of these panels, panel by panel."""
    return [recorded for ref in panels for recorded in await log.read(ref)]


async def rows_of(connection: asyncpg.Connection, panels: Iterable[PanelRef]) -> Tables:
    """The rows of these panels, as `rows.expected` makes them."""
    ids = [ref.panel_id for ref in panels]
    tables: dict[str, dict[UUID, Mapping[str, Any]]] = {}
    for table in TABLES:
        key = "id" if table == "panels" else "panel_id"
        names = ", ".join(COLUMNS[table])
        found = await connection.fetch(f"select {names} from public.{table} where {key} = any ($1)", ids)
        tables[table] = {row["id"]: _plain(table, row) for row in found}
    return tables


def _plain(table: str, row: asyncpg.Record) -> Mapping[str, Any]:
    values = {name: _value(name, value) for name, value in row.items() if name not in ROUNDED}
    if table == "panels":
        del values["id"]
        values["metadata"] = {name: values["metadata"].get(name) for name in OUR_KEYS}
    return as_json(values)


def _value(name: str, value: object) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if name in (
        "metadata",
        "configuration",
        "dissenting_opinions",
        "agreement_points",
        "disagreement_points",
    ):
        return json.loads(value) if isinstance(value, str) else value
    return value


def calls_of(record: Path, panels: Iterable[PanelRef]) -> list[ModelCall]:
    """The scripted model's record, as far as it is about these panels."""
    wanted = {ref.panel_id for ref in panels}
    if not record.exists():
        return []
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    return [
        ModelCall(
            panel_id=UUID(line["panel_id"]),
            agent_id=line["agent_id"],
            round_number=line["round_number"],
            step=line["step"],
            seat=line["seat"],
            purpose=line["purpose"],
            attempt=line["attempt"],
            text=" ".join(line["canaries"]),
        )
        for line in lines
        if UUID(line["panel_id"]) in wanted
    ]


def transcript_of(panel: PanelRef, frames: Sequence[Frame]) -> Transcript:
    """What a client received, without token deltas and notices, which have no place in the log."""
    public = {event.SSE for event in EVENTS.values()}
    return Transcript(
        panel,
        tuple(
            Received(frame.id, frame.name, json.dumps(frame.data))
            for frame in frames
            if frame.id is not None and frame.name in public
        ),
        ended=bool(frames) and frames[-1].name in ENDED,
    )
