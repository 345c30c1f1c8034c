"""The chart's files agree with the code, without any tool: generated parts, metric names, NATS users."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import yaml
from prometheus_client import REGISTRY

import askpanel.gateway
import askpanel.runtime
from askpanel.contracts.events import FailureReason
from askpanel.contracts.permissions import OPTIONAL_SERVICES, SERVICES, STEPS, password_variable
from askpanel.contracts.topology import DEAD, DURABLES, PANELS, STREAMS, TIMERS
from askpanel.gateway.stream.deliver import Why
from askpanel.local import chart as generated
from askpanel.local.chart import SETTINGS, settings_schema
from askpanel.runtime.bootstrap import Sizing
from tests.deploy.chart import CHART, ROOT, rows

EXPORTER = {
    "EXPORTER_consumer_num_pending",
    "EXPORTER_consumer_ack_floor_stream_seq",
    "EXPORTER_stream_total_messages",
    "EXPORTER_server_total_message_bytes",
    "EXPORTER_server_max_storage",
}
"""Of prometheus-nats-exporter's `-jsz=all`: a fixed list, since its code is not here."""
PROMETHEUS = {"up"}
_METRIC = re.compile(r"\b(?:askpanel|EXPORTER)_[a-z0-9_]+|\bup(?=\{)")
_LABELS = re.compile(r"(askpanel_[a-z0-9_]+)\{([^}]*)\}")


@pytest.fixture(scope="module")
def metrics() -> dict[str, tuple[str, ...]]:
    """Every metric that our code registers, by the names Prometheus sees, with its labels."""
    for package in (askpanel.runtime, askpanel.gateway):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    known: dict[str, tuple[str, ...]] = {}
    for collector, names in REGISTRY._collector_to_names.items():
        for name in names:
            known[name] = tuple(getattr(collector, "_labelnames", ()))
    return known


def test_what_is_generated_is_current() -> None:
    assert [path.name for path, text in generated.outputs().items() if path.read_text() != text] == []


def test_every_setting_of_a_service_is_allowed_set_by_the_chart_or_a_secret() -> None:
    for service, settings in SETTINGS.items():
        allowed = settings_schema(settings)["properties"]
        for name, field in settings.model_fields.items():
            variable = dict(zip(settings.model_fields, generated.variables(settings), strict=True))[name]
            secret = "Secret" in str(field.annotation)
            assert (variable in allowed) + (variable in generated.BY_THE_CHART) + secret == 1, (
                f"{service}: {variable}"
            )


def test_alerts_use_metrics_and_labels_that_exist(metrics: dict[str, tuple[str, ...]]) -> None:
    alerts = rows()
    assert len({alert["alert"] for alert in alerts}) == len(alerts) > 10
    for alert in alerts:
        check_query(alert["expr"], metrics)


def test_the_dashboard_uses_metrics_and_labels_that_exist(metrics: dict[str, tuple[str, ...]]) -> None:
    dashboard = json.loads((CHART / "files" / "dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    for query in queries:
        check_query(query, metrics)
    shown = {re.sub("_bucket$", "", name) for query in queries for name in _METRIC.findall(query)}
    alerted = {
        name for alert in rows() for name in _METRIC.findall(alert["expr"]) if name.startswith("askpanel")
    }
    assert alerted <= shown, "what wakes somebody up can be looked at"


def test_values_of_labels_in_alerts_are_values_that_the_code_gives() -> None:
    text = (CHART / "files" / "alerts.yaml").read_text()
    assert set(re.findall(r'why="(\w+)"', text)) <= set(get_args(Why))
    runtime = "".join(file.read_text() for file in (ROOT / "contracts/runtime/src").rglob("*.py"))
    for outcome in {each for group in re.findall(r'outcome=~"([^"]+)"', text) for each in group.split("|")}:
        assert f'"{outcome}"' in runtime
    assert "answered" not in get_args(FailureReason)
    assert '"permission"' in runtime
    streams = set(re.findall(r'stream_name=~?"([^"]+)"', (CHART / "files" / "alerts-nats.yaml").read_text()))
    assert streams == {f"{PANELS.name}|{TIMERS.name}", DEAD.name}


def test_the_alert_on_processes_names_each_of_them() -> None:
    (alert,) = (each for each in rows() if each["alert"] == "AskPanelProcessDown")
    named = re.search(r'pod=~"\.\*-\(([^)]*)\)-', alert["expr"])
    assert named is not None
    assert named[1].split("|") == [*SERVICES, *OPTIONAL_SERVICES]


def test_nats_gets_a_password_for_each_user_of_the_permissions() -> None:
    values = yaml.safe_load((ROOT / "deploy/helm/nats-values.yaml").read_text())
    users = {password_variable(user): user for user in (*SERVICES, *OPTIONAL_SERVICES, *STEPS, "admin")}
    given = {name: each for name, each in values["container"]["env"].items() if name.startswith("NATS_")}
    assert {name: each["valueFrom"]["secretKeyRef"]["key"] for name, each in given.items()} == users
    for file, without in (("permissions.conf", OPTIONAL_SERVICES), ("permissions-webhooks.conf", ())):
        permissions = (ROOT / "deploy/nats" / file).read_text()
        wanted = users.keys() - {password_variable(user) for user in without}
        assert set(re.findall(r"password: \$(\w+)", permissions)) == wanted
    lacking = {each["valueFrom"]["secretKeyRef"].get("optional", False): name for name, each in given.items()}
    assert lacking[True] == password_variable("webhooks"), "one that need not be there must not stop NATS"
    assert values["config"]["jetstream"]["merge"]["sync_interval"] == "always"


def test_values_files_set_only_what_the_chart_knows() -> None:
    base = yaml.safe_load((CHART / "values.yaml").read_text())
    free = {"settings", "annotations", "labels", "keys", "matchLabels", "scale", "requests", "limits"}
    files = list(CHART.glob("values-*.yaml"))
    assert files
    for file in files:
        set_there = list(paths(yaml.safe_load(file.read_text()), free))
        assert set_there, file.name
        for path in set_there:
            assert known(base, path), f"{file.name}: {'.'.join(path)}"


def paths(tree: Any, free: set[str], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of the leaves of a values file; below `free` keys anything may stand."""
    for key, value in tree.items():
        if isinstance(value, dict) and key not in free:
            yield from paths(value, free, (*above, key))
        else:
            yield (*above, key)


def known(tree: Any, path: tuple[str, ...]) -> bool:
    """Whether the base values have this path."""
    for key in path:
        if key not in tree:
            return False
        tree = tree[key]
    return True


def check_query(query: str, metrics: dict[str, tuple[str, ...]]) -> None:
    """Every metric exists, and has the labels that are asked for (a scrape adds namespace and pod)."""
    names = set(_METRIC.findall(query))
    assert names, query
    assert names <= metrics.keys() | EXPORTER | PROMETHEUS, query
    for name, selector in _LABELS.findall(query):
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
        assert asked <= {*metrics[name], "namespace", "pod"}, query
    grouped = {label.strip() for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(",")}
    labels = {label for name in names & metrics.keys() for label in metrics[name]}
    assert grouped <= labels | {"pod", "le", "consumer_name"}, query


def test_jetstream_lets_out_enough_for_every_process_of_the_chart() -> None:
    """A process beyond would get nothing; an autoscaler that counts what is in hand would start it all the same."""
    for file in ("values.yaml", "values-production.yaml"):
        services = yaml.safe_load((CHART / file).read_text())["services"]
        for durable in DURABLES:
            settings = SETTINGS[durable.service]
            (parallel,) = (name for name in settings.model_fields if name.endswith("_parallel"))
            each = settings.model_fields[parallel].default
            assert services[durable.service]["scale"]["max"] * each <= durable.max_ack_pending, durable.name


def test_what_the_streams_set_aside_fits_the_store_of_the_servers() -> None:
    """NATS reserves every stream's limit when it is made, and refuses what does not fit."""
    production = yaml.safe_load((ROOT / "deploy/helm/ask-panel/values-production.yaml").read_text())
    servers = yaml.safe_load((ROOT / "deploy/helm/nats-values.yaml").read_text())["config"]
    assert production["streams"]["replicas"] == servers["cluster"]["replicas"] == 3
    sizing = Sizing(max_bytes=production["streams"]["maxBytes"])
    store = servers["jetstream"]["merge"]["max_file_store"]
    gibibytes = int(store.removeprefix("<<").removesuffix(">>").strip().removesuffix("GiB"))
    assert sum(sizing.bytes_of(stream) for stream in STREAMS) < gibibytes * 2**30
    assert servers["jetstream"]["merge"]["sync_interval"] == "always"
