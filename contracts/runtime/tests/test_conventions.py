"""Names by the conventions, and metrics as a collector gets them."""

from opentelemetry.sdk.metrics.export import Gauge, Histogram, Metric, Sum
from prometheus_client import CollectorRegistry
from prometheus_client import Counter as PromCounter
from prometheus_client import Gauge as PromGauge
from prometheus_client import Histogram as PromHistogram

from askpanel.contracts.events import TokenUsage
from askpanel.contracts.topology import ORCHESTRATOR_TIMERS, WEBHOOK_DELIVERIES
from askpanel.runtime import conventions, telemetry
from askpanel.runtime.otlp_metrics import converted


def test_subjects_that_are_no_events_have_templates_of_their_own() -> None:
    timer = conventions.process("timer.fired.t.p.round-1", {}, ORCHESTRATOR_TIMERS, 1)
    assert timer.name == "process timer.fired"
    assert timer.attributes["messaging.destination.template"] == "timer.fired.{tenant}.{panel}.{purpose}"
    assert timer.attributes["messaging.message.conversation_id"] == "p"
    hook = conventions.process("webhook.delivery.t.e", {"Nats-Msg-Id": "m"}, WEBHOOK_DELIVERIES, 1)
    assert hook.attributes["messaging.destination.template"] == "webhook.delivery.{tenant}.{endpoint}"
    assert "messaging.message.conversation_id" not in hook.attributes


def test_models_are_named_as_the_convention_names_their_providers() -> None:
    for model, provider, name in (
        ("openai-chat:gpt-x", "openai", "gpt-x"),
        ("google:gemini-x", "gcp.gemini", "gemini-x"),
        ("compatible:org/name:tag", "compatible", "org/name:tag"),
        ("scripted", "scripted", "scripted"),
    ):
        call = conventions.chat(model, "panel", 100)
        assert (call.name, call.attributes["gen_ai.provider.name"]) == (f"chat {name}", provider)


def test_tokens_and_failures_are_told_as_far_as_known() -> None:
    assert conventions.outcome(None, None) == {}
    usage = TokenUsage(input_tokens=3, output_tokens=0)
    assert conventions.outcome(usage, "refused") == {
        "error.type": "refused", "gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 0,
    }  # fmt: skip
    assert conventions.response("m-1", "stop") == {
        "gen_ai.response.model": "m-1", "gen_ai.response.finish_reasons": ("stop",),
    }  # fmt: skip


def test_a_request_tells_neither_path_nor_an_invented_method() -> None:
    named = conventions.request("SECRET", "https")
    assert (named.name, named.attributes["http.request.method"]) == ("_OTHER", "_OTHER")
    assert conventions.answered(None, None, None) == {"error.type": "incomplete_response"}
    assert conventions.answered("/a", "p", 503)["error.type"] == "503"


def test_every_metric_the_conventions_name_exists() -> None:
    known = vars(telemetry).values()
    collectors = [each for each in known if isinstance(each, PromCounter | PromGauge | PromHistogram)]
    families = {family.name for collector in collectors for family in collector.describe()}
    assert families >= conventions.METRICS.keys()


def test_metrics_keep_their_values_under_their_new_names() -> None:
    registry = CollectorRegistry()
    seconds = PromHistogram(
        "askpanel_publish_seconds", "Publishing.", ["event"], buckets=(0.1, 1), registry=registry
    )
    for value in (0.05, 0.5, 0.5, 5):
        seconds.labels("panel.created").observe(value)
    cost = PromCounter("askpanel_cost_usd", "Cost.", ["model"], registry=registry)
    cost.labels("openai:x").inc(1.5)
    PromGauge("askpanel_sse_streams", "Streams.", registry=registry).set(3)
    metrics = {metric.name: metric for metric in converted(registry.collect(), since=1, now=2)}

    histogram = metrics["messaging.client.operation.duration"].data
    assert isinstance(histogram, Histogram)
    (point,) = histogram.data_points
    assert (point.count, point.sum, list(point.bucket_counts)) == (4, 6.05, [1, 2, 1])
    assert list(point.explicit_bounds) == [0.1, 1.0]
    assert point.attributes is not None
    assert point.attributes["messaging.destination.template"] == "panel.created.{tenant}.{panel}"
    sent = _sum(metrics["messaging.client.sent.messages"])
    assert (sent.data_points[0].value, sent.is_monotonic) == (4, True)
    spent = _sum(metrics["askpanel_cost_usd"])
    assert (spent.data_points[0].value, spent.data_points[0].attributes) == (1.5, {"model": "openai:x"})
    streams = metrics["askpanel_sse_streams"].data
    assert isinstance(streams, Gauge)
    assert streams.data_points[0].value == 3


def _sum(metric: Metric) -> Sum:
    assert isinstance(metric.data, Sum)
    return metric.data
