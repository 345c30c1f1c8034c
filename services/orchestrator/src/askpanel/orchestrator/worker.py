"""Events and alarms in, decisions out: the only part of the orchestrator that touches the log.

1. Take a message. 2. Have the panel folded: kept from before and provably complete, or read from the
log. 3. Decide. 4. Arm the timers of what was decided, then append event by event, each expecting the
panel as it was folded; when somebody appended in between, fold that and decide again. 5. Only then is the
message acknowledged. A crash anywhere repeats the step; the ids make the repetition harmless.
"""

from datetime import UTC, datetime

from askpanel.contracts.envelope import Envelope, Recorded, seal
from askpanel.contracts.events import TERMINAL, Event
from askpanel.contracts.subjects import PanelRef
from askpanel.orchestrator import alarms
from askpanel.orchestrator.decider import decide
from askpanel.orchestrator.panels import Panel, Panels
from askpanel.orchestrator.state import PanelState, evolve
from askpanel.orchestrator.timers import deadline, timers
from askpanel.runtime.errors import Conflict, Reject
from askpanel.runtime.log import EventLog
from askpanel.runtime.worker import Delivery

MOST_DECISIONS = 100
"""Decisions for one message: far above any protocol, so reaching it is a bug and not a busy panel."""


class Orchestrator:
    """Runs every panel. Two of them may run the same one: the log lets each step happen once."""

    def __init__(self, log: EventLog, panels: Panels) -> None:
        self._log = log
        self._panels = panels

    async def on_event(self, delivery: Delivery) -> None:
        """Something happened in a panel."""
        self._panels.delivered(delivery.consumer_sequence)
        recorded = delivery.decode()
        ref = recorded.envelope.panel
        async with self._panels.hold(ref) as panel:
            if panel.state is None or panel.proof != self._panels.proof:
                await self._read(ref, panel)
            elif recorded.sequence > panel.sequence:
                _fold(panel, recorded)
            await self._advance(ref, panel, recorded.envelope)

    async def on_alarm(self, delivery: Delivery) -> None:
        """A timer went off: say so on the log if it still means anything, and act on it."""
        ref, alarm = alarms.fired(delivery)
        async with self._panels.hold(ref) as panel:
            await self._read(ref, panel)
            if panel.state is None:
                return
            for _ in range(MOST_DECISIONS):
                passed = deadline(
                    panel.state, alarm.purpose, alarm.round_number, alarm.checkpoint_id, alarm.step
                )
                if passed is None or await self._append(ref, panel, passed, None):
                    break
            await self._advance(ref, panel, None)
            if panel.state.ending is not None:
                await alarms.disarm(self._log.jetstream, ref)

    async def _read(self, ref: PanelRef, panel: Panel) -> None:
        """Fold the panel from the log, or what is new there."""
        if panel.proof != self._panels.proof:
            panel.state, panel.sequence, panel.proof = None, 0, self._panels.proof
        for recorded in await self._log.read(ref, after=panel.sequence):
            _fold(panel, recorded)

    async def _advance(self, ref: PanelRef, panel: Panel, cause: Envelope | None) -> None:
        for _ in range(MOST_DECISIONS):
            if panel.state is None:
                raise Reject("the panel has no panel.created")
            events = decide(panel.state).events
            if not events:
                return
            await alarms.arm(self._log.jetstream, ref, tuple(t for event in events for t in timers(event)))
            for event in events:
                if not await self._append(ref, panel, event, cause):
                    break
                if event.TYPE in TERMINAL:
                    await alarms.disarm(self._log.jetstream, ref)
                    self._panels.drop(ref)
                    return
        raise RuntimeError(f"panel {ref.panel_id} decides without end")

    async def _append(self, ref: PanelRef, panel: Panel, event: Event, cause: Envelope | None) -> bool:
        """True when the event stands on the log; False when the panel had moved on and is folded anew."""
        recorded = seal(event, ref, time=datetime.now(UTC), cause=cause)
        try:
            sequence = await self._log.append(recorded, expected=panel.sequence)
        except Conflict:
            await self._read(ref, panel)
            return False
        _fold(panel, recorded.at(sequence))
        return True


def _fold(panel: Panel, recorded: Recorded) -> None:
    panel.state = _evolved(panel.state, recorded)
    panel.sequence = max(panel.sequence, recorded.sequence)


def _evolved(state: PanelState | None, recorded: Recorded) -> PanelState | None:
    return evolve(state, recorded)
