"""What must be appended next: a pure function of everything the log says about the panel.

`decide` asks again and again for the first fact that is missing, until the panel waits for somebody or has
ended. So a crash after any append, a duplicate or a race changes nothing: what is on the log is not missing.

    panel.started → round.started → expert.requested … → round.completed
        → consensus.requested → (the protocol: another round, a human, or) panel.completed / panel.failed
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from askpanel.contracts.blocks import Context
from askpanel.contracts.configuration import NO_CONSENSUS
from askpanel.contracts.events import (
    ConsensusRequested,
    Event,
    ExpertRequested,
    HumanRequested,
    PanelFailed,
    PanelStarted,
    Plan,
    RoundCompleted,
    RoundQuorum,
    RoundStarted,
)
from askpanel.contracts.ids import row_id
from askpanel.orchestrator import chair, endings
from askpanel.orchestrator.protocols import PROTOCOLS
from askpanel.orchestrator.protocols.table import (
    AskHuman,
    Fail,
    Finish,
    Next,
    NextRound,
    PanelProtocol,
    Row,
    Wait,
)
from askpanel.orchestrator.schedule import panel_deadline, round_deadline, step_deadlines
from askpanel.orchestrator.state import PanelState, apply
from askpanel.orchestrator.view import TIME_UP, View, has_result, quorum_needed


@dataclass(frozen=True, slots=True)
class Decision:
    """What to append, in order; nothing means nothing to do. `at` is what its deadlines are counted from."""

    events: tuple[Event, ...]
    at: datetime


def decide(state: PanelState, now: datetime) -> Decision:
    """Every event that is missing now. Deciding after any part of them was appended yields the rest.

    What begins is given its time from `now`, or from the last input where that clock is behind. Two who decide
    the same at different moments differ in those deadlines alone, and the one on the log holds: what belongs to
    a round that has begun takes its deadlines from there.
    """
    events: tuple[Event, ...] = ()
    at = max(state.at, now)
    while missing := _missing(View(state, at)):
        for event in missing:
            state = apply(state, event, at)
        events += missing
    return Decision(events, at)


def _missing(view: View) -> tuple[Event, ...]:
    """The first thing that is missing on the log."""
    state, protocol = view.state, PROTOCOLS[view.state.created.panel_type]
    if state.ending is not None:
        return ()
    if state.cancelled is not None:
        return (endings.cancelled(view),)
    if state.started is None:
        return (_started(view),)
    number = state.round_number
    if number == 0:
        return _begin(view, protocol, 1)
    if number not in state.completed:
        return _speak(view, protocol, number)
    return _conclude(view, protocol, number)


def _started(view: View) -> PanelStarted:
    state, configuration = view.state, view.configuration
    plan = Plan(
        rounds=configuration.max_rounds,
        seats=len(view.experts),
        threshold=configuration.consensus_threshold,
        deadline_at=panel_deadline(state),
    )
    return PanelStarted(protocol=state.created.panel_type, plan=plan)


# --------------------------------------------------------------------------------------- a round


def _begin(view: View, protocol: PanelProtocol, number: int) -> tuple[Event, ...]:
    state = view.state
    if view.over is not None:
        return (endings.without_quorum(view, number, None),)
    rows = protocol.rows(view, number)
    end = round_deadline(state, number, view.configuration.max_rounds, view.at)
    return (
        RoundStarted(
            round_number=number,
            purpose=protocol.announced(number) or rows[0].purpose,
            speakers=tuple(sorted({seat for row in rows for seat in row.who})),
            deadline_at=end,
            steps=step_deadlines(end, tuple(dict.fromkeys(row.step for row in rows)), view.at),
            panel_deadline_at=panel_deadline(state) if state.waits else None,
        ),
    )


def _speak(view: View, protocol: PanelProtocol, number: int) -> tuple[Event, ...]:
    """Ask who has not been asked, wait for who can still answer, then close the round."""
    rows = protocol.rows(view, number)
    if view.over is None and not view.has_passed(number):
        for step, asking in _steps_from(rows, view.state.steps.get(number)):
            if not view.has_passed(number, step):
                missing = _requests(view, number, asking)
                if missing or not view.is_closed(number, step):
                    return missing
            if protocol.halted(view, number) is not None:
                break
    return (_round_completed(view, number, any(row.ballot for row in rows)),)


def _steps_from(rows: tuple[Row, ...], current: str | None) -> list[tuple[str, tuple[Row, ...]]]:
    """The steps of the round that somebody is asked in, from the last one begun on."""
    steps = [(step, tuple(group)) for step, group in groupby(rows, key=lambda row: row.step)]
    names = [step for step, _ in steps]
    begun = names.index(current) if current in names else 0
    return [(step, group) for step, group in steps[begun:] if any(row.who for row in group)]


def _requests(view: View, number: int, rows: tuple[Row, ...]) -> tuple[ExpertRequested, ...]:
    state = view.state
    begun = state.rounds[number]
    ends = {step.step: step.deadline_at for step in begun.steps}
    return tuple(
        ExpertRequested(
            round_number=number,
            step=row.step,
            seat=seat,
            purpose=row.purpose,
            agent_id=(who := view.seat(seat)).agent_id,
            agent_name=who.name,
            agent_version=who.version,
            agent_shared=who.shared,
            role=row.role,
            model=who.model,
            response_type=row.response_type,
            context=Context(blocks=row.sees(seat)),
            attempt_limit=view.configuration.attempt_limit,
            deadline_at=ends.get(row.step, begun.deadline_at),
            answers=row.answers(seat),
        )
        for row in rows
        for seat in row.who
        if (number, row.step, seat, row.purpose) not in state.requested
    )


def _round_completed(view: View, number: int, has_ballots: bool) -> RoundCompleted:
    """Who answered in time. Of experts, in a round with ballots, only those who gave one."""
    spoke = {key[2] for key in view.state.answers if key[0] == number}
    voted = set(view.ballots(number))
    answered = tuple(
        seat for seat in sorted(spoke) if seat in voted or not has_ballots or seat not in view.experts
    )
    experts = sum(seat in view.experts for seat in answered)
    needed = quorum_needed(len(view.experts)) if has_ballots else 0
    return RoundCompleted(
        round_number=number,
        answered=answered,
        missing=tuple(seat for seat in view.experts if seat not in answered),
        quorum=RoundQuorum(needed=needed, answered=experts, seats=len(view.experts), met=experts >= needed),
    )


# --------------------------------------------------------------------------------------- its result


def _conclude(view: View, protocol: PanelProtocol, number: int) -> tuple[Event, ...]:
    """Count the ballots of a closed round, if it had any; then do what the protocol says."""
    state, quorum = view.state, view.state.completed[number].quorum
    if not quorum.met:
        return _without_result(view, protocol, number, protocol.halted(view, number))
    if quorum.needed and view.configuration.method == NO_CONSENSUS:
        return _follow(view, protocol, protocol.uncounted(view, number))
    if quorum.needed:
        if number not in state.counting:
            return (_consensus_requested(view, protocol, number),)
        consensus = state.consensus.get(number)
        if consensus is None:
            return _without_result(view, protocol, number, None) if view.grace_is_over else ()
        if not has_result(consensus):
            return _without_result(view, protocol, number, consensus.recommendation)
    return _follow(view, protocol, protocol.after(view, number))


def _consensus_requested(view: View, protocol: PanelProtocol, number: int) -> ConsensusRequested:
    ballots = [
        given for earlier in protocol.counted_rounds(number) for given in view.ballots(earlier).values()
    ]
    carried = view.carried(number)
    said = list(view.state.human.values())
    human = [one for one in said if one.stance is not None or one.option is not None][-1:] or said[-1:]
    responses = [given.response_id for given in (*ballots, *carried.values(), *human)]
    return ConsensusRequested(
        round_number=number,
        method=protocol.method(view, number),
        responses=tuple(dict.fromkeys(responses)),
        carried=tuple(carried),
        missing=tuple(
            seat for seat in view.experts if seat not in carried and view.ballot(seat, number) is None
        ),
        degraded=endings.degraded(view, protocol, number),
        threshold=view.configuration.consensus_threshold,
    )


def _without_result(view: View, protocol: PanelProtocol, number: int, why: str | None) -> tuple[Event, ...]:
    """A round without a result fails the panel, but at the end of time or budget an earlier result stands.

    Whoever decides late may find what only the end of the time brought about before its alarm: that is told first.
    """
    if view.over is None and view.time_is_up:
        return (TIME_UP,)
    if view.over is not None and view.result is not None:
        return _follow(view, protocol, protocol.after(view, view.concluded))
    return (endings.without_quorum(view, number, why),)


def _follow(view: View, protocol: PanelProtocol, what: Next) -> tuple[Event, ...]:
    match what:
        case Wait():
            return ()
        case Fail(reason, detail):
            return (PanelFailed(reason=reason, detail=detail),)
        case AskHuman():
            return (_human_requested(view, what),)
        case NextRound():
            if view.over is not None:
                return _complete(view, protocol, Finish(view.over))
            return _begin(view, protocol, view.state.round_number + 1)
        case Finish():
            return _complete(view, protocol, what)


def _human_requested(view: View, wanted: AskHuman) -> HumanRequested:
    state = view.state
    minutes = view.configuration.human_deadline_minutes or 0
    checkpoint = row_id(view.panel_id, "checkpoint", view.concluded, wanted.kind, len(state.checkpoints))
    return HumanRequested(
        checkpoint_id=checkpoint,
        round_number=view.concluded,
        kind=wanted.kind,
        question=wanted.question,
        actions=wanted.actions,
        deadline_at=view.at + timedelta(minutes=minutes),
    )


# --------------------------------------------------------------------------------------- the end


def _complete(view: View, protocol: PanelProtocol, finish: Finish) -> tuple[Event, ...]:
    """The one ending with a result; the chair, if wanted, speaks before it and can never prevent it."""
    state, reason = view.state, finish.reason
    if view.over is not None and state.round_number in state.cut and reason != "human_approved":
        reason = view.over
    key = chair.step(view)
    if key in state.requested:
        if not (state.is_done(key) or view.over or view.chair_has_passed):
            return ()
    elif view.configuration.chair and view.result is not None and view.over is None:
        return (chair.requested(view),)
    return (endings.completed(view, protocol, reason, chair.summary(view)),)
