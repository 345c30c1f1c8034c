"""Durable timers: scheduled messages of the stream TIMERS.

A timer is armed before the event that needs it is appended: an alarm for something that never happened
is moot, a deadline without alarm would hang a panel. It may fire late, twice or out of order; the decider
judges what it still means. The alarms of an ended panel are purged.
"""

import asyncio
import json
from datetime import UTC, datetime
from uuid import UUID

from nats.js import JetStreamContext
from pydantic import BaseModel, ConfigDict, ValidationError

from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import TIMERS
from askpanel.orchestrator.timers import Timer, TimerPurpose
from askpanel.runtime import tracing
from askpanel.runtime.errors import Reject
from askpanel.runtime.unavailable import CLIENT_ERRORS, unavailable
from askpanel.runtime.worker import Delivery

ATTEMPTS, ATTEMPT_SECONDS, PAUSE = 4, 2.0, 0.2
"""Together they outlast a change of leader. Giving up at once would cost more: where NATS does not answer, it does not
hear either that the message is handed back, and sends it again only after its whole `ack_wait`."""


class Alarm(BaseModel):
    """The body of a fired timer, as `Timer.body` wrote it; older ones do not say what they were armed for."""

    model_config = ConfigDict(frozen=True)

    purpose: TimerPurpose
    round_number: int | None = None
    checkpoint_id: UUID | None = None
    step: str | None = None
    at: datetime | None = None


async def arm(jetstream: JetStreamContext, panel: PanelRef, timers: tuple[Timer, ...]) -> None:
    """Schedule the timers; a timer of the same purpose is replaced. Raises LogUnavailable."""
    with unavailable(f"timers of {panel.panel_id}"):
        await asyncio.gather(*(_arm(jetstream, panel, timer) for timer in timers))


async def _arm(jetstream: JetStreamContext, panel: PanelRef, timer: Timer) -> None:
    at = timer.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await jetstream.publish(
                panel.timer(timer.purpose_key, "scheduled"),
                json.dumps(timer.body()).encode(),
                headers={
                    "Nats-Schedule": f"@at {at}",
                    "Nats-Schedule-Target": panel.timer(timer.purpose_key, "fired"),
                    **tracing.carried(),  # the fired message keeps it
                },
                timeout=ATTEMPT_SECONDS,
            )
        except CLIENT_ERRORS:
            if attempt == ATTEMPTS:
                raise
            await asyncio.sleep(PAUSE)
        else:
            return


async def disarm(jetstream: JetStreamContext, panel: PanelRef) -> None:
    """Remove what an ended panel left, waiting and fired. Raises LogUnavailable."""
    with unavailable(f"timers of {panel.panel_id}"):
        await jetstream.purge_stream(TIMERS.name, subject=panel.timers())


def fired(delivery: Delivery) -> tuple[PanelRef, Timer]:
    """Panel and timer of an alarm. Raises Reject for anything else."""
    parts = delivery.subject.split(".")
    try:
        if len(parts) != 5 or parts[:2] != ["timer", "fired"]:
            raise ValueError(delivery.subject)
        alarm = Alarm.model_validate_json(delivery.body)
        at = alarm.at or datetime.fromtimestamp(delivery.stored_at, UTC)
        timer = Timer(parts[4], at, alarm.purpose, alarm.round_number, alarm.checkpoint_id, alarm.step)
        return PanelRef.of(parts[2], parts[3]), timer
    except (ValueError, ValidationError) as error:
        raise Reject(f"not a fired timer: {error}") from None
