"""How a panel ends: completed or failed, what made the result degraded, what it cost."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TypedDict

from askpanel.contracts.events import (
    FailureReason,
    PanelCompleted,
    PanelFailed,
    PanelFailureReason,
    StopReason,
)
from askpanel.orchestrator.protocols.table import PanelProtocol
from askpanel.orchestrator.state import PanelState
from askpanel.orchestrator.view import View, quorum_needed
from askpanel.orchestrator.visibility import distinct

PROVIDER_FAILURES: frozenset[FailureReason] = frozenset(
    {"rate_limited", "provider_error", "misconfigured", "network", "timeout"}
)
"""Failures on the way to a model, as against what a model said."""


def completed(view: View, protocol: PanelProtocol, reason: StopReason, summary: str | None) -> PanelCompleted:
    """The ending with the last consensus, or, for a tenant without consensus, with the answers alone."""
    state, result = view.state, view.result
    cut_off = () if reason not in ("deadline_passed", "budget_exceeded") else (_CUT_OFF[reason],)
    notes = (*cut_off, *degraded(view, protocol), *(() if result is None else result.degraded))
    approval = next((said for said in state.human.values() if said.action == "approve"), None)
    return PanelCompleted(
        rounds=max(state.completed, default=0),
        consensus_level=None if result is None else result.consensus_level,
        recommendation=_uncounted(view) if result is None else result.recommendation,
        summary=summary,
        stop_reason=reason,
        ratified_by=approval.user_id if approval is not None and reason == "human_approved" else None,
        degraded=distinct(notes),
        **_cost(state),
        duration_ms=duration_ms(state),
    )


_CUT_OFF = {
    "deadline_passed": "The time limit ended the panel early.",
    "budget_exceeded": "The budget ended the panel early.",
}


def _uncounted(view: View) -> str:
    answers = len(view.ballots(1))
    return f"{answers} experts answered. Consensus is switched off here, so nothing was counted."


def cancelled(view: View) -> PanelFailed:
    """A person ended it."""
    wish = view.state.cancelled
    said = wish.reason.strip() if wish is not None else ""
    return PanelFailed(reason="cancelled", detail=f"Cancelled: {said}" if said else "Cancelled.")


def without_quorum(view: View, number: int, why: str | None) -> PanelFailed:
    """No result at all. `why` is a sentence where it was not simply that too few answered.

    Timeouts alone, at the end of the time, blame no provider: what is asked too late is refused as one.
    """
    failures = _first_round_failures(view)
    ran_out = view.over == "deadline_passed" and set(failures) == {"timeout"}
    if not view.ballots(number) and failures and not ran_out:
        reasons = ", ".join(sorted(set(failures)))
        return PanelFailed(
            reason="providers_unavailable",
            detail=f"No expert could be asked: no model provider answered ({reasons}).",
        )
    if view.over is not None:
        reason: PanelFailureReason = (
            "deadline_passed" if view.over == "deadline_passed" else "budget_exceeded"
        )
        ended = "The time limit was reached" if reason == "deadline_passed" else "The budget was used up"
        return PanelFailed(reason=reason, detail=f"{ended} before there was a consensus.")
    seats = len(view.experts)
    answered = len(view.ballots(number))
    counts = f"{answered} of {seats} experts answered round {number}; {quorum_needed(seats)} are needed."
    return PanelFailed(reason="quorum_not_met", detail=why or counts)


def _first_round_failures(view: View) -> tuple[FailureReason, ...]:
    """Why each seat failed, if all failed on the way to their models and nobody answered; else nothing."""
    failures = view.state.failures
    if view.state.answers or len(failures) < len(view.state.requested):
        return ()
    if any(failure.reason not in PROVIDER_FAILURES for failure in failures.values()):
        return ()
    return tuple(failure.reason for failure in failures.values())


def degraded(view: View, protocol: PanelProtocol, until: int | None = None) -> tuple[str, ...]:
    """Sentences that say what is missing from the result, up to and including a round."""
    rounds = sorted(number for number in view.state.completed if until is None or number <= until)
    return distinct(
        note for number in rounds for note in (*_round_notes(view, number), *protocol.notes(view, number))
    )


def _round_notes(view: View, number: int) -> Iterator[str]:
    if view.state.completed[number].quorum.needed:
        for seat in view.experts if number == 1 else view.members:
            if view.ballot(seat, number) is None:
                earlier = "; the earlier ballot is carried" if seat in view.carried(number) else ""
                yield f"{view.seat(seat).name} did not answer in round {number}{earlier}."
    if number in view.state.cut:
        yield f"Round {number} was closed before everybody had answered."


class Cost(TypedDict, total=False):
    """What `panel.completed` says of money."""

    cost_usd: Decimal
    recorded_usd: Decimal
    uncosted_calls: int
    unpriced_calls: int


def _cost(state: PanelState) -> Cost:
    """What the attempts cost in USD; what is known of it while one is at work or not recorded, or has no known price.

    A request counts as at work: that its call has begun no decision knows.
    """
    recorded = [state.costs[attempt] for attempt in state.attempts if attempt in state.costs]
    known = [value for value in recorded if value is not None]
    total = sum(known, Decimal(0))
    uncosted = len(state.attempts) - len(recorded) + state.in_flight()
    unpriced = len(recorded) - len(known)
    if not uncosted and not unpriced:
        return Cost(cost_usd=total)
    return Cost(recorded_usd=total, uncosted_calls=uncosted, unpriced_calls=unpriced)


def duration_ms(state: PanelState) -> int:
    """From the question to the last input, waits for humans included."""
    return max(0, round((state.at - state.created_at).total_seconds() * 1000))
