"""Those who ask: they create a panel, answer when they are asked, and sometimes cancel; all of it again
and again until it is confirmed, as a client with an idempotency key does."""

import asyncio
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID, uuid5

from askpanel.contracts.blocks import Option
from askpanel.contracts.configuration import PROTOCOLS
from askpanel.contracts.envelope import Recorded, seal
from askpanel.contracts.events import (
    TERMINAL,
    Event,
    HumanRequested,
    HumanResponded,
    PanelCancelRequested,
    PanelCreated,
    PanelType,
    Seat,
)
from askpanel.contracts.ids import row_id
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.history import awaited
from askpanel.runtime.errors import Conflict, LogUnavailable
from tests.faults.evidence import Command
from tests.simulation.clock import START
from tests.simulation.dice import Dice
from tests.simulation.port import SimulatedLog
from tests.simulation.process import Process

USER = uuid5(UUID(int=7), "user")
LOOK_EVERY = 10.0


def question(panel_type: PanelType, dice: Dice, canary: str) -> PanelCreated:
    """A panel of few seats and rounds; the canary is its tenant's secret."""
    limits = PROTOCOLS[panel_type]
    configuration: dict[str, Any] = {
        "max_rounds": limits.allowed_rounds[0 if dice.unit("rounds") < 0.85 else 1],
        "consensus_threshold": dice.choice("threshold", (limits.threshold, 1.0)),
        "max_cost_usd": dice.choice("budget", ("0.01", limits.max_cost_usd)),
        "time_limit_minutes": dice.choice("limit", (2, limits.time_limit)),
    }
    if limits.human_deadline is not None:
        configuration["human_deadline_minutes"] = 30
    seats = limits.fewest_experts + (dice.unit("seats") < 0.1)
    options = () if panel_type != "delphi" else tuple(Option(id=one, text=f"Option {one}") for one in "ab")
    return PanelCreated(
        query=f"Should we do it, {canary}?",
        panel_type=panel_type,
        agents=tuple(Seat(agent_id=f"expert-{n}", name=f"Panellist {n}") for n in range(seats)),
        configuration=configuration,
        options=options,
        user_id=USER,
        request_hash="",
    )


async def live(
    ref: PanelRef, asked: PanelCreated, log: SimulatedLog, process: Process, told: dict[UUID, Command]
) -> None:
    """One person and one panel, to the panel's end."""
    dice = process.dice
    await _insist(asked, ref, log, process, told, expected=0)
    cancels = dice.between("cancel", 1.0, 60.0) if dice.strikes("cancel", str(ref.panel_id), 0.1) else None
    silent: dict[UUID, bool] = {}
    while True:
        slow = dice.strikes("slow-human", str(ref.panel_id), 0.02)
        await asyncio.sleep(
            dice.between("look", 1.0, LOOK_EVERY + asyncio.get_running_loop().time() / 30)
            + (800.0 if slow else 0.0)
        )
        events = await log.read(ref)
        if any(one.envelope.type in TERMINAL for one in events):
            return
        age = asyncio.get_running_loop().time()
        wish = _wish(ref, events, dice, cancels is not None and age > cancels, silent)
        if wish is not None:
            await _insist(wish, ref, log, process, told, expected=events[-1].sequence)


def _wish(
    ref: PanelRef, events: list[Recorded], dice: Dice, cancels: bool, silent: dict[UUID, bool]
) -> Event | None:
    """What this person wants to say now."""
    known = {one.envelope.type for one in events}
    if cancels and PanelCancelRequested.TYPE not in known:
        return PanelCancelRequested(user_id=USER, reason="enough")
    requests = [one.event for one in events if isinstance(one.event, HumanRequested)]
    waiting = awaited(tuple(events), requests[-1].checkpoint_id) if requests else None
    if waiting is None:
        return None
    checkpoint = waiting.checkpoint_id
    if silent.setdefault(checkpoint, dice.strikes("silent-human", str(checkpoint), 0.6)):
        return None
    action = dice.choice(f"action {waiting.checkpoint_id}", waiting.actions)
    return HumanResponded(
        checkpoint_id=waiting.checkpoint_id,
        response_id=row_id(ref.panel_id, "panel_responses", "human", waiting.checkpoint_id),
        round_number=waiting.round_number,
        action=action,
        content="My view.",
        stance=dice.choice(f"stance {waiting.checkpoint_id}", ("support", "oppose", "conditional")),
        user_id=USER,
    )


async def _insist(
    event: Event,
    ref: PanelRef,
    log: SimulatedLog,
    process: Process,
    told: dict[UUID, Command],
    *,
    expected: int,
) -> None:
    """Append, again while the log is unavailable; on a conflict somebody was first and it is let go."""
    now = START + timedelta(seconds=asyncio.get_running_loop().time())
    recorded = seal(event, ref, time=now.astimezone(UTC), user_id=USER)
    while True:
        try:
            await log.append(recorded, expected=expected)
        except LogUnavailable:
            await asyncio.sleep(2.0)
        except Conflict:
            return
        else:
            told[recorded.envelope.id] = Command(ref, recorded.envelope.id, event.TYPE)
            return
