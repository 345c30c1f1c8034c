"""Events and alarms in, decisions out: the only part of the orchestrator that touches the log.

1. Take a message. 2. Have the panel folded: kept from before and provably complete, or read from the
log. 3. Decide, by this process's clock. 4. Arm the timers of what was decided, then append: event by event,
each expecting the panel as it was folded; what is settled side by side, unless the panel was cut short
meanwhile. When somebody appended in between, fold that and decide again. 5. Only then is the message
acknowledged. A crash anywhere repeats the step; the ids make the repetition harmless.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

from askpanel.contracts.envelope import Envelope, Recorded, decode, seal
from askpanel.contracts.events import (
    ConsensusRequested,
    Event,
    ExpertRequested,
    PanelCreated,
    RoundCompleted,
)
from askpanel.contracts.subjects import PanelRef
from askpanel.orchestrator import alarms
from askpanel.orchestrator.decider import Decision, decide
from askpanel.orchestrator.panels import PANEL, Panel, Panels
from askpanel.orchestrator.timers import Timer, deadline, moved, timers
from askpanel.runtime.errors import AlreadyThere, Conflict, Reject
from askpanel.runtime.log import EventLog, is_recent
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
            if panel.ended and not await self._begun_anew(ref, panel, recorded):
                return
            await self._take_in(ref, panel, recorded)
            await self._advance(ref, panel, recorded.envelope, recent=_is_recent(delivery))

    async def on_alarm(self, delivery: Delivery) -> None:
        """A timer went off: say so on the log if it still means anything, and act on it."""
        ref, timer = alarms.fired(delivery)
        async with self._panels.hold(ref) as panel:
            await self._read(ref, panel)
            if panel.ended:
                await alarms.disarm(self._log.jetstream, ref)
            for _ in range(MOST_DECISIONS):
                if panel.state is None:
                    return
                later = moved(timer, panel.state)
                if later is not None and later.at > timer.at:
                    await alarms.arm(self._log.jetstream, ref, (later,))
                    break
                passed = deadline(
                    panel.state, timer.purpose, timer.round_number, timer.checkpoint_id, timer.step
                )
                if passed is None:
                    break
                now = datetime.now(UTC)
                await alarms.arm(self._log.jetstream, ref, timers(passed, panel.state, now))
                if await self._append(ref, panel, passed, now, None):
                    break
            await self._advance(ref, panel, None, recent=_is_recent(delivery))

    async def _begun_anew(self, ref: PanelRef, panel: Panel, recorded: Recorded) -> bool:
        """Whether an ended panel was erased and asked again since, so that this event is of what began then.

        Its beginning may have gone to another process, if there is a gap in the deliveries; then the log is asked.
        """
        if recorded.sequence <= panel.sequence:
            return False
        if isinstance(recorded.event, PanelCreated):
            return True
        if panel.proof == self._panels.proof:
            return False
        begun = await self._log.find(ref, PanelCreated.TYPE)
        return begun is not None and begun.sequence > panel.sequence

    async def _take_in(self, ref: PanelRef, panel: Panel, recorded: Recorded) -> None:
        """Have everything folded up to this event, at least."""
        proven = panel.proof == self._panels.proof
        if panel.state is None and isinstance(recorded.event, PanelCreated):
            panel.forget(self._panels.proof)  # the first event of its panel: there is nothing before it
            panel.fold(recorded)
        elif panel.state is None or not proven:
            await self._read(ref, panel)
        elif recorded.sequence > panel.sequence:
            panel.fold(recorded)

    async def _read(self, ref: PanelRef, panel: Panel, *, until: int | None = None) -> None:
        """Fold the panel from the log, or what is new there."""
        if panel.proof != self._panels.proof:
            panel.forget(self._panels.proof)
        for recorded in await self._log.read(ref, after=panel.sequence, until=until):
            panel.fold(recorded)

    async def _advance(self, ref: PanelRef, panel: Panel, cause: Envelope | None, *, recent: bool) -> None:
        for _ in range(MOST_DECISIONS):
            if panel.ended:
                return
            if panel.state is None:
                raise Reject("the panel has no panel.created")
            decision = decide(panel.state, datetime.now(UTC))
            if not decision.events:
                return
            armed = tuple(
                timer for event in decision.events for timer in timers(event, panel.state, decision.at)
            )
            await alarms.arm(self._log.jetstream, ref, armed)
            complete = await self._append_all(ref, panel, decision, cause, recent=recent)
            if panel.ended:
                await alarms.disarm(self._log.jetstream, ref)
            else:
                await self._follow(ref, panel, armed)
            if complete:
                return
        raise RuntimeError(f"panel {ref.panel_id} decides without end")

    async def _follow(self, ref: PanelRef, panel: Panel, armed: Sequence[Timer]) -> None:
        """Move alarms to the deadlines on the log, where another process decided the same and was first."""
        state = panel.state
        if state is not None:
            late = tuple(one for timer in armed if (one := moved(timer, state)) is not None)
            await alarms.arm(self._log.jetstream, ref, late)

    async def _append_all(
        self, ref: PanelRef, panel: Panel, decision: Decision, cause: Envelope | None, *, recent: bool
    ) -> bool:
        """Whether the decision stands on the log, and nothing else came in between.

        `recent`: what led to it is young, so the server still knows every earlier copy of what is decided.
        Otherwise only the expected sequence protects from a second copy, and each event has its own.
        """
        unread: int | None = None
        for settled, group in groupby(decision.events, lambda event: recent and is_settled(event)):
            if settled:
                last = await self._append_beside(ref, panel, tuple(group), decision.at, cause)
                if last is None:
                    return False
                unread = last if last > panel.sequence else unread
                continue
            if unread is not None:
                break
            for event in group:
                if not await self._append(ref, panel, event, decision.at, cause):
                    return False
        if unread is not None:
            await self._read(ref, panel, until=unread)
        return unread is None

    async def _append(
        self, ref: PanelRef, panel: Panel, event: Event, at: datetime, cause: Envelope | None
    ) -> bool:
        """True when the event stands on the log; False when the panel had moved on and is folded anew."""
        recorded = seal(event, ref, time=at, cause=cause)
        try:
            sequence = await self._log.append(recorded, expected=panel.sequence)
        except Conflict as conflict:
            for newer in conflict.newer:
                panel.fold(decode(*newer))
            return False
        panel.fold(recorded.at(sequence))
        return True

    async def _append_beside(
        self, ref: PanelRef, panel: Panel, events: Sequence[Event], at: datetime, cause: Envelope | None
    ) -> int | None:
        """Append all at once; the sequence of the last. None when there is more to know, which is folded: the panel
        was cut short, or this was decided before, from what has grown since.

        They are folded only if nothing can have come before or between them.
        """
        decided = [seal(event, ref, time=at, cause=cause) for event in events]
        try:
            sequences = await self._log.append_beside(decided, noun=PANEL, expected=panel.turn)
        except (AlreadyThere, Conflict):
            await self._read(ref, panel)
            return None
        if sorted(sequences) == list(range(panel.sequence + 1, panel.sequence + 1 + len(decided))):
            for sequence, recorded in sorted(zip(sequences, decided, strict=True), key=lambda pair: pair[0]):
                panel.fold(recorded.at(sequence))
        return max(sequences)


def _is_recent(delivery: Delivery) -> bool:
    return is_recent(delivery.stored_at, time.time())


def is_settled(event: Event) -> bool:
    """Whether only an event of the panel as a whole can still forbid this decision, such as a cancel.

    Requests follow from what stands on the log, and so does the end of a round that everybody answered. A
    cost or a late failure that comes in between changes nothing; it is folded before the next decision. The chair's
    deadline is counted from the moment of its decision, so another's request would not be the same.
    """
    match event:
        case ExpertRequested():
            return event.role != "chair"
        case ConsensusRequested():
            return True
        case RoundCompleted():
            return not event.missing
        case _:
            return False
