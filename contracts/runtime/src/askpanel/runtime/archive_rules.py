"""Which panels may leave the log. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from askpanel.contracts.archive import STORED_AT, Message
from askpanel.contracts.events import TERMINAL, PanelCreated
from askpanel.contracts.subjects import type_of


@dataclass(frozen=True, slots=True)
class Limits:
    """Everybody is past `ceiling`, and `slowest` is who is not past more. What was stored at `before` or
    later stays; so does what a dead letter is about, for its retry reads it where it stood.
    """

    ceiling: int
    slowest: str
    before: datetime
    dead: frozenset[int] = frozenset()


def why_held(messages: Sequence[Message], limits: Limits) -> str:
    """Why a panel stays on the log; empty when it may leave. `messages`: all it has, in order; at least one.

    Messages of a panel that never began may leave: nothing follows from them. The attempts of an ended panel
    have their costs on the log when `ceiling` is behind them, since a cost is appended before its attempt is
    acknowledged.
    """
    kinds = {type_of(message.subject) for message in messages}
    last = messages[-1]
    if PanelCreated.TYPE in kinds and kinds.isdisjoint(TERMINAL):
        return "has not ended"
    if datetime.fromisoformat(last.headers[STORED_AT]).astimezone(UTC) >= limits.before:
        return "is too young"
    if last.sequence > limits.ceiling:
        return f"waits for {limits.slowest}, which is at {limits.ceiling}"
    if any(message.sequence in limits.dead for message in messages):
        return "has a dead letter: retry or drop it"
    return ""
