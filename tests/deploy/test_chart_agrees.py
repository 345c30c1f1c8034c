"""The rendered chart agrees with the code: security, probes, ports, variables, users, durables."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from askpanel.contracts.topology import BUCKETS, DURABLES, OPTIONAL_DURABLES, PANELS, STREAMS, TIMERS
from askpanel.expert_runner.models.resolve import PROVIDERS
from askpanel.gateway.app import LAST_REQUESTS
from askpanel.local.chart import CRON_MODULES, CRON_SETTINGS, JOB_MODULES, JOB_SETTINGS, SETTINGS, variables
from askpanel.local.services import MODEL_VARIABLES, MODULES, OPTIONAL_MODULES
from askpanel.runtime.archive_job import FEWEST_DAYS
from askpanel.runtime.bootstrap import Sizing
from tests.deploy.chart import (
    BY_THE_INSTALLER,
    COLLECTOR,
    DIGEST,
    NAMESPACE,
    Rendered,
    component_of,
    container,
    plain_environment,
    render,
    selects,
)
from tests.deploy.tools import HELM_4

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("helms")]

KEYS = {key for provider in PROVIDERS for key in provider.keys}
ENVIRONMENT = {
    **{service: set(variables(settings)) for service, settings in SETTINGS.items()},
    **{job: set(variables(settings)) for job, settings in {**JOB_SETTINGS, **CRON_SETTINGS}.items()},
}
for service in SETTINGS:
    ENVIRONMENT[service].add("OTEL_EXPORTER_OTLP_HEADERS")  # read by the exporter itself
ENVIRONMENT["expert-runner"] |= KEYS | set(MODEL_VARIABLES)
SECRETS = re.compile(r"PASSWORD|SECRET|_KEY$|DATABASE_URL")
PRESTOP = 5


def test_every_service_has_a_deployment_of_its_own_and_every_step_a_job(rendered: Rendered) -> None:
    assert {component_of(each) for each in rendered.all("Deployment")} == rendered.services
    assert rendered.services - OPTIONAL_MODULES.keys() == MODULES.keys()
    steps = set(JOB_MODULES) - ({"bootstrap"} if "NACK" in rendered.variant else set())
    assert {component_of(each) for each in rendered.all("Job")} == steps
    assert {component_of(each) for each in rendered.all("CronJob")} == set(CRON_MODULES)
    modules = {**MODULES, **OPTIONAL_MODULES, **JOB_MODULES}
    for resource in rendered.all("Deployment", "Job"):
        pod = resource["spec"]["template"]["spec"]
        assert container(pod)["args"] == ["-m", modules[component_of(resource)]]


def test_every_pod_is_restricted_and_writes_nowhere_but_to_its_scratch_space(rendered: Rendered) -> None:
    for component, pod, _ in rendered.pods():
        security, inner = pod["securityContext"], container(pod)["securityContext"]
        assert security["runAsNonRoot"] is True, component
        assert security["runAsUser"] > 10000
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert inner == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert pod["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod.keys()
        assert all(set(volume) == {"name", "emptyDir"} for volume in pod["volumes"])
        assert all(volume["emptyDir"]["sizeLimit"] for volume in pod["volumes"])
        resources = container(pod)["resources"]
        assert set(resources["requests"]) == {"cpu", "memory"}
        assert set(resources["limits"]) == {"memory"}


def test_the_archiver_runs_now_and_then_alone_and_ends(rendered: Rendered) -> None:
    cron = rendered.one("CronJob", "archiver")["spec"]
    job = cron["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    given = plain_environment(pod)
    assert cron["concurrencyPolicy"] == "Forbid"
    assert container(pod)["args"] == ["-m", CRON_MODULES["archiver"]]
    assert pod["restartPolicy"] == "Never"
    assert float(given["ASKPANEL_ARCHIVE_AFTER_DAYS"] or 0) >= FEWEST_DAYS
    assert job["activeDeadlineSeconds"] > float(given["ASKPANEL_ARCHIVE_SECONDS"] or 0)


def test_without_an_archive_there_is_no_archiver() -> None:
    text = render(HELM_4, "small", {**BY_THE_INSTALLER, "archive": {"enabled": False}})
    assert not [each for each in yaml.safe_load_all(text) if each and component_of(each) == "archiver"]


def test_images_are_named_by_digest(rendered: Rendered) -> None:
    for component, pod, _ in rendered.pods():
        image = container(pod)["image"]
        own = component if component in ("orchestrator", "expert-runner", "consensus", "usage") else "gateway"
        assert f"/askpanel-{own}" in image
        assert image.endswith(":dev" if rendered.variant == "kind" else f"@{DIGEST}")


def test_nobody_has_a_token_or_a_right_in_the_cluster(rendered: Rendered) -> None:
    assert not rendered.all("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Secret")
    accounts = {each["metadata"]["name"]: each for each in rendered.all("ServiceAccount")}
    assert all(account["automountServiceAccountToken"] is False for account in accounts.values())
    for resource in rendered.all("Deployment", "Job"):
        assert resource["spec"]["template"]["spec"]["serviceAccountName"] in accounts
    assert {each["metadata"]["namespace"] for each in rendered.resources} == {NAMESPACE}


def test_every_deployment_has_probes_on_the_port_that_its_process_listens_on(rendered: Rendered) -> None:
    for resource in rendered.all("Deployment"):
        pod = resource["spec"]["template"]["spec"]
        box, environment = container(pod), plain_environment(pod)
        (port,) = box["ports"]
        gateway = component_of(resource) == "gateway"
        host, number = (
            ("ASKPANEL_HOST", "ASKPANEL_PORT") if gateway else ("ASKPANEL_PROBE_HOST", "ASKPANEL_PROBE_PORT")
        )
        assert environment[number] == str(port["containerPort"])
        assert environment[host] == "0.0.0.0"
        for probe, path in (
            ("startupProbe", "/livez"),
            ("livenessProbe", "/livez"),
            ("readinessProbe", "/readyz"),
        ):
            assert box[probe]["httpGet"] == {"path": path, "port": port["name"]}
        assert box["readinessProbe"]["timeoutSeconds"] > 2  # what Readiness gives its checks


def test_the_grace_period_covers_the_drain(rendered: Rendered) -> None:
    for resource in rendered.all("Deployment"):
        component, pod = component_of(resource), resource["spec"]["template"]["spec"]
        environment = plain_environment(pod)
        grace = pod["terminationGracePeriodSeconds"]
        assert container(pod)["lifecycle"] == {"preStop": {"sleep": {"seconds": PRESTOP}}}
        if component == "gateway":
            drain = float(environment["ASKPANEL_STREAM_DRAIN_SECONDS"] or 0)
            assert grace == drain + 25
            assert grace >= PRESTOP + drain + LAST_REQUESTS + 10
        else:
            default = SETTINGS[component].model_fields["drain_seconds"].default
            drain = float(environment.get("ASKPANEL_DRAIN_SECONDS") or default)
            assert grace == drain + (40 if component == "expert-runner" else 25)
            assert grace >= PRESTOP + drain + 10


def test_every_deployment_is_spread_and_evicted_one_at_a_time(rendered: Rendered) -> None:
    for resource in rendered.all("Deployment"):
        labels = resource["spec"]["template"]["metadata"]["labels"]
        assert selects(resource["spec"]["selector"], labels)
        budgets = [
            each["spec"]
            for each in rendered.all("PodDisruptionBudget")
            if selects(each["spec"]["selector"], labels)
        ]
        assert [budget["maxUnavailable"] for budget in budgets] == [1]
        assert all("minAvailable" not in budget for budget in budgets)
        spread = resource["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert {each["topologyKey"] for each in spread} == {
            "topology.kubernetes.io/zone",
            "kubernetes.io/hostname",
        }
        assert all(selects(each["labelSelector"], labels) for each in spread)
        assert resource["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_variables_are_those_that_the_process_reads_and_secrets_come_from_secrets(rendered: Rendered) -> None:
    for component, pod, _ in rendered.pods():
        if component == "test":
            continue
        given = [each["name"] for each in container(pod).get("env", ())]
        assert len(given) == len(set(given)), f"{component}: a variable twice"
        assert set(given) <= ENVIRONMENT[component], component
        plain = {name for name, value in plain_environment(pod).items() if value is not None}
        assert not [name for name in plain if SECRETS.search(name)]
        if "ASKPANEL_NATS_URL" in ENVIRONMENT[component]:
            assert plain_environment(pod)["ASKPANEL_NATS_USER"] == (
                "admin" if component == "bootstrap" else component
            )


def test_a_collector_is_told_to_the_services_where_there_is_one(rendered: Rendered) -> None:
    wanted = "collector" in rendered.variant
    for component, pod, _ in rendered.pods():
        given = plain_environment(pod)
        told = {name: value for name, value in given.items() if "OTLP" in name or "TRACE" in name}
        if wanted and component in rendered.services:
            assert told == {
                "ASKPANEL_OTLP_ENDPOINT": COLLECTOR,
                "ASKPANEL_TRACE_RATIO": "0.1",
                "OTEL_EXPORTER_OTLP_HEADERS": None,
            }
            assert given["ASKPANEL_METRICS_SECONDS"] == "60"
        else:
            assert told == {}, component


def test_required_settings_are_given(rendered: Rendered) -> None:
    classes = {**SETTINGS, **JOB_SETTINGS, **CRON_SETTINGS}
    for component, pod, _ in rendered.pods():
        if component != "test":
            required = [
                variable
                for variable, field in zip(
                    variables(classes[component]), classes[component].model_fields.values(), strict=True
                )
                if field.is_required()
            ]
            assert set(required) <= plain_environment(pod).keys()


def test_only_the_expert_runner_sees_model_keys_and_only_readers_and_writers_the_database(
    rendered: Rendered,
) -> None:
    for component, pod, _ in rendered.pods():
        given = plain_environment(pod).keys()
        assert component == "expert-runner" or not given & (KEYS | set(MODEL_VARIABLES))
        assert ("ASKPANEL_DATABASE_URL" in given) == (component in ("gateway", "projector", "migration"))
    keys = [
        each["valueFrom"]["secretKeyRef"]["key"]
        for _, pod, _ in rendered.pods()
        for each in container(pod).get("env", ())
        if each["name"] == "ASKPANEL_DATABASE_URL"
    ]
    assert len(keys) == len(set(keys)) == 3


def test_webhooks_share_one_secret_with_the_gateway_and_nobody_has_it_without_them(
    rendered: Rendered,
) -> None:
    having = {
        component: each["valueFrom"]["secretKeyRef"]
        for component, pod, _ in rendered.pods()
        for each in container(pod).get("env", ())
        if each["name"] == "ASKPANEL_WEBHOOK_SECRET"
    }
    secret = {"name": "askpanel-webhooks", "key": "webhook-secret"}
    assert having == ({"gateway": secret, "webhooks": secret} if rendered.webhooks else {})
    for component, pod, _ in rendered.pods():
        assert "ASKPANEL_WEBHOOK_PRIVATE" not in plain_environment(pod), component
        if component == "bootstrap":
            assert plain_environment(pod)["ASKPANEL_WEBHOOKS"] == str(rendered.webhooks).lower()


# --------------------------------------------------------------------------------- jobs and scaling


def test_what_a_job_needs_is_there_before_it(rendered: Rendered) -> None:
    for job in rendered.all("Job"):
        hook = job["metadata"]["annotations"]
        back = ",pre-rollback" if component_of(job) == "bootstrap" else ""
        assert hook["helm.sh/hook"] == f"pre-install,pre-upgrade{back}"
        assert hook["helm.sh/hook-delete-policy"] == "before-hook-creation"
        for kind in ("ServiceAccount", "NetworkPolicy"):
            needed = rendered.one(kind, component_of(job))["metadata"]["annotations"]
            assert needed["helm.sh/hook"] == hook["helm.sh/hook"]
            assert int(needed["helm.sh/hook-weight"]) < int(hook["helm.sh/hook-weight"])


def test_each_service_is_scaled_once_and_by_its_own_durables(rendered: Rendered) -> None:
    scaled = {component_of(each): each for each in rendered.all("ScaledObject", "HorizontalPodAutoscaler")}
    assert len(scaled) == len(rendered.all("ScaledObject", "HorizontalPodAutoscaler"))
    for resource in rendered.all("Deployment"):
        component = component_of(resource)
        assert ("replicas" in resource["spec"]) == (component not in scaled)
    assert not {"projector", "webhooks"} & scaled.keys()
    for component, resource in scaled.items():
        assert (
            resource["spec"]["scaleTargetRef"]["name"]
            == rendered.one("Deployment", component)["metadata"]["name"]
        )
        if resource["kind"] == "ScaledObject":
            asked = {
                (each["metadata"]["stream"], each["metadata"]["consumer"])
                for each in resource["spec"]["triggers"]
            }
            assert asked == {(each.stream, each.name) for each in DURABLES if each.service == component}
            assert resource["spec"]["minReplicaCount"] >= 1
            assert resource["spec"]["maxReplicaCount"] > resource["spec"]["minReplicaCount"]


def test_production_scales_every_consumer_by_its_lag(rendered_once: Callable[[str], Rendered]) -> None:
    found = {component_of(each) for each in rendered_once("production").all("ScaledObject")}
    assert found == {durable.service for durable in DURABLES}
    assert {component_of(each) for each in rendered_once("production").all("HorizontalPodAutoscaler")} == {
        "gateway"
    }


def test_streams_are_made_by_one_hand_as_the_contract_declares_them(
    rendered: Rendered, rendered_once: Callable[[str], Rendered]
) -> None:
    by_nack = "NACK" in rendered.variant
    assert bool(rendered.all("Stream", "Consumer", "KeyValue")) == by_nack
    assert any(component_of(each) == "bootstrap" for each in rendered.all("Job")) != by_nack
    if not by_nack:
        return
    streams: dict[str, Any] = {each["spec"]["name"]: each["spec"] for each in rendered.all("Stream")}
    assert {
        name: (
            tuple(spec["subjects"]),
            spec["discard"],
            spec["retention"],
            spec["maxAge"],
            spec["denyDelete"],
        )
        for name, spec in streams.items()
    } == {
        each.name: (each.subjects, each.discard, each.retention, f"{each.max_age:.0f}s", each.deny_delete)
        for each in STREAMS
    }
    sizing = Sizing(max_bytes=streams[PANELS.name]["maxBytes"])
    assert {name: spec["maxBytes"] for name, spec in streams.items()} == {
        each.name: sizing.bytes_of(each) for each in STREAMS
    }
    assert [name for name, spec in streams.items() if spec["allowMsgSchedules"]] == [TIMERS.name]
    assert not [name for name, spec in streams.items() if spec["allowRollup"] or spec["allowMsgTtl"]]
    consumers = {each["spec"]["durableName"]: each["spec"] for each in rendered.all("Consumer")}
    assert {
        name: (
            spec["streamName"],
            tuple(spec["filterSubjects"]),
            spec["ackWait"],
            spec["maxDeliver"],
            spec["maxAckPending"],
        )
        for name, spec in consumers.items()
    } == {
        each.name: (
            each.stream,
            each.filters,
            f"{each.ack_wait:.0f}s",
            each.max_deliver,
            each.max_ack_pending,
        )
        for each in (*DURABLES, *OPTIONAL_DURABLES)
    }
    buckets = [each["spec"] for each in rendered.all("KeyValue")]
    single = all(spec["replicas"] == 1 for spec in buckets)  # it would forget a bucket in memory
    assert {spec["bucket"]: (spec["history"], spec["storage"], spec.get("ttl")) for spec in buckets} == {
        each.name: (
            each.history,
            "file" if single else each.storage,
            f"{each.max_age:.0f}s" if each.max_age else None,
        )
        for each in BUCKETS
    }
    for each in rendered.all("Stream", "Consumer", "KeyValue"):
        assert each["spec"]["preventDelete"] is True
        assert each["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_every_process_is_scraped(rendered_once: Callable[[str], Rendered]) -> None:
    rendered = rendered_once("production")
    (monitor,) = rendered.all("PodMonitor")
    ports = {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]}
    for resource in rendered.all("Deployment"):
        template = resource["spec"]["template"]
        assert selects(monitor["spec"]["selector"], template["metadata"]["labels"])
        assert container(template["spec"])["ports"][0]["name"] in ports
    (rule,) = rendered.all("PrometheusRule")
    for group in rule["spec"]["groups"]:
        for alert in group["rules"]:
            assert not re.search(r"NAMESPACE|COST_PER_HOUR|EXPORTER_", alert["expr"])
