"""A collector on loopback: takes OTLP over HTTP as protobuf, and keeps spans and metrics as plain values."""

import contextlib
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class Seen:
    """A span as exported. Ids in hex; `links` are trace and span; `happened` are its events."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    state: str
    failed: bool
    attributes: Mapping[str, Any]
    links: tuple[tuple[str, str], ...]
    happened: tuple[tuple[str, Mapping[str, Any]], ...]


@dataclass(slots=True)
class Collector:
    """What was exported so far. `text` is everything as one string, to search in."""

    url: str = ""
    spans: list[Seen] = field(default_factory=list[Seen])
    metrics: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])
    requests: list[Message] = field(default_factory=list[Message])
    lock: Lock = field(default_factory=Lock)

    async def all(self) -> list[Seen]:
        """The spans so far."""
        with self.lock:
            return list(self.spans)

    async def measured(self) -> dict[tuple[str, str], Any]:
        """The newest of each metric so far, by service and name."""
        with self.lock:
            return dict(self.metrics)

    def text(self) -> str:
        """Everything that ever came."""
        with self.lock:
            return "\n".join(map(str, self.requests))

    def take(self, path: str, body: bytes) -> None:
        """One request."""
        with self.lock:
            if path == "/v1/traces":
                traces = ExportTraceServiceRequest.FromString(body)
                self.requests.append(traces)
                self.spans += _spans(traces)
            elif path == "/v1/metrics":
                metrics = ExportMetricsServiceRequest.FromString(body)
                self.requests.append(metrics)
                self.metrics |= _metrics(metrics)
            else:
                raise AssertionError(f"nothing is collected at {path}")


@contextlib.contextmanager
def collecting() -> Generator[Collector]:
    """A collector that listens meanwhile."""
    collector = Collector()

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            collector.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        collector.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def _spans(request: ExportTraceServiceRequest) -> list[Seen]:
    return [
        Seen(
            service=_attributes(resource.resource.attributes)["service.name"].removeprefix("askpanel-"),
            name=span.name,
            kind=span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex(),
            state=span.trace_state,
            failed=span.status.code == 2,
            attributes=_attributes(span.attributes),
            links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
            happened=tuple((event.name, _attributes(event.attributes)) for event in span.events),
        )
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _metrics(request: ExportMetricsServiceRequest) -> dict[tuple[str, str], Any]:
    return {
        (
            _attributes(resource.resource.attributes)["service.name"].removeprefix("askpanel-"),
            metric.name,
        ): metric
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def _attributes(pairs: Iterable[Any]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(_value(each) for each in value.array_value.values)
    return getattr(value, kind)
