"""Export by OTLP over HTTP: spans as they end, metrics now and then. Imported where a collector is set.

Both run in threads of their own and lose what a collector that is away does not take: the queue of spans is
bounded, nothing here ever waits for it. Besides our settings the exporters read their standard variables
(OTEL_EXPORTER_OTLP_HEADERS, …_CERTIFICATE, …_TIMEOUT, …_COMPRESSION, OTEL_BSP_*, OTEL_RESOURCE_ATTRIBUTES).
"""

import logging
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from uuid import uuid4

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import REGISTRY

from askpanel.runtime.otlp_metrics import converted
from askpanel.runtime.settings import ServiceSettings
from askpanel.runtime.spans import Spans, sampler

logger = logging.getLogger(__name__)

SCOPE = "askpanel"
FLUSH_SECONDS = 3.0
"""How long a process that ends waits for a collector to take what is left."""
MOST_LINKS = 1000
"""Of one span: the projector's batches link to each of their events."""


@contextmanager
def exporting(service: str, settings: ServiceSettings) -> Generator[Spans]:
    """What makes this process's spans. At the end what is left is sent, for at most FLUSH_SECONDS each."""
    base = settings.otlp_endpoint.rstrip("/")
    resource = Resource.create(
        {
            "service.name": f"askpanel-{service}",
            "service.namespace": "askpanel",
            "service.instance.id": str(uuid4()),
        }
    )
    exporter = OTLPSpanExporter(endpoint=f"{base}/v1/traces")
    provider = TracerProvider(
        sampler(settings.trace_ratio),
        resource,
        shutdown_on_exit=False,
        span_limits=SpanLimits(max_links=MOST_LINKS),
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    metrics = Metrics(OTLPMetricExporter(endpoint=f"{base}/v1/metrics"), resource, settings.metrics_seconds)
    metrics.start()
    try:
        yield Spans(provider.get_tracer(SCOPE))
    finally:
        metrics.stop()
        # Neither takes a limit to wait for: a collector that is away must not hold up the end of the process.
        flushing = threading.Thread(target=provider.shutdown, daemon=True)
        flushing.start()
        flushing.join(FLUSH_SECONDS)


class Metrics:
    """Sends the metrics that Prometheus would read, every so many seconds and at the end; 0: never."""

    def __init__(self, exporter: OTLPMetricExporter, resource: Resource, seconds: float) -> None:
        self._exporter = exporter
        self._resource = resource
        self._seconds = seconds
        self._since = time.time_ns()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="otlp-metrics", daemon=True)

    def start(self) -> None:
        """Begin, unless never."""
        if self._seconds:
            self._thread.start()

    def stop(self) -> None:
        """Send once more and end."""
        self._ended.set()
        if self._seconds:
            self._thread.join(FLUSH_SECONDS)

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            self._send()
        self._send()

    def _send(self) -> None:
        metrics = converted(REGISTRY.collect(), since=self._since, now=time.time_ns())
        scope = ScopeMetrics(InstrumentationScope(SCOPE), metrics, schema_url="")
        resource = ResourceMetrics(self._resource, [scope], schema_url="")
        try:
            self._exporter.export(MetricsData([resource]))
        except Exception:
            # Whatever it is, it must not end the thread: the next reading holds what this one did.
            logger.exception("metrics were not sent")
