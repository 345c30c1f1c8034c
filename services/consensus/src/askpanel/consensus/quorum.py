"""Did enough seats, of enough models, answer?"""

from __future__ import annotations

from collections.abc import Sequence

from askpanel.consensus.ballots import Answer, Ballots, Seat
from askpanel.consensus.fold import last_by_seat
from askpanel.consensus.result import Quorum


def quorum(seats: Sequence[Seat], answers: Sequence[Answer], ballots: Ballots) -> Quorum:
    """At least half of the planned expert seats, rounded up, never fewer than 2, have answered.

    Also needed: two readable ballots, and two models among the answers where the seats have more than
    one: were given them, or answer with them now. Carried ballots, humans, moderators and judges do not count as answers. 5 seats need 3.
    """
    experts = [answer for answer in last_by_seat(answers) if answer.role == "expert"]
    fresh = [answer for answer in experts if not answer.carried]
    planned = [seat for seat in seats if seat.role == "expert"]
    size = len(planned) or len(experts)
    needed = max(2, (size + 1) // 2)
    models = {answer.model for answer in fresh if answer.model is not None}
    expected = {seat.model for seat in planned if seat.model is not None} | models
    readable = sum(len(ballot.members) for ballot in ballots.voters)
    reason = None
    if len(fresh) < needed:
        reason = f"quorum not met, {len(fresh)} of {size} seats answered and {needed} are needed"
    elif readable < 2:
        reason = f"quorum not met, {readable} readable ballots and 2 are needed"
    elif len(expected) > 1 and len(models) < 2:
        reason = "quorum not met, only one model answered and the seats have more than one"
    return Quorum(needed, len(fresh), size, len(models), reason is None, reason)
