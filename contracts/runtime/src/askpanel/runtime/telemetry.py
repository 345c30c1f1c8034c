"""Metrics and log lines of a process: all in this one module.

Metrics follow Prometheus naming with prefix `askpanel_`. Log lines are one JSON object each, with
service, tenant, panel and trace where known, and never with prompts, answers, tokens or addresses.
"""

import json
import logging
import sys
import time
from typing import Any, TextIO

from prometheus_client import Counter, Gauge, Histogram

from askpanel.runtime import tracing

HANDLED = Counter("askpanel_messages_handled_total", "Messages by outcome.", ["durable", "outcome"])
HANDLING = Histogram(
    "askpanel_message_handling_seconds",
    "Time from receipt to settlement.",
    ["durable"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15, 60, 240),
)
IN_FLIGHT = Gauge("askpanel_messages_in_flight", "Messages being handled now.", ["durable"])
DEAD_LETTERS = Counter("askpanel_dead_letters_total", "Messages given up on.", ["service"])
PUBLISHING = Histogram(
    "askpanel_publish_seconds",
    "Time until the log confirmed an event.",
    ["event"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15),
)
PUBLISH_RETRIES = Counter("askpanel_publish_retries_total", "Appends published again.")
NATS_ERRORS = Counter("askpanel_nats_errors_total", "Asynchronous errors of the connection.", ["kind"])
PROJECTION_SEQUENCE = Gauge("askpanel_projection_sequence", "Last projected sequence.", ["projection"])
PROJECTION_LAG = Gauge("askpanel_projection_lag_events", "Events on the log not projected.", ["projection"])
PROJECTION_AGE = Gauge(
    "askpanel_projection_age_seconds",
    "Seconds since the tables were last known to hold all of the log; 0 where another projector writes them.",
    ["projection"],
)
STREAMS_OPEN = Gauge("askpanel_sse_streams", "Open SSE streams.")
STREAMS_CUT = Counter("askpanel_sse_streams_cut_total", "SSE streams ended by the server.", ["why"])
CONNECTIONS_ENDED = Counter(
    "askpanel_connections_ended_total",
    "HTTP connections ended by the server: head too slow or too large (head), for a new one (room), new while "
    "all were being served (full).",
    ["why"],
)
LIMITED_ALONE = Counter(
    "askpanel_limits_alone_total",
    "Decisions a gateway took by its own count because the shared one could not be asked.",
    ["limit"],
)
MODEL_CALLS = Counter("askpanel_model_calls_total", "Model calls by outcome.", ["model", "outcome"])
MODEL_SECONDS = Histogram(
    "askpanel_model_seconds",
    "Duration of model calls.",
    ["model"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
)
MODEL_TOKENS = Histogram(
    "askpanel_model_tokens",
    "Tokens of a model call, as its provider counts them.",
    ["model", "type"],
    buckets=tuple(4**power for power in range(11)),
)
WEBHOOK_ATTEMPTS = Counter(
    "askpanel_webhook_attempts_total",
    "Webhook requests, and deliveries given up without one, by outcome.",
    ["outcome"],
)
COST = Counter("askpanel_cost_usd_total", "Recorded cost.", ["model"])
UNPRICED = Counter("askpanel_unpriced_calls_total", "Attempts without a known price.", ["model"])

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_RESERVED = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line; what a call passes in `extra` becomes fields."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= tracing.told()
        line |= {name: value for name, value in vars(record).items() if name not in _RESERVED}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure(service: str, *, level: str, log_format: str, stream: TextIO = sys.stderr) -> None:
    """Set up logging of this process, and begin what alerts count: an increase sees nothing of a series' first value."""
    DEAD_LETTERS.labels(service)
    NATS_ERRORS.labels("permission")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        JsonFormatter(service)
        if log_format == "json"
        else logging.Formatter(f"%(asctime)s %(levelname)-7s {service} %(name)s: %(message)s")
    )
    logging.basicConfig(level=_LEVELS[level], handlers=[handler], force=True)
    for chatty in (
        "httpx",
        "httpcore",
        "openai",
        "anthropic",
        "google_genai",
        "uvicorn.access",
        "urllib3",
    ):
        logging.getLogger(chatty).setLevel(max(_LEVELS[level], logging.WARNING))
