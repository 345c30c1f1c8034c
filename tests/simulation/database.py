"""The simulated Postgres: rows and checkpoint move together or not at all, and it may be away.

The fold and the row mapping are production's (`project`); what is simulated is the transaction.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel.panel import Panel, project
from askpanel.gateway.readmodel.rows import Row, Unstorable
from askpanel.gateway.readmodel.store import fold
from askpanel.runtime.log import Position
from askpanel.runtime.projection import CheckpointMoved, Poison, StoreUnavailable
from tests.faults.evidence import Tables
from tests.faults.rows import TABLE, TABLES, of_panel, of_row
from tests.simulation.port import SimulatedLog
from tests.simulation.process import Process

AWAY_RATE = 0.05


@dataclass(slots=True)
class Database:
    """What is committed."""

    checkpoint: Position | None = None
    rows: dict[tuple[str, UUID], Panel | Row] = field(default_factory=dict[tuple[str, UUID], Panel | Row])

    def tables(self) -> Tables:
        """The rows as they are compared."""
        tables: dict[str, dict[UUID, Mapping[str, Any]]] = {name: {} for name in TABLES}
        for (table, row_id), row in self.rows.items():
            tables[table][row_id] = of_panel(row) if isinstance(row, Panel) else of_row(row)
        return tables


class SimulatedStore:
    """One projector's connection; keeps folded panels like `PostgresStore`."""

    def __init__(self, database: Database, log: SimulatedLog, process: Process) -> None:
        self._database = database
        self._log = log
        self._process = process
        self._panels: dict[PanelRef, Panel] = {}

    async def checkpoint(self) -> Position | None:
        """See `askpanel.runtime.projection.Store`."""
        await self._process.step("checkpoint")
        self._panels.clear()
        return self._database.checkpoint

    def holds(self) -> bool:
        """See `askpanel.runtime.projection.Store`. This database loses nothing that it confirmed."""
        return True

    async def apply(self, events: Sequence[Recorded], *, previous: int, position: Position) -> None:
        """See `askpanel.runtime.projection.Store`."""
        panels, rows = await self._fold(events, previous)
        await self._process.step("apply")
        dice = self._process.dice
        if dice.strikes("postgres-away", "apply", AWAY_RATE):
            await asyncio.sleep(dice.between("postgres-away", 0.1, 30.0))
            raise StoreUnavailable("away")
        reached = self._database.checkpoint
        if (reached.sequence if reached else 0) != previous:
            self._panels.clear()
            raise CheckpointMoved(f"the checkpoint is not at {previous}")
        self._database.rows |= rows
        self._database.checkpoint = position
        await self._process.step("commit")
        if dice.strikes("commit-unknown", "apply", AWAY_RATE):
            raise StoreUnavailable("the connection was lost while committing")
        self._panels |= panels

    async def _fold(
        self, events: Sequence[Recorded], previous: int
    ) -> tuple[dict[PanelRef, Panel], dict[tuple[str, UUID], Panel | Row]]:
        panels: dict[PanelRef, Panel] = {}
        written: dict[tuple[str, UUID], Panel | Row] = {}
        for recorded in events:
            ref = recorded.envelope.panel
            before = panels.get(ref) or self._panels.get(ref)
            if before is None:
                history = await self._log.read(ref)
                before = fold([one for one in history if one.sequence <= previous])
            try:
                panels[ref], rows = project(before, recorded)
            except Unstorable as error:
                raise Poison(str(error)) from error
            written |= {(TABLE[type(row)], row.id): row for row in rows}
        return panels, written | {("panels", ref.panel_id): panel for ref, panel in panels.items()}
