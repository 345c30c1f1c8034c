"""W3C trace context as the two header values that travel with a message. Pure.

    traceparent   00-<trace, 32 hex>-<span, 16 hex>-<01 sampled | 00 not>
    tracestate    what tracing systems add; ours is `askpanel=<span>`: the span at which a panel's trace begins

The entry in tracestate is for work that comes late (a timer, a redelivery, a person's answer): it belongs to
the panel's trace, and what led to it ended long ago. Such a span hangs below the beginning and links to its
cause. Source: W3C Trace Context, Recommendation of 2021-11-23, sections 3.2 and 3.3.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

TRACEPARENT, TRACESTATE = "traceparent", "tracestate"
OURS = "askpanel"
LONGEST_STATE = 512
"""Characters of tracestate that are passed on; a longer one is dropped whole."""

_PARENT = re.compile(
    r"(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_STATE = re.compile(r"[\x20-\x7e]*")
_SPAN = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A place in a trace: ids in hex, whether the trace is recorded, and the value of tracestate."""

    trace_id: str
    span_id: str
    sampled: bool
    state: str = ""

    def headers(self) -> dict[str, str]:
        """As a message carries it."""
        parent = {TRACEPARENT: f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"}
        return parent | {TRACESTATE: self.state} if self.state else parent

    @property
    def root(self) -> "TraceContext":
        """Where the panel's trace begins; this very place where that is not known."""
        begun = _entries(self.state).get(OURS, "")
        return replace(self, span_id=begun) if _SPAN.fullmatch(begun) else self

    @property
    def begun(self) -> "TraceContext":
        """The same place, named in tracestate as the beginning unless one is named already."""
        if OURS in _entries(self.state):
            return self
        return replace(self, state=",".join(filter(None, (f"{OURS}={self.span_id}", self.state))))


def read(traceparent: str | None, tracestate: str | None = None) -> TraceContext | None:
    """The place that two header values name; None for no or no valid traceparent, which voids both."""
    found = _PARENT.fullmatch(traceparent) if traceparent else None
    if found is None or (found[1] == "00" and found[5]):
        return None
    state = tracestate or ""
    if len(state) > LONGEST_STATE or not _STATE.fullmatch(state):
        state = ""
    return TraceContext(found[2], found[3], bool(int(found[4], 16) & 1), state)


def of_message(headers: Mapping[str, str]) -> TraceContext | None:
    """The place at which a message was sent."""
    return read(headers.get(TRACEPARENT), headers.get(TRACESTATE))


def from_outside(traceparent: str | None, tracestate: str | None) -> TraceContext | None:
    """As `read`, for what a client of ours sent: it cannot name the beginning of a panel's trace."""
    place = read(traceparent, tracestate)
    if place is None or OURS not in place.state:
        return place
    others = (entry.strip() for entry in place.state.split(",") if entry.partition("=")[0].strip() != OURS)
    return replace(place, state=",".join(others))


def _entries(state: str) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in state.split(",") if "=" in entry)
    return {name.strip(): value.strip() for name, _, value in pairs}
