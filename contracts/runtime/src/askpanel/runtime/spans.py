"""Spans by OpenTelemetry: the only module that makes them. Imported where traces are exported.

Only what is sampled is made: a trace whose context says it is not recorded costs no span, so whoever asks
`current` finds either a span that will be exported or nothing.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision as Sampled
from opentelemetry.sdk.trace.sampling import ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    TraceState,
)
from opentelemetry.util.types import Attributes as OtelAttributes

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.topology import PANELS, Durable, Stream
from askpanel.runtime import conventions, tracecontext
from askpanel.runtime.conventions import ERROR_TYPE, Attributes, Kind, Named
from askpanel.runtime.errors import Conflict, Retry
from askpanel.runtime.tracecontext import TraceContext

KINDS: Mapping[Kind, SpanKind] = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}
ORDINARY = (Conflict, Retry)
"""What is raised in the ordinary course of things: named in the span, which is no error for it."""


class RequestSpan:
    """The span of a request; `answered` completes it when its route and status are known."""

    def __init__(self, span: Span, method: str) -> None:
        self._span = span
        self._method = method

    def answered(self, route: str | None, panel: str | None, status: int | None) -> None:
        """Name it after its route. A status of None: the client went away first."""
        if route is not None:
            self._span.update_name(f"{self._method} {route}")
        told = conventions.answered(route, panel, status)
        self._span.set_attributes(told)
        if ERROR_TYPE in told:
            self._span.set_status(StatusCode.ERROR)


class Spans:
    """Makes the spans of a process with one tracer; see `tracing` for what each is."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def current(self) -> TraceContext | None:
        """The span that is going on here, if it is recorded."""
        context = trace.get_current_span().get_span_context()
        return _place(context) if context.trace_flags.sampled else None

    @contextmanager
    def request(self, method: str, scheme: str, parent: TraceContext | None) -> Generator[RequestSpan]:
        """Sampled as the caller's trace is, or by the ratio."""
        named = conventions.request(method, scheme)
        with self._span(named, parent) as span:
            yield RequestSpan(span, named.name)

    def processing(
        self, subject: str, headers: Mapping[str, str], durable: Durable, attempt: int
    ) -> AbstractContextManager[None]:
        """A child of what sent it; what comes late hangs below the panel's beginning."""
        sent = tracecontext.of_message(headers)
        if sent is not None and not sent.sampled:
            return nullcontext()
        named = conventions.process(subject, headers, durable, attempt)
        if sent is not None and (attempt > 1 or durable.stream != PANELS.name):
            return self._nameless(named, sent.root, [sent])
        return self._nameless(named, sent)

    def processing_batch(
        self, stream: Stream, group: str, messages: Sequence[Mapping[str, str]]
    ) -> AbstractContextManager[None]:
        """A trace of its own, recorded if any of theirs is."""
        places = [place for place in map(tracecontext.of_message, messages) if place and place.sampled]
        if not places:
            return nullcontext()
        return self._nameless(conventions.process_batch(stream, group, len(messages)), None, places)

    def sending(self, recorded: Recorded) -> AbstractContextManager[Recorded] | None:
        """The event with its own span as its place. None where no trace that is recorded goes on."""
        envelope, here = recorded.envelope, self.current()
        there = tracecontext.read(envelope.traceparent, envelope.tracestate)
        if there is None or (here is not None and here.trace_id == there.trace_id):
            return None if here is None else self._sending(recorded, here, [])
        if not there.sampled:
            return None
        if here is not None:
            self.link(there)
        return self._sending(recorded, there.root, [] if here is None else [here])

    @contextmanager
    def _sending(
        self, recorded: Recorded, parent: TraceContext, links: Iterable[TraceContext]
    ) -> Generator[Recorded]:
        with self._span(conventions.send(recorded.envelope), parent, links) as span:
            place = replace(_place(span.get_span_context()), state=parent.state).begun.headers()
            envelope = replace(
                recorded.envelope,
                traceparent=place[tracecontext.TRACEPARENT],
                tracestate=place[tracecontext.TRACESTATE],
            )
            yield replace(recorded, envelope=envelope)

    @contextmanager
    def inside(self, named: Named) -> Generator[None]:
        """A child of what is going on."""
        with self._span(named, self.current()):
            yield

    def note(self, attributes: Attributes) -> None:
        """More attributes of the current span; an error's type makes it one."""
        span = trace.get_current_span()
        span.set_attributes(attributes)
        if ERROR_TYPE in attributes:
            span.set_status(StatusCode.ERROR)

    def mark(self, name: str, attributes: Attributes) -> None:
        """An event of the current span."""
        trace.get_current_span().add_event(name, attributes)

    def link(self, place: TraceContext) -> None:
        """A link of the current span."""
        trace.get_current_span().add_link(_context(place))

    @contextmanager
    def _nameless(
        self, named: Named, parent: TraceContext | None, links: Iterable[TraceContext] = ()
    ) -> Generator[None]:
        with self._span(named, parent, links):
            yield

    @contextmanager
    def _span(
        self, named: Named, parent: TraceContext | None, links: Iterable[TraceContext] = ()
    ) -> Generator[Span]:
        """A span for as long as the block; what it raises is named, never quoted: texts hold content."""
        current = trace.get_current_span().get_span_context()
        if parent is None:
            context = Context()
        elif parent.span_id == trace.format_span_id(current.span_id):
            context = None
        else:
            context = trace.set_span_in_context(NonRecordingSpan(_context(parent)), Context())
        with self._tracer.start_as_current_span(
            named.name,
            context=context,
            kind=KINDS[named.kind],
            attributes=named.attributes,
            links=[Link(_context(place)) for place in links],
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_attribute(ERROR_TYPE, type(error).__name__)
                if not isinstance(error, ORDINARY):
                    span.set_status(StatusCode.ERROR)
                raise


class ByRatioOrLinks(Sampler):
    """For a span that begins a trace: by ratio, or if it links to others, as they are."""

    def __init__(self, ratio: float) -> None:
        self._ratio = TraceIdRatioBased(ratio)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: OtelAttributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """See Sampler."""
        if any(link.context.trace_flags.sampled for link in links or ()):
            return SamplingResult(Sampled.RECORD_AND_SAMPLE, attributes)
        return self._ratio.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """See Sampler."""
        return f"ByRatioOrLinks{{{self._ratio.rate}}}"


def sampler(ratio: float) -> Sampler:
    """As whoever began the trace decided; what begins here by `ratio`, from 0 to 1."""
    return ParentBased(root=ByRatioOrLinks(ratio))


def _place(context: SpanContext) -> TraceContext:
    return TraceContext(
        trace.format_trace_id(context.trace_id),
        trace.format_span_id(context.span_id),
        context.trace_flags.sampled,
        context.trace_state.to_header(),
    )


def _context(place: TraceContext) -> SpanContext:
    return SpanContext(
        int(place.trace_id, 16),
        int(place.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED if place.sampled else TraceFlags.DEFAULT),
        trace_state=TraceState.from_header([place.state]) if place.state else None,
    )
