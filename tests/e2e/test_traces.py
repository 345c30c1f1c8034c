"""One panel is one trace: the spans of all services as a collector gets them, checked against the log."""

from collections import Counter
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import HumanRequested, HumanResponded, PanelCreated
from askpanel.contracts.topology import CONSENSUS, EXPERT_RUNNER, ORCHESTRATOR, USAGE
from tests.harness.collector import Collector, Seen, collecting
from tests.harness.invariants import usage_complete
from tests.harness.stack import RunningStack, create, follow, stack, until

pytestmark = pytest.mark.e2e

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OFTEN = {"OTEL_BSP_SCHEDULE_DELAY": "100", "ASKPANEL_METRICS_SECONDS": "0.5"}
CONSUMERS = {
    durable.name: {".".join(each.split(".")[:2]) for each in durable.filters}
    for durable in (ORCHESTRATOR, EXPERT_RUNNER, CONSENSUS, USAGE)
}
"""Which durable gets which events."""


@pytest.fixture(scope="module")
def collector() -> Generator[Collector]:
    """Where the stack sends its spans."""
    with collecting() as started:
        yield started


@pytest.fixture(scope="module")
def observed(collector: Collector) -> Generator[RunningStack]:
    """A stack that exports all its spans."""
    model = "scripted:latency=0.02,fail.expert-11=500"
    with stack(model, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **OFTEN) as started:
        yield started


@dataclass(frozen=True, slots=True)
class Traced:
    """A panel's events, the spans of its trace, and those of other traces that link to it."""

    events: list[Recorded]
    spans: list[Seen]
    linking: list[Seen]

    def by_id(self) -> dict[str, Seen]:
        return {span.span_id: span for span in self.spans}

    def sent(self, recorded: Recorded) -> Seen:
        """The span an event says it was sent in; attempts that another event was faster than have their own."""
        attempts = self._of_message("send", recorded)
        return next(span for span in attempts if span.span_id == span_of(recorded))

    def processed(self, recorded: Recorded) -> list[Seen]:
        """The spans of those who handled it."""
        return self._of_message("process", recorded)

    def _of_message(self, operation: str, recorded: Recorded) -> list[Seen]:
        name, message = f"{operation} {recorded.envelope.type}", str(recorded.envelope.id)
        return [
            span
            for span in self.spans
            if span.name == name and span.attributes["messaging.message.id"] == message
        ]

    def beneath(self, parent: Seen) -> list[Seen]:
        return [span for span in self.spans if span.parent_id == parent.span_id]


def trace_of(recorded: Recorded) -> str:
    """The trace an event says it belongs to."""
    assert recorded.envelope.traceparent is not None
    return recorded.envelope.traceparent.split("-")[1]


def span_of(recorded: Recorded) -> str:
    """The span it was sent in."""
    assert recorded.envelope.traceparent is not None
    return recorded.envelope.traceparent.split("-")[2]


async def traced(collector: Collector, events: list[Recorded]) -> Traced:
    """All spans that are to come of these events, and what links to them."""
    trace = trace_of(events[0])
    wanted = len(events) + sum(
        recorded.envelope.type in types for recorded in events for types in CONSUMERS.values()
    )
    places = {(trace, span_of(recorded)) for recorded in events}

    def complete(spans: list[Seen]) -> bool:
        messages = [
            span for span in spans if span.trace_id == trace and span.kind in ("producer", "consumer")
        ]
        projected = {link for span in spans if span.service == "projector" for link in span.links}
        streams = [span for span in spans if span.name.endswith("/stream") and places & set(span.links)]
        return len(messages) >= wanted and places <= projected and bool(streams)

    spans = await until(collector.all, complete)
    return Traced(
        events,
        [span for span in spans if span.trace_id == trace],
        [span for span in spans if span.trace_id != trace and {link[0] for link in span.links} == {trace}],
    )


@asynccontextmanager
async def a_panel(running: RunningStack, *agents: str, **headers: str) -> AsyncGenerator[list[Recorded]]:
    """A structured panel, followed to its end and its last cost."""
    async with running.http() as client:
        more = {"agents": list(agents)} if agents else {}
        client.headers.update(headers)
        created = await create(client, **more)
        for name in headers:
            del client.headers[name]
        await follow(client, created["id"])
    yield await until(lambda: running.events(created["id"]), usage_complete)


async def test_a_panel_is_one_trace_and_its_tree_is_the_causation_of_its_events(
    observed: RunningStack, collector: Collector
) -> None:
    async with a_panel(observed, traceparent=f"00-{TRACE}-{CALLER}-01", tracestate="other=1") as events:
        panel = await traced(collector, events)
    spans = panel.by_id()
    assert {trace_of(recorded) for recorded in events} == {TRACE}

    (asked,) = (span for span in panel.spans if span.kind == "server")
    assert (asked.service, asked.name, asked.parent_id) == ("gateway", "POST /api/v1/panels", CALLER)
    assert asked.attributes["http.response.status_code"] == 201
    assert panel.sent(events[0]).parent_id == asked.span_id

    by_id = {recorded.envelope.id: recorded for recorded in events}
    for recorded in events:
        envelope, sent = recorded.envelope, panel.sent(recorded)
        assert envelope.tracestate == f"askpanel={span_of(events[0])},other=1"
        assert (sent.kind, f"/askpanel/{sent.service}") == ("producer", envelope.source)
        if envelope.causation_id is not None:
            handling = panel.processed(by_id[envelope.causation_id])
            assert ancestors(sent, spans) & {span.span_id for span in handling}, sent.name
        handled = {span.attributes["messaging.consumer.group.name"] for span in panel.processed(recorded)}
        assert handled == {name for name, types in CONSUMERS.items() if envelope.type in types}
        assert {span.parent_id for span in panel.processed(recorded)} <= {sent.span_id}
    assert not any(span.failed for span in panel.spans)


def ancestors(span: Seen, spans: dict[str, Seen]) -> set[str]:
    """Ids of what a span is beneath."""
    found: set[str] = set()
    while (parent := spans.get(span.parent_id)) is not None:
        found.add(parent.span_id)
        span = parent
    return found


async def test_an_expert_at_work_has_the_names_of_the_conventions(
    observed: RunningStack, collector: Collector
) -> None:
    async with a_panel(observed, "expert-0", "expert-1", "expert-2", "expert-11") as events:
        panel = await traced(collector, events)
    panel_id = str(events[0].envelope.panel.panel_id)
    agents = [span for span in panel.spans if span.name.startswith("invoke_agent ")]
    assert len(agents) == 4
    by_id = panel.by_id()
    for agent in agents:
        assert (agent.service, agent.kind) == ("expert-runner", "internal")
        assert by_id[agent.parent_id].name == "process expert.requested"
        known = agent.attributes
        assert agent.name == f"invoke_agent {known['gen_ai.agent.name']}"
        assert known["gen_ai.conversation.id"] == panel_id
        calls = [span for span in panel.beneath(agent) if span.name == "chat scripted"]
        broken = known["gen_ai.agent.id"] == "expert-11"
        assert len(calls) > 1 if broken else len(calls) == 1
        for call in calls:
            assert call.kind == "client"
            assert call.failed == broken
            assert call.attributes["gen_ai.operation.name"] == "chat"
            assert call.attributes["gen_ai.provider.name"] == "scripted"
            assert call.attributes["gen_ai.request.model"] == "scripted"
            if broken:
                assert call.attributes["error.type"] == "provider_error"
            else:
                assert call.attributes["gen_ai.usage.input_tokens"] > 0
                assert call.attributes["gen_ai.usage.output_tokens"] > 0
    for span in panel.spans:
        if span.kind in ("producer", "consumer"):
            operation, kind = span.name.split(" ")
            known = span.attributes
            assert known["messaging.system"] == "nats"
            assert known["messaging.operation.name"] == operation
            assert known["messaging.destination.template"] == f"{kind}.{{tenant}}.{{panel}}"
            assert known["messaging.message.conversation_id"] == panel_id


async def test_the_projector_and_a_streams_client_have_traces_of_their_own_that_link(
    observed: RunningStack, collector: Collector
) -> None:
    async with a_panel(observed) as events:
        panel = await traced(collector, events)
    trace = trace_of(events[0])
    batches = [span for span in panel.linking if span.service == "projector"]
    assert {(span.name, span.kind, span.parent_id) for span in batches} == {
        ("process PANELS", "consumer", "")
    }
    links = Counter(link for span in batches for link in span.links)
    assert links == {(trace, span_of(recorded)): 1 for recorded in events}
    assert all(span.attributes["messaging.batch.message_count"] == len(span.links) for span in batches)

    (stream,) = (span for span in panel.linking if span.service == "gateway")
    assert stream.name == "GET /api/v1/panels/{panel_id}/stream"
    assert stream.links == ((trace, span_of(events[0])),)
    assert stream.attributes["askpanel.panel.id"] == str(events[0].envelope.panel.panel_id)
    assert [name for name, _ in stream.happened[-1:]] == ["askpanel.stream.ended"]
    passed_on = [told["sequence"] for name, told in stream.happened if name == "askpanel.stream.sent"]
    end = next(each.sequence for each in events if each.envelope.type == "panel.completed")
    assert passed_on[-1] == end


async def test_a_persons_answer_stays_in_the_panels_trace_and_links_to_its_cause(
    observed: RunningStack, collector: Collector
) -> None:
    async with observed.http() as client:
        created = await create(client, panel_type="hybrid", configuration={"human_timeout_seconds": 30})
        panel_id = created["id"]

        async def asked() -> list[Recorded]:
            events = await observed.events(panel_id)
            return [recorded for recorded in events if isinstance(recorded.event, HumanRequested)]

        request = (await until(asked, bool))[0].event
        assert isinstance(request, HumanRequested)
        body = {"checkpoint_id": str(request.checkpoint_id), "action": "veto"}
        told = await client.post(f"/panels/{panel_id}/human-input", json=body)
        assert told.status_code == 202, told.text
        await follow(client, panel_id)
    events = await until(lambda: observed.events(panel_id), usage_complete)
    panel = await traced(collector, events)
    (answer,) = (recorded for recorded in events if isinstance(recorded.event, HumanResponded))
    sent, begun = panel.sent(answer), panel.sent(events[0])
    assert isinstance(events[0].event, PanelCreated)
    assert sent.parent_id == begun.span_id
    (said,) = (span for span in panel.linking if span.name.endswith("/human-input"))
    assert sent.links == ((said.trace_id, said.span_id),)
    assert set(said.links) == {(begun.trace_id, begun.span_id)}


async def test_a_refusal_tells_the_trace_that_its_span_is_in(
    observed: RunningStack, collector: Collector
) -> None:
    async with observed.http() as client:
        missing = await client.get(f"/panels/{UUID(int=7)}/stream")
        problem = missing.json()

        def exported(spans: Iterable[Seen]) -> bool:
            return any(span.trace_id == problem["trace_id"] for span in spans)

        spans = await until(collector.all, exported)
    (span,) = (span for span in spans if span.trace_id == problem["trace_id"])
    assert (span.attributes["http.response.status_code"], span.failed) == (404, False)


async def test_metrics_come_under_the_conventions_names(observed: RunningStack, collector: Collector) -> None:
    async with a_panel(observed):
        pass
    wanted = {
        ("orchestrator", "messaging.client.operation.duration"),
        ("orchestrator", "messaging.client.sent.messages"),
        ("usage", "messaging.client.consumed.messages"),
        ("consensus", "messaging.process.duration"),
        ("expert-runner", "gen_ai.client.operation.duration"),
        ("expert-runner", "gen_ai.client.token.usage"),
        ("projector", "askpanel_projection_sequence"),
        ("gateway", "askpanel_sse_streams"),
    }
    metrics: dict[tuple[str, str], Any] = await until(
        collector.measured, lambda found: wanted <= found.keys()
    )
    usage = metrics["expert-runner", "gen_ai.client.token.usage"].histogram.data_points
    kinds = {
        pair.value.string_value
        for point in usage
        for pair in point.attributes
        if pair.key == "gen_ai.token.type"
    }
    assert kinds == {"input", "output"}
