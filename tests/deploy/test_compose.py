"""The compose file is the chart in small: the same processes, variables, ports, users and hardening."""

import re
import runpy
from typing import Any

import pytest
import yaml

from askpanel.contracts.permissions import OPTIONAL_SERVICES, SERVICES, STEPS, password_variable
from askpanel.expert_runner.models.resolve import PROVIDERS
from askpanel.local.chart import JOB_MODULES, JOB_SETTINGS, SETTINGS, variables
from askpanel.local.services import MODEL_VARIABLES, MODULES, OPTIONAL_MODULES
from tests.deploy.chart import ROOT

DOCKER = ROOT / "deploy" / "docker"
PROCESSES = {**MODULES, **OPTIONAL_MODULES, **JOB_MODULES}
ALL_SERVICES = (*SERVICES, *OPTIONAL_SERVICES)
KEYS = {key for provider in PROVIDERS for key in provider.keys}
_VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::?([-?]))?")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file, its anchors resolved."""
    return yaml.safe_load((DOCKER / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def plan() -> dict[str, Any]:
    """What the chart says about each service beyond its values."""
    text = (ROOT / "deploy/helm/ask-panel/templates/_plan.tpl").read_text()
    body = text.partition('{{- define "ask-panel.plan" -}}')[2].partition("{{- end }}")[0]
    return yaml.safe_load(body)


def test_the_same_processes_run_with_the_same_arguments(
    compose: dict[str, Any], plan: dict[str, Any]
) -> None:
    assert set(plan) == set(ALL_SERVICES)
    assert compose["services"].keys() - PROCESSES.keys() == {"nats", "postgres", "gateway-image"}
    for name, module in PROCESSES.items():
        service = compose["services"][name]
        assert service["command"] == ["-m", module]
        image = plan[name]["image"] if name in plan else "gateway"
        assert service["image"] == f"askpanel-{image}"
        if "build" in service:
            assert service["build"]["args"]["SERVICE"] == image


def test_variables_are_read_by_the_process_and_ports_are_the_charts(
    compose: dict[str, Any], plan: dict[str, Any]
) -> None:
    classes = {**SETTINGS, **JOB_SETTINGS}
    for name in PROCESSES:
        given = compose["services"][name]["environment"]
        extra = KEYS | set(MODEL_VARIABLES) if name == "expert-runner" else set[str]()
        assert given.keys() <= set(variables(classes[name])) | extra, name
        assert not given.keys() & KEYS or name == "expert-runner"
        assert ("ASKPANEL_DATABASE_URL" in given) == (name in ("gateway", "projector", "migration"))
        if "ASKPANEL_NATS_USER" in given:
            user = "admin" if name == "bootstrap" else name
            assert given["ASKPANEL_NATS_USER"] == user
            absent = ":-" if user in OPTIONAL_SERVICES else ""
            assert given["ASKPANEL_NATS_PASSWORD"] == f"${{{password_variable(user)}{absent}}}"
        if name in plan:
            port = "ASKPANEL_PORT" if name == "gateway" else "ASKPANEL_PROBE_PORT"
            assert given[port] == str(plan[name]["port"])
            assert f":{plan[name]['port']}/readyz" in compose["services"][name]["healthcheck"]["test"][-1]
    assert compose["services"]["gateway"]["ports"] == ["127.0.0.1:8080:8080"]


def test_every_process_is_hardened_and_waits_for_both_steps(compose: dict[str, Any]) -> None:
    for name in PROCESSES:
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["user"] == "10001:10001"
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "/tmp" in service["tmpfs"]
        if name in ALL_SERVICES:
            assert set(service["depends_on"]) == set(JOB_MODULES)
            outside = "outside" in service["networks"]
            assert outside == (name in ("gateway", "projector", "expert-runner", "webhooks"))
    assert compose["networks"]["inside"] == {"internal": True}


def test_the_grace_periods_are_the_charts(compose: dict[str, Any], plan: dict[str, Any]) -> None:
    for name, service in ((name, compose["services"][name]) for name in plan):
        drain = float(service["environment"].get(plan[name]["drain"], plan[name]["window"]))
        assert int(service["stop_grace_period"].removesuffix("s")) >= drain + plan[name]["after"] - 5


def test_secrets_come_from_the_environment_that_new_env_makes(compose: dict[str, Any]) -> None:
    made = runpy.run_path(str(DOCKER / "new_env.py"))["environment"]
    first, second = made(), made()
    text = (DOCKER / "docker-compose.yml").read_text()
    body = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    needed = {name for name, kind in _VARIABLE.findall(body) if kind != "-"}
    assert needed <= first.keys()
    users = [password_variable(user) for user in (*ALL_SERVICES, *STEPS, "admin")]
    first, second = made(webhooks=True), made(webhooks=True)
    assert all(
        first[user] != second[user] and first[user][0].isalpha() and len(first[user]) > 32 for user in users
    )
    assert set(compose["services"]["nats"]["environment"]) == set(users)


def test_webhooks_run_only_where_they_are_switched_on(compose: dict[str, Any]) -> None:
    assert compose["services"]["webhooks"]["profiles"] == ["webhooks"]
    made = runpy.run_path(str(DOCKER / "new_env.py"))["environment"]
    usual, switched_on = made(), made(webhooks=True)
    added = {"NATS_WEBHOOKS_PASSWORD", "WEBHOOKS", "WEBHOOK_SECRET", "NATS_PERMISSIONS"}
    assert switched_on.keys() - usual.keys() == added
    assert "webhooks" in switched_on["COMPOSE_PROFILES"].split(",")
    assert "webhooks" not in usual["COMPOSE_PROFILES"].split(",")
    text = (DOCKER / "docker-compose.yml").read_text()
    assert {name for name, kind in _VARIABLE.findall(text) if kind == "-"} >= added
    granted = (ROOT / "deploy/nats" / switched_on["NATS_PERMISSIONS"]).read_text()
    assert 'user: "webhooks"' in granted
    assert 'user: "webhooks"' not in (ROOT / "deploy/nats/permissions.conf").read_text()
    secret = "${WEBHOOK_SECRET:-}"
    given = {name: each.get("environment", {}) for name, each in compose["services"].items()}
    assert {name for name, each in given.items() if each.get("ASKPANEL_WEBHOOK_SECRET") == secret} == {
        "gateway",
        "webhooks",
    }
    assert given["bootstrap"]["ASKPANEL_WEBHOOKS"] == "${WEBHOOKS:-false}"


def test_whoever_uses_a_supabase_project_can_have_people_sign_in_there(compose: dict[str, Any]) -> None:
    given = compose["services"]["gateway"]["environment"]
    for name in ("SUPABASE_URL", "SUPABASE_ANON_KEY", "WEB_TENANTS"):
        assert given[f"ASKPANEL_{name}"] == f"${{{name}:-}}"


def test_the_dockerfile_names_no_base_of_its_own() -> None:
    text = (DOCKER / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert bases == ["${PYTHON_IMAGE}", "${NODE_IMAGE}", "${RUNTIME_IMAGE}", "worker"]
    assert re.search(r"^ARG PYTHON_IMAGE$", text, re.MULTILINE), "without a default: the build asks for it"
    last = text[text.index("AS worker") :]
    assert "USER 10001:10001" in last
    assert not re.search(r"\b(apt-get|curl|uv|pip install|npm)\b", last)
