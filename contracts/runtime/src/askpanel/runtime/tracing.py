"""Where this process is in a trace, and the spans it leaves: the one door to tracing.

    a request or message comes in     `arrived`, `processing`: from here on logs know its trace
    an event or message goes out      `sending`, `carried`: it takes the trace along
    in between                        `inside`, `note`, `mark`

Off, or in a trace that is not sampled, no span is made and nothing of OpenTelemetry is imported: a message's
trace context is passed on as it came, which costs a lookup. On, `askpanel.runtime.spans` does the work.

A panel is one trace. Work that follows at once is a child of its cause. Work that comes late, by a timer, a
redelivery or a person, hangs below the panel's beginning and links to its cause; what reads many panels at
once (the projector) or comes and goes (a stream's client) has a trace of its own that links to theirs.
"""

import random
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ParamSpec

from askpanel.contracts.envelope import Envelope, Recorded
from askpanel.contracts.topology import Durable, Stream
from askpanel.runtime import tracecontext
from askpanel.runtime.conventions import Attributes, Named
from askpanel.runtime.tracecontext import TRACEPARENT, TRACESTATE, TraceContext

if TYPE_CHECKING:
    from askpanel.runtime.settings import ServiceSettings
    from askpanel.runtime.spans import RequestSpan, Spans

P = ParamSpec("P")
_NOTHING = nullcontext()


@dataclass(frozen=True, slots=True)
class _Place:
    """What came in here: its trace headers as they were, and of a message its subject and panel.

    `begun_here`: it came without a trace and was given one, about which nobody else has decided yet.
    """

    traceparent: str | None
    tracestate: str | None
    begun_here: bool = False
    subject: str = ""
    panel_id: str = ""


_here: ContextVar[_Place | None] = ContextVar("askpanel_place", default=None)
_spans: "Spans | None" = None


@contextmanager
def exported(service: str, settings: "ServiceSettings") -> Generator[None]:
    """Send traces and metrics to the collector of the settings meanwhile; without one this does nothing."""
    if not settings.otlp_endpoint:
        yield
        return
    from askpanel.runtime import otlp

    with otlp.exporting(service, settings) as spans, recorded_by(spans):
        yield


@contextmanager
def recorded_by(spans: "Spans") -> Generator[None]:
    """Have these make the spans of this process meanwhile."""
    global _spans
    _spans = spans
    try:
        yield
    finally:
        _spans = None


# ------------------------------------------------------------------------------------------- coming in


def arrived(traceparent: str | None, tracestate: str | None) -> None:
    """A request from outside came: go on with its trace, or begin one."""
    outer = tracecontext.from_outside(traceparent, tracestate)
    place = (outer or _new()).headers()
    _here.set(_Place(place[TRACEPARENT], place.get(TRACESTATE), begun_here=outer is None))


def request(method: str, scheme: str) -> "AbstractContextManager[RequestSpan] | None":
    """The span of the request that arrived; None where there is none to make."""
    if _spans is None:
        return None
    here = _here.get()
    return _spans.request(method, scheme, None if here is None or here.begun_here else _read(here))


def processing(
    subject: str, headers: Mapping[str, str], durable: Durable, attempt: int
) -> AbstractContextManager[None]:
    """A message is being handled."""
    parent, state = headers.get(TRACEPARENT), headers.get(TRACESTATE)
    _here.set(_Place(parent, state, subject=subject, panel_id=_panel(subject, headers)))
    return _NOTHING if _spans is None else _spans.processing(subject, headers, durable, attempt)


def processing_batch(
    stream: Stream, group: str, messages: Sequence[Mapping[str, str]]
) -> AbstractContextManager[None]:
    """Messages, given by their headers, are being handled as one."""
    return _NOTHING if _spans is None else _spans.processing_batch(stream, group, messages)


# ------------------------------------------------------------------------------------------- going out


def sending(recorded: Recorded) -> AbstractContextManager[Recorded]:
    """An event is being appended: gives it as it is to be written, with its place in the trace."""
    span = None if _spans is None else _spans.sending(recorded)
    return nullcontext(_placed(recorded)) if span is None else span


def carried() -> dict[str, str]:
    """The trace headers for a message that is no event; empty where there is no trace."""
    place = None if _spans is None else _spans.current()
    if place is not None:
        return place.headers()
    here = _here.get()
    given = None if here is None else _read(here)
    return {} if given is None else given.headers()


# --------------------------------------------------------------------------------------------- between


def inside(describe: Callable[P, Named], *args: P.args, **kwargs: P.kwargs) -> AbstractContextManager[None]:
    """A step of the work, as a function of `conventions` names it, which is asked only if it is recorded."""
    if _spans is None or _spans.current() is None:
        return _NOTHING
    return _spans.inside(describe(*args, **kwargs))


def note(describe: Callable[P, Attributes], *args: P.args, **kwargs: P.kwargs) -> None:
    """Say more of the step that is going on."""
    if _spans is not None and _spans.current() is not None:
        _spans.note(describe(*args, **kwargs))


def recording() -> bool:
    """Whether the step that is going on is recorded."""
    return _spans is not None and _spans.current() is not None


def mark(name: str, **attributes: str | int) -> None:
    """Something happened in the step that is going on."""
    if _spans is not None:
        _spans.mark(name, attributes)


def link(envelope: Envelope) -> None:
    """The step that is going on has to do with this event's trace."""
    if _spans is not None and (place := _of(envelope)) is not None:
        _spans.link(place)


# ---------------------------------------------------------------------------------------------- telling


def trace_id() -> str:
    """The trace that is going on, 32 hex digits; zeros where there is none."""
    place = None if _spans is None else _spans.current()
    here = _here.get()
    if place is None and here is not None:
        place = _read(here)
    return "0" * 32 if place is None else place.trace_id


def told() -> dict[str, str]:
    """What a log line says of where it was written: ids of trace, tenant and panel, as far as known."""
    here = _here.get()
    if here is None:
        return {}
    found = {} if int(trace := trace_id(), 16) == 0 else {"trace_id": trace}
    parts = here.subject.split(".")
    if len(parts) > 2:
        found["tenant_id"] = parts[2]
    if here.panel_id:
        found["panel_id"] = here.panel_id
    return found


def _panel(subject: str, headers: Mapping[str, str]) -> str:
    """The panel a message is about; a timer says it in its subject alone."""
    return headers.get("ce-panelid") or (subject.split(".")[3] if subject.startswith("timer.") else "")


def _placed(recorded: Recorded) -> Recorded:
    """An event nothing led to gets the trace that is going on."""
    if recorded.envelope.traceparent is not None or (here := _here.get()) is None:
        return recorded
    where = {TRACEPARENT: here.traceparent, TRACESTATE: here.tracestate}
    return replace(recorded, envelope=replace(recorded.envelope, **where))


def _read(place: _Place) -> TraceContext | None:
    return tracecontext.read(place.traceparent, place.tracestate)


def _of(envelope: Envelope) -> TraceContext | None:
    return tracecontext.read(envelope.traceparent, envelope.tracestate)


def _new() -> TraceContext:
    """A trace that nobody records, so that logs, answers and events still have an id in common."""
    return TraceContext(_hex(128), _hex(64), sampled=False)


def _hex(bits: int) -> str:
    number = random.getrandbits(bits) or 1
    return format(number, f"0{bits // 4}x")
