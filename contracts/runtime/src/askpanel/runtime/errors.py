"""What can go wrong between a service and the log.

    LogError
    ├── Conflict            somebody appended first; read again and decide again
    ├── AlreadyThere        the very event stood there before, where it had to be news
    ├── LogUnavailable      the outcome is unknown or refused for now; try later with the same id
    ├── LogMisconfigured    no such stream or no right to it: a bug or a wrong set-up, not a passing fault
    └── EventTooLarge       above the server's payload limit; reject the input

What a handler may raise for one message:

    Retry(after)            not now: deliver it again in `after` seconds
    Reject(reason)          never: to the dead letters
"""

from collections.abc import Sequence

Raw = tuple[str, dict[str, str], bytes, int]
"""A message of the log: subject, headers, body, sequence."""


class LogError(Exception):
    """Base of what the log answers when it does not take or give an event."""


class Conflict(LogError):
    """The panel has moved on: `actual` is the sequence of the last event in the way, `expected` was ours.

    `newer`: every message of the panel after what the caller had read, when the log was asked again, as
    the arguments of `decode`: that this build cannot read one of them is no matter of the append.
    """

    def __init__(self, expected: int, actual: int, newer: Sequence[Raw] = ()) -> None:
        super().__init__(f"the panel's last sequence is {actual}, not {expected}")
        self.expected = expected
        self.actual = actual
        self.newer = newer


class AlreadyThere(LogError):
    """The event stood on the log before its append was tried: whoever appended it has done this before."""


class LogUnavailable(LogError):
    """The log did not confirm in time, or is full. Nothing is known to be lost or stored."""


class LogMisconfigured(LogError):
    """No stream answers for this subject, or a stream, consumer or bucket differs from the contract."""


class EventTooLarge(LogError):
    """The event is above the server's payload limit."""


class Retry(Exception):
    """Handle this message again in `after` seconds."""

    def __init__(self, after: float, reason: str = "") -> None:
        super().__init__(reason or f"retry in {after} s")
        self.after = after


class Reject(Exception):
    """This message can never be handled; the text is the reason in the dead letter."""
