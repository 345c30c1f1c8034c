"""The chart rendered by a real helm, and questions to ask of the result."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from askpanel.contracts.permissions import OPTIONAL_SERVICES, SERVICES
from tests.deploy.tools import HELM_3, HELM_4, Layer, programs

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "ask-panel"
RELEASE, NAMESPACE = "ask", "ask-panel"
HELMS = {"helm 4": HELM_4, "helm 3": HELM_3}
Resource = dict[str, Any]

DIGEST = "sha256:" + "0123456789abcdef" * 4
BY_THE_INSTALLER: Mapping[str, Any] = {
    "image": {"registry": "registry.example.com/ask-panel"},
    "images": {
        name: {"digest": DIGEST}
        for name in ("gateway", "orchestrator", "expert-runner", "consensus", "usage")
    },
    "auth": {
        "issuer": "https://ref.supabase.co/auth/v1",
        "jwksUrl": "https://ref.supabase.co/auth/v1/.well-known/jwks.json",
    },
    "models": {"keys": {"ANTHROPIC_API_KEY": "anthropic"}},
    "ingress": {"host": "panel.example.com", "tlsSecret": "panel-tls"},
    "httpRoute": {
        "hostnames": ["panel.example.com"],
        "parentRefs": [{"name": "public", "namespace": "gateways"}],
    },
}
"""What nobody but the one who installs knows: no values file of ours holds it."""

COLLECTOR = "http://collector.observability.svc:4318"
VARIANTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "kind": ("kind", {}),
    "small": ("small", BY_THE_INSTALLER),
    "production": ("production", BY_THE_INSTALLER),
    "production with a collector": (
        "production",
        {
            **BY_THE_INSTALLER,
            "telemetry": {"endpoint": COLLECTOR, "traceRatio": 0.1, "existingSecret": "otlp"},
        },
    ),
    "production by CPU": ("production", {**BY_THE_INSTALLER, "autoscaling": {"by": "hpa"}}),
    "production with webhooks": ("production", {**BY_THE_INSTALLER, "webhooks": {"enabled": True}}),
    "production with NACK": (
        "production",
        {**BY_THE_INSTALLER, "streams": {"managedBy": "nack"}, "webhooks": {"enabled": True}},
    ),
}
"""A values file each, and what is given beside it."""


class Refused(Exception):
    """helm did not accept the values; the message is its own."""


def helm(layer: Layer, *arguments: str, given: Mapping[str, Any]) -> str:
    """Standard output of a helm command with `given` as the last values file. Raises Refused."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as values:
        json.dump(given, values)
        values.flush()
        command = [str(programs(layer) / "helm" / "helm"), *arguments, "--values", values.name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise Refused(f"{done.stdout}{done.stderr}")
    return done.stdout


def values_file(name: str) -> tuple[str, str]:
    """The option for a values file of ours."""
    return "--values", str(CHART / f"values-{name}.yaml")


def render(layer: Layer, file: str, given: Mapping[str, Any]) -> str:
    """`helm template` of a values file."""
    place = ("template", RELEASE, str(CHART), "--namespace", NAMESPACE)
    return helm(layer, *place, *values_file(file), given=given)


@dataclass(frozen=True, slots=True)
class Rendered:
    """One rendered variant."""

    variant: str
    text: str
    resources: tuple[Resource, ...]

    @staticmethod
    def of(variant: str) -> "Rendered":
        file, given = VARIANTS[variant]
        text = render(HELM_4, file, given)
        return Rendered(variant, text, tuple(each for each in yaml.safe_load_all(text) if each))

    @property
    def webhooks(self) -> bool:
        """Whether webhooks are switched on in it."""
        return bool(VARIANTS[self.variant][1].get("webhooks", {}).get("enabled"))

    @property
    def services(self) -> frozenset[str]:
        """What must run in it, beside the Jobs."""
        return frozenset((*SERVICES, *(OPTIONAL_SERVICES if self.webhooks else ())))

    def all(self, *kinds: str) -> list[Resource]:
        """Every resource of these kinds."""
        return [resource for resource in self.resources if resource["kind"] in kinds]

    def one(self, kind: str, component: str) -> Resource:
        """The resource of a kind that belongs to a component."""
        found = [each for each in self.all(kind) if component_of(each) == component]
        assert len(found) == 1, f"{len(found)} resources {kind} for {component}"
        return found[0]

    def pods(self) -> Iterator[tuple[str, Resource, Mapping[str, str]]]:
        """Component, pod spec and labels of everything that runs."""
        for resource in self.all("Deployment", "Job"):
            template = resource["spec"]["template"]
            yield component_of(resource), template["spec"], template["metadata"]["labels"]
        for resource in self.all("CronJob"):
            template = resource["spec"]["jobTemplate"]["spec"]["template"]
            yield component_of(resource), template["spec"], template["metadata"]["labels"]
        for resource in self.all("Pod"):
            yield component_of(resource), resource["spec"], resource["metadata"]["labels"]


def component_of(resource: Resource) -> str:
    """Its label `app.kubernetes.io/component`."""
    return resource["metadata"]["labels"]["app.kubernetes.io/component"]


def selects(selector: Resource, labels: Mapping[str, str]) -> bool:
    """Whether `matchLabels` covers these labels."""
    return all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())


def container(pod: Resource) -> Resource:
    """The one container of a pod."""
    (only,) = pod["containers"]
    return only


def plain_environment(pod: Resource) -> Mapping[str, str | None]:
    """Variables by name; None for those from a Secret."""
    return {each["name"]: each.get("value") for each in container(pod).get("env", ())}


def rows() -> list[Any]:
    """Every alert of the chart's files, as written."""
    return [
        rule
        for file in ("alerts.yaml", "alerts-nats.yaml")
        for group in yaml.safe_load((CHART / "files" / file).read_text())["groups"]
        for rule in group["rules"]
    ]
