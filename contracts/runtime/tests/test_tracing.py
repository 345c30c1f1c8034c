"""Traces: what travels in headers, what spans are made where they are recorded, and that nothing is otherwise."""

import json
import logging
import subprocess
import sys
from collections.abc import Generator
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_span_id, format_trace_id

from askpanel.contracts.envelope import Envelope, Recorded, decode, encode, seal
from askpanel.contracts.events import PanelCancelRequested, PanelFailed
from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import ORCHESTRATOR, ORCHESTRATOR_TIMERS, PANELS, USAGE
from askpanel.runtime import conventions, tracecontext, tracing
from askpanel.runtime.errors import Conflict, Reject
from askpanel.runtime.spans import Spans, sampler
from askpanel.runtime.telemetry import JsonFormatter
from askpanel.runtime.tracecontext import TraceContext

TRACE, SPAN, LATER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "b7ad6b7169203331"
SAMPLED, NOT = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"
PANEL = PanelRef(uuid4(), uuid4())
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_stays() -> Generator[None]:
    """What comes in here would still be here in later tests of the process, whose events would carry it on."""
    before = tracing._here.set(None)
    yield
    tracing._here.reset(before)


def event(cause: Envelope | None = None) -> Recorded:
    return seal(PanelCancelRequested(user_id=UUID(int=1), reason="secret words"), PANEL, time=AT, cause=cause)


def an_end(cause: Envelope | None) -> Recorded:
    return seal(PanelFailed(reason="rejected", detail=""), PANEL, time=AT, cause=cause)


# --------------------------------------------------------------------------------------- trace context


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_what_is_no_traceparent_is_none_and_voids_the_state(header: str | None) -> None:
    assert tracecontext.read(header, "other=1") is None


def test_a_later_version_of_the_header_is_read_as_far_as_it_is_known() -> None:
    assert tracecontext.read(f"01-{TRACE}-{SPAN}-03-more") == TraceContext(TRACE, SPAN, True)
    assert tracecontext.read(f"00-{TRACE}-{SPAN}-02") == TraceContext(TRACE, SPAN, False)


def test_a_context_is_written_as_it_was_read() -> None:
    for parent, state in ((SAMPLED, ""), (NOT, "other=1,more=2")):
        place = tracecontext.read(parent, state)
        assert place is not None
        assert place.headers() == {"traceparent": parent} | ({"tracestate": state} if state else {})


@pytest.mark.parametrize("state", ["a=" + "b" * 600, "a=\u00e9", "a=1\r\nNats-Rollup: all"])
def test_a_state_that_may_not_travel_is_dropped_and_the_trace_goes_on(state: str) -> None:
    place = tracecontext.read(SAMPLED, state)
    assert place is not None
    assert place.state == ""


def test_the_beginning_is_named_once_and_found_again() -> None:
    begun = TraceContext(TRACE, SPAN, True, "other=1").begun
    assert begun.state == f"askpanel={SPAN},other=1"
    later = replace(begun, span_id=LATER)
    assert later.begun == later
    assert later.root.span_id == SPAN
    assert TraceContext(TRACE, LATER, True, "askpanel=nonsense").root.span_id == LATER


def test_a_client_cannot_name_the_beginning() -> None:
    place = tracecontext.from_outside(SAMPLED, f"a=1, askpanel={LATER} ,b=2")
    assert place is not None
    assert place.state == "a=1,b=2"


def test_both_headers_travel_in_the_envelope_and_from_a_cause_to_its_effect() -> None:
    traced = replace(event(), envelope=replace(event().envelope, traceparent=SAMPLED, tracestate="a=1"))
    subject, headers, body = encode(traced)
    assert (headers["traceparent"], headers["tracestate"]) == (SAMPLED, "a=1")
    back = decode(subject, headers, body, 7).envelope
    assert (back.traceparent, back.tracestate) == (SAMPLED, "a=1")
    after = an_end(back).envelope
    assert (after.traceparent, after.tracestate) == (SAMPLED, "a=1")


# ------------------------------------------------------------------------------------- nothing recorded


def test_without_a_collector_no_service_imports_what_makes_or_exports_spans() -> None:
    code = (
        "import sys, askpanel.orchestrator.app, askpanel.consensus.app, askpanel.usage.app;"
        "import askpanel.expert_runner.app;"
        "print([name for name in sys.modules if name.split('.')[0] == 'opentelemetry'"
        " or name in ('askpanel.runtime.spans', 'askpanel.runtime.otlp', 'google.protobuf', 'requests')])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_a_request_without_a_trace_gets_one_and_its_event_carries_it() -> None:
    def ask() -> tuple[str, str | None]:
        tracing.arrived(None, None)
        assert tracing.request("POST", "http") is None
        with tracing.sending(event()) as placed:
            return tracing.trace_id(), placed.envelope.traceparent

    trace, parent = copy_context().run(ask)
    assert parent is not None
    assert (parent[3:35], parent[-2:]) == (trace, "00")
    assert int(trace, 16)


@pytest.mark.parametrize("header", [SAMPLED, NOT])
def test_a_trace_passes_through_unchanged_with_nothing_recorded(header: str) -> None:
    def handle() -> list[tuple[str | None, str | None]]:
        headers = {"traceparent": header, "tracestate": "other=1"}
        cause = replace(event().envelope, **headers)
        with tracing.processing("timer.fired.t.p.panel", headers, ORCHESTRATOR_TIMERS, 1):
            assert tracing.carried() == headers
            assert tracing.trace_id() == TRACE
            with tracing.sending(an_end(cause)) as caused, tracing.sending(an_end(None)) as by_timer:
                return [(each.envelope.traceparent, each.envelope.tracestate) for each in (caused, by_timer)]

    assert copy_context().run(handle) == [(header, "other=1")] * 2


def test_a_log_line_tells_trace_tenant_and_panel_of_the_message_being_handled() -> None:
    def handle() -> dict[str, str]:
        subject, headers, _ = encode(event())
        with tracing.processing(subject, headers | {"traceparent": NOT}, USAGE, 1):
            record = logging.makeLogRecord({"name": "a", "levelname": "INFO", "msg": "done"})
            return json.loads(JsonFormatter("usage").format(record))

    line = copy_context().run(handle)
    assert (line["trace_id"], line["tenant_id"], line["panel_id"]) == (
        TRACE, str(PANEL.tenant_id), str(PANEL.panel_id),
    )  # fmt: skip


# --------------------------------------------------------------------------------------------- recorded


class Kept:
    """Spans that have ended, by name."""

    def __init__(self, ratio: float) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler(ratio))
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def names(self) -> list[str]:
        return [span.name for span in self._exporter.get_finished_spans()]

    def one(self, name: str) -> ReadableSpan:
        (found,) = (span for span in self._exporter.get_finished_spans() if span.name == name)
        return found

    def texts(self) -> str:
        return "".join(span.to_json() for span in self._exporter.get_finished_spans())


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> Generator[Kept]:
    """Spans are recorded; by default all."""
    spans = Kept(getattr(request, "param", 1.0))
    with tracing.recorded_by(Spans(spans.provider.get_tracer("test"))):
        yield spans


def ids(span: ReadableSpan) -> tuple[str, str]:
    context = span.get_span_context()
    assert context is not None
    return format_trace_id(context.trace_id), format_span_id(context.span_id)


def parent_of(span: ReadableSpan) -> str | None:
    return None if span.parent is None else format_span_id(span.parent.span_id)


def links_of(span: ReadableSpan) -> list[str]:
    return [format_span_id(link.context.span_id) for link in span.links]


def begin(traceparent: str | None = None) -> Recorded:
    """A request that appends a panel's first event."""

    def ask() -> Recorded:
        tracing.arrived(traceparent, None)
        span = tracing.request("POST", "http")
        assert span is not None
        with span as going_on, tracing.sending(event()) as placed:
            going_on.answered("/panels", str(PANEL.panel_id), 201)
            return placed

    return copy_context().run(ask)


def handle(sent: Recorded, attempt: int = 1) -> Recorded:
    """A service that handles an event and appends another."""

    def process() -> Recorded:
        subject, headers, _ = encode(sent)
        with (
            tracing.processing(subject, headers, ORCHESTRATOR, attempt),
            tracing.sending(an_end(sent.envelope)) as placed,
        ):
            return placed

    return copy_context().run(process)


def test_what_follows_at_once_is_a_child_of_its_cause(kept: Kept) -> None:
    done = handle(begin(SAMPLED))
    chain = [kept.one(name) for name in (
        "POST /panels", "send panel.cancel_requested", "process panel.cancel_requested", "send panel.failed",
    )]  # fmt: skip
    assert parent_of(chain[0]) == SPAN
    for above, below in pairwise(chain):
        assert parent_of(below) == ids(above)[1]
        assert ids(below)[0] == TRACE
    assert done.envelope.traceparent == f"00-{TRACE}-{ids(chain[-1])[1]}-01"
    assert done.envelope.tracestate == f"askpanel={ids(chain[1])[1]}"


def test_a_redelivery_hangs_below_the_beginning_and_links_to_what_was_sent(kept: Kept) -> None:
    first = begin()
    second = handle(first)
    handle(second, attempt=2)
    beginning = ids(kept.one("send panel.cancel_requested"))
    again = kept.one("process panel.failed")
    assert (ids(again)[0], parent_of(again)) == beginning
    assert second.envelope.traceparent is not None
    assert links_of(again) == [second.envelope.traceparent.split("-")[2]]
    assert again.attributes is not None
    assert again.attributes["askpanel.delivery.attempt"] == 2


def test_a_timer_hangs_below_the_beginning_and_links_to_who_armed_it(kept: Kept) -> None:
    first = begin()

    def arm() -> dict[str, str]:
        subject, headers, _ = encode(first)
        with tracing.processing(subject, headers, ORCHESTRATOR, 1):
            return tracing.carried()

    armed = copy_context().run(arm)

    def fire() -> Recorded:
        subject = f"timer.fired.{PANEL.tenant_id}.{PANEL.panel_id}.panel"
        with (
            tracing.processing(subject, armed, ORCHESTRATOR_TIMERS, 1),
            tracing.sending(an_end(None)) as placed,
        ):
            return placed

    passed = copy_context().run(fire)
    beginning, fired = ids(kept.one("send panel.cancel_requested")), kept.one("process timer.fired")
    assert (ids(fired)[0], parent_of(fired)) == beginning
    assert links_of(fired) == [ids(kept.one("process panel.cancel_requested"))[1]]
    assert parent_of(kept.one("send panel.failed")) == ids(fired)[1]
    assert passed.envelope.tracestate == first.envelope.tracestate


def test_a_batch_has_a_trace_of_its_own_that_links_to_every_event(kept: Kept) -> None:
    events = [begin(), begin(SAMPLED)]
    with tracing.processing_batch(PANELS, "panels", [encode(each)[1] for each in events]):
        pass
    batch = kept.one("process PANELS")
    assert batch.parent is None
    sent = [each.envelope.traceparent for each in events]
    assert links_of(batch) == [parent.split("-")[2] for parent in sent if parent is not None]


@pytest.mark.parametrize("kept", [0.0], indirect=True)
def test_the_callers_decision_counts_and_the_ratio_only_without_one(kept: Kept) -> None:
    assert handle(begin()).envelope.traceparent is not None
    assert handle(begin(NOT)).envelope.traceparent == NOT
    with tracing.processing_batch(PANELS, "panels", [{"traceparent": NOT}, {}]):
        pass
    assert kept.names() == []
    with tracing.processing_batch(PANELS, "panels", [encode(begin(SAMPLED))[1], {"traceparent": NOT}]):
        pass
    assert kept.names()[-1] == "process PANELS"
    assert len(links_of(kept.one("process PANELS"))) == 1


def test_an_error_is_named_and_never_quoted(kept: Kept) -> None:
    for error in (Reject("secret words"), Conflict(1, 2)):
        with (
            pytest.raises(type(error)),
            tracing.processing("panel.created.t.p", {"traceparent": SAMPLED}, ORCHESTRATOR, 1),
        ):
            raise error
    rejected, conflict = kept._exporter.get_finished_spans()  # pyright: ignore[reportPrivateUsage]
    assert rejected.attributes is not None
    assert conflict.attributes is not None
    assert (rejected.attributes["error.type"], rejected.status.is_ok) == ("Reject", False)
    assert (conflict.attributes["error.type"], conflict.status.is_unset) == ("Conflict", True)
    begin()
    assert "secret" not in kept.texts()


def test_a_step_is_described_only_where_it_is_recorded(kept: Kept) -> None:
    asked: list[str] = []

    def describe(name: str) -> conventions.Named:
        asked.append(name)
        return conventions.Named(name, "internal", {})

    with tracing.inside(describe, "outside of any trace"):
        pass
    with (
        tracing.processing("panel.created.t.p", {"traceparent": NOT}, ORCHESTRATOR, 1),
        tracing.inside(describe, "not sampled"),
    ):
        pass
    assert asked == []
    with (
        tracing.processing("panel.created.t.p", {"traceparent": SAMPLED}, ORCHESTRATOR, 1),
        tracing.inside(describe, "sampled"),
    ):
        pass
    assert (asked, parent_of(kept.one("sampled"))) == (["sampled"], ids(kept.one("process panel.created"))[1])
