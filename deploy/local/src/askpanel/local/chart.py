"""`python -m askpanel.local.chart [--check]`: what the Helm chart takes from the code.

deploy/helm/ask-panel/files/topology.json     streams, durables, buckets, NATS users, modules to run
deploy/helm/ask-panel/values.schema.json      its `$defs` of settings: a misspelt one fails the render
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import AliasChoices
from pydantic_settings import BaseSettings

from askpanel.consensus.settings import ConsensusSettings
from askpanel.contracts.permissions import OPTIONAL_SERVICES, SERVICES, STEPS
from askpanel.contracts.topology import BUCKETS, DURABLES, OPTIONAL_DURABLES, STREAMS
from askpanel.expert_runner.settings import ExpertRunnerSettings
from askpanel.gateway.migration_job import MigrationSettings
from askpanel.gateway.projector import ProjectorSettings
from askpanel.gateway.settings import GatewaySettings
from askpanel.gateway.webhooks.settings import WebhookSettings
from askpanel.local.services import MODULES, OPTIONAL_MODULES
from askpanel.orchestrator.settings import OrchestratorSettings
from askpanel.runtime.archive_job import ArchiveSettings
from askpanel.runtime.bootstrap_job import BootstrapSettings
from askpanel.usage.settings import UsageSettings

CHART = Path(__file__).parents[5] / "deploy" / "helm" / "ask-panel"
TOPOLOGY = CHART / "files" / "topology.json"
SCHEMA = CHART / "values.schema.json"

SETTINGS: Mapping[str, type[BaseSettings]] = {
    "gateway": GatewaySettings,
    "projector": ProjectorSettings,
    "orchestrator": OrchestratorSettings,
    "expert-runner": ExpertRunnerSettings,
    "consensus": ConsensusSettings,
    "usage": UsageSettings,
    "webhooks": WebhookSettings,
}
JOB_SETTINGS: Mapping[str, type[BaseSettings]] = {
    "migration": MigrationSettings,
    "bootstrap": BootstrapSettings,
}
JOB_MODULES = {"migration": "askpanel.gateway.migration_job", "bootstrap": "askpanel.runtime.bootstrap_job"}
CRON_SETTINGS: Mapping[str, type[BaseSettings]] = {"archiver": ArchiveSettings}
CRON_MODULES = {"archiver": "askpanel.runtime.archive_job"}
"""What runs now and then where it is switched on."""

BY_THE_CHART = frozenset(
    {
        "ASKPANEL_CACHE",
        "ASKPANEL_HOST",
        "ASKPANEL_JWKS_FILE",
        "ASKPANEL_JWKS_URL",
        "ASKPANEL_JWT_AUDIENCE",
        "ASKPANEL_JWT_ISSUER",
        "ASKPANEL_LIMITS",
        "ASKPANEL_LOCAL",
        "ASKPANEL_METRICS_SECONDS",
        "ASKPANEL_NATS_URL",
        "ASKPANEL_NATS_USER",
        "ASKPANEL_OTLP_ENDPOINT",
        "ASKPANEL_PORT",
        "ASKPANEL_PROBE_HOST",
        "ASKPANEL_PROBE_PORT",
        "ASKPANEL_TRACE_RATIO",
        "ASKPANEL_WEBHOOK_PRIVATE",
        "ASKPANEL_WEB_ROOT",
    }
)
"""Set by templates from other values, or by the image, or not for a cluster; secrets come from Secrets."""


def variables(settings: type[BaseSettings]) -> tuple[str, ...]:
    """The environment names a settings class reads, its first alias where it has several."""
    return tuple(_variable(name, settings) for name in settings.model_fields)


def topology() -> Mapping[str, Any]:
    """What the templates loop over."""
    return {
        "streams": [asdict(stream) for stream in STREAMS],
        "durables": [asdict(durable) for durable in DURABLES],
        "optional_durables": [asdict(durable) for durable in OPTIONAL_DURABLES],
        "buckets": [asdict(bucket) for bucket in BUCKETS],
        "users": [*SERVICES, *OPTIONAL_SERVICES, *STEPS],
        "modules": dict(sorted({**MODULES, **OPTIONAL_MODULES}.items())) | JOB_MODULES | CRON_MODULES,
    }


def settings_schema(settings: type[BaseSettings]) -> Mapping[str, Any]:
    """JSON Schema of a service's `settings` in the values: by variable, nothing else allowed."""
    fields = settings.model_json_schema(by_alias=False)["properties"]
    allowed = {
        _variable(name, settings): _value(field)
        for name, field in sorted(fields.items())
        if _variable(name, settings) not in BY_THE_CHART and not _is_secret(field)
    }
    return {"type": "object", "additionalProperties": False, "properties": allowed}


def schema(current: Mapping[str, Any]) -> Mapping[str, Any]:
    """The chart's schema with its settings replaced; the rest is written by hand."""
    definitions = {
        name: value for name, value in current["$defs"].items() if not name.startswith("settings-")
    }
    definitions |= {f"settings-{name}": settings_schema(settings) for name, settings in SETTINGS.items()}
    return {**current, "$defs": definitions}


def _variable(name: str, settings: type[BaseSettings]) -> str:
    alias = settings.model_fields[name].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"ASKPANEL_{name.upper()}"


def _value(field: Mapping[str, Any]) -> Mapping[str, Any]:
    """Type and range of one value; what is not plain (paths, lists, money) is given as text."""
    plain = field.get("type") in ("integer", "number", "boolean", "string")
    kept = ("type", "enum", "minimum", "maximum", "exclusiveMinimum") if plain else ()
    text = {} if plain else {"type": ["string", "number"]}
    return (
        {"description": field.get("description", "")}
        | {key: field[key] for key in kept if key in field}
        | text
    )


def _is_secret(field: Mapping[str, Any]) -> bool:
    return any(shape.get("format") == "password" for shape in (field, *field.get("anyOf", ())))


def outputs() -> Mapping[Path, str]:
    """Text of every generated file."""
    wanted = {TOPOLOGY: topology(), SCHEMA: schema(json.loads(SCHEMA.read_text()))}
    return {path: json.dumps(value, indent=2, ensure_ascii=False) + "\n" for path, value in wanted.items()}


def main() -> int:
    """Write the files, or with --check only say which are stale."""
    stale = [path for path, text in outputs().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"stale: {path.relative_to(CHART.parents[2])} (run `make generate`)", file=sys.stderr)
        return int(bool(stale))
    for path, text in outputs().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
