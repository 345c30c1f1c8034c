"""Names of OpenTelemetry's conventions for spans, attributes and metrics: all in this one module. Pure.

Messaging and GenAI are still in development there and change; nobody else spells one of these names.
Nothing here takes what people or models wrote: no question, prompt, answer, token or address.
Source: OpenTelemetry semantic conventions, `messaging`, `gen-ai` and `http`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from askpanel.contracts.envelope import MESSAGE_ID, Envelope
from askpanel.contracts.events import TokenUsage
from askpanel.contracts.topology import Durable, Stream

Kind = Literal["server", "client", "producer", "consumer", "internal"]
Attributes = Mapping[str, str | int | float | bool | Sequence[str]]

ERROR_TYPE = "error.type"
_PROVIDER, _REQUEST_MODEL = "gen_ai.provider.name", "gen_ai.request.model"
_TEMPLATE = "messaging.destination.template"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PROVIDERS = {"openai-chat": "openai", "google": "gcp.gemini"}
"""Where the convention has another name for a provider than model strings have."""
_OF_EVENT = ".{tenant}.{panel}"
_REST = {"timer.fired": ".{tenant}.{panel}.{purpose}", "webhook.delivery": ".{tenant}.{endpoint}"}
"""What follows in subjects that are not of an event."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a span is called, its kind, and what is known when it starts."""

    name: str
    kind: Kind
    attributes: Attributes


# ------------------------------------------------------------------------------------------------ HTTP


def request(method: str, scheme: str) -> Named:
    """A request as it comes in; its route is known later. Neither path nor query: people write in both, and
    a query may hold a ticket."""
    known = method if method in METHODS else "_OTHER"
    return Named(known, "server", {"http.request.method": known, "url.scheme": scheme})


def answered(route: str | None, panel: str | None, status: int | None) -> Attributes:
    """What is known once it was answered. A status of None: the client went away first."""
    known: dict[str, str | int] = {} if route is None else {"http.route": route}
    if panel is not None:
        known["askpanel.panel.id"] = panel
    if status is not None:
        known["http.response.status_code"] = status
    if status is None or status >= 500:
        known[ERROR_TYPE] = "incomplete_response" if status is None else str(status)
    return known


STREAM_SENT, STREAM_ENDED = "askpanel.stream.sent", "askpanel.stream.ended"
"""What happens in the span of an event stream."""

# ------------------------------------------------------------------------------------------- messaging


def send(envelope: Envelope) -> Named:
    """An event being appended to the log."""
    subject = envelope.panel.subject(envelope.type)
    return Named(
        f"send {envelope.type}",
        "producer",
        _message("send", "send", subject, str(envelope.id), str(envelope.panel.panel_id)),
    )


def process(subject: str, headers: Mapping[str, str], durable: Durable, attempt: int) -> Named:
    """A message being handled by a service."""
    parts = subject.split(".")
    panel = headers.get("ce-panelid") or (parts[3] if parts[0] == "timer" else "")
    told = {
        **_message("process", "process", subject, headers.get(MESSAGE_ID, ""), panel),
        "messaging.consumer.group.name": durable.name,
    }
    if attempt > 1:
        told["askpanel.delivery.attempt"] = attempt
    return Named(f"process {kind_of(subject)}", "consumer", told)


def process_batch(stream: Stream, group: str, count: int) -> Named:
    """Many messages being handled as one."""
    return Named(
        f"process {stream.name}",
        "consumer",
        {
            **_message("process", "process", stream.name, "", ""),
            "messaging.consumer.group.name": group,
            "messaging.batch.message_count": count,
        },
    )


def kind_of(subject: str) -> str:
    """What all messages like this one have in common: `panel.created`, `timer.fired`."""
    return ".".join(subject.split(".")[:2])


def _message(operation: str, kind: str, subject: str, message: str, panel: str) -> dict[str, str | int]:
    told: dict[str, str | int] = {
        "messaging.system": "nats",
        "messaging.operation.name": operation,
        "messaging.operation.type": kind,
        "messaging.destination.name": subject,
    }
    if "." in subject:
        rest = _REST.get(kind_of(subject), _OF_EVENT)
        told[_TEMPLATE] = kind_of(subject) + rest
    if message:
        told["messaging.message.id"] = message
    if panel:
        told["messaging.message.conversation_id"] = panel
    return told


# ----------------------------------------------------------------------------------------------- GenAI


def invoke_agent(name: str, agent_id: str, version: int | None, panel: str, model: str) -> Named:
    """An expert at work on a request, with all its attempts."""
    told: dict[str, str | int] = {
        **_model("invoke_agent", model),
        "gen_ai.agent.id": agent_id,
        "gen_ai.agent.name": name,
        "gen_ai.conversation.id": panel,
    }
    if version is not None:
        told["gen_ai.agent.version"] = str(version)
    return Named(f"invoke_agent {name}", "internal", told)


def chat(model: str, panel: str, max_tokens: int) -> Named:
    """One call of a model."""
    told = {
        **_model("chat", model),
        "gen_ai.conversation.id": panel,
        "gen_ai.request.max_tokens": max_tokens,
    }
    return Named(f"chat {model_name(model)}", "client", told)


def response(model: str | None, finish: str | None) -> Attributes:
    """What the provider says of its answer."""
    told: dict[str, str | Sequence[str]] = {} if model is None else {"gen_ai.response.model": model}
    if finish is not None:
        told["gen_ai.response.finish_reasons"] = (finish,)
    return told


def outcome(usage: TokenUsage | None, failure: str | None) -> Attributes:
    """Tokens as the provider counted them, and why there is no answer."""
    told: dict[str, str | int] = {} if failure is None else {ERROR_TYPE: failure}
    if usage is not None:
        told["gen_ai.usage.input_tokens"] = usage.input_tokens
        told["gen_ai.usage.output_tokens"] = usage.output_tokens
    return told


def provider_of(model: str) -> str:
    """The provider in a model's id, as the convention calls it."""
    prefix = model.partition(":")[0]
    return _PROVIDERS.get(prefix, prefix)


def model_name(model: str) -> str:
    """A model's id without its provider."""
    return model.partition(":")[2] or model


def _model(operation: str, model: str) -> dict[str, str | int]:
    return {
        "gen_ai.operation.name": operation,
        _PROVIDER: provider_of(model),
        _REQUEST_MODEL: model_name(model),
    }


# --------------------------------------------------------------------------------------------- metrics


@dataclass(frozen=True, slots=True)
class Measure:
    """What a metric of `telemetry` is called by the conventions, and what its labels are.

    `labels` by label: the attribute's name. `fixed` is true of every value. `counted_as`: the name of the
    number of values, where that is a metric of its own.
    """

    name: str
    unit: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    fixed: Mapping[str, str] = field(default_factory=dict[str, str])
    counted_as: str = ""

    def attributes(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Attributes of a value, from its labels; a model's id tells its provider too, an event's type its
        subject."""
        told = {self.labels.get(name, name): value for name, value in labels.items()} | dict(self.fixed)
        if (event := told.get(_TEMPLATE)) is not None:
            told[_TEMPLATE] = event + _OF_EVENT
        if (model := told.get(_REQUEST_MODEL)) is not None:
            told |= {_REQUEST_MODEL: model_name(model), _PROVIDER: provider_of(model)}
        return told


_NATS = {"messaging.system": "nats"}
_MODEL_LABEL = {"model": _REQUEST_MODEL}
METRICS: Mapping[str, Measure] = {
    "askpanel_publish_seconds": Measure(
        "messaging.client.operation.duration",
        "s",
        {"event": _TEMPLATE},
        {**_NATS, "messaging.operation.name": "send", "messaging.operation.type": "send"},
        counted_as="messaging.client.sent.messages",
    ),
    "askpanel_messages_handled": Measure(
        "messaging.client.consumed.messages",
        "{message}",
        {"durable": "messaging.consumer.group.name", "outcome": "askpanel.outcome"},
        {**_NATS, "messaging.operation.name": "process"},
    ),
    "askpanel_message_handling_seconds": Measure(
        "messaging.process.duration",
        "s",
        {"durable": "messaging.consumer.group.name"},
        {**_NATS, "messaging.operation.name": "process"},
    ),
    "askpanel_model_seconds": Measure(
        "gen_ai.client.operation.duration", "s", _MODEL_LABEL, {"gen_ai.operation.name": "chat"}
    ),
    "askpanel_model_tokens": Measure(
        "gen_ai.client.token.usage",
        "{token}",
        {**_MODEL_LABEL, "type": "gen_ai.token.type"},
        {"gen_ai.operation.name": "chat"},
    ),
}
"""By the name of the metric's family, which of a counter lacks `_total`."""
