"""The chart with real helms: it renders, and refuses what is wrong."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
import yaml

from tests.deploy.chart import (
    BY_THE_INSTALLER,
    CHART,
    HELMS,
    VARIANTS,
    Refused,
    Rendered,
    container,
    helm,
    render,
    values_file,
)
from tests.deploy.tools import HELM_3, HELM_4, Layer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("helms")]


@pytest.mark.parametrize("layer", HELMS.values(), ids=HELMS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_helm_lint_finds_nothing(layer: Layer, variant: str) -> None:
    file, given = VARIANTS[variant]
    assert "0 chart(s) failed" in helm(layer, "lint", "--strict", str(CHART), *values_file(file), given=given)


@pytest.mark.parametrize("variant", VARIANTS)
def test_both_majors_of_helm_render_the_same(variant: str, rendered_once: Callable[[str], Rendered]) -> None:
    file, given = VARIANTS[variant]
    assert render(HELM_3, file, given) == rendered_once(variant).text


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"image": {"registry": ""}}, "image.registry is needed"),
        ({"images": {"usage": {"digest": ""}}}, "images.usage.digest is needed"),
        ({"images": {"usage": {"digest": "", "tag": "latest"}}}, "images.usage.digest is needed"),
        ({"images": {"usage": {"digest": "sha256:short"}}}, "digest"),
        ({"auth": {"issuer": ""}}, "auth.issuer is needed"),
        ({"auth": {"jwksUrl": ""}}, "auth.jwksUrl or auth.keys.jwt is needed"),
        ({"auth": {"jwksUrl": "http://ref.supabase.co/jwks.json"}}, "jwksUrl"),
        ({"models": {"keys": {"ANTHROPIC_API_KEY": None}}}, "ANTHROPIC_API_KEY"),
        ({"models": {"keys": {"SUPABASE_SERVICE_ROLE_KEY": "x"}}}, "SUPABASE_SERVICE_ROLE_KEY"),
        ({"httpRoute": {"parentRefs": []}}, "httpRoute.parentRefs is needed"),
        ({"services": {"gatway": {"replicas": 3}}}, "gatway"),
        ({"services": {"gateway": {"replicas": 0}}}, "replicas"),
        ({"services": {"projector": {"scale": {"min": 1, "max": 2}}}}, "scale"),
        ({"services": {"usage": {"scale": {"min": 5}}}}, "services.usage.scale: min is above max"),
        ({"services": {"gateway": {"settings": {"ASKPANEL_REQUEST_BURTS": 5}}}}, "ASKPANEL_REQUEST_BURTS"),
        ({"services": {"gateway": {"settings": {"ASKPANEL_REQUEST_BURST": 0}}}}, "ASKPANEL_REQUEST_BURST"),
        ({"services": {"gateway": {"settings": {"ASKPANEL_LIMITS": "off"}}}}, "ASKPANEL_LIMITS"),
        ({"services": {"gateway": {"settings": {"ASKPANEL_JWT_SECRET": "s" * 32}}}}, "ASKPANEL_JWT_SECRET"),
        ({"nats": {"url": "nats://admin:secret@nats:4222"}}, "url"),
        ({"streams": {"managedBy": "both"}}, "managedBy"),
        ({"streams": {"replicas": 2}}, "replicas"),
        ({"networkPolicy": {"models": {"peers": []}}}, "peers"),
        ({"autoscaling": {"by": "magic"}}, "by"),
        ({"replicaCount": 3}, "replicaCount"),
    ],
)
@pytest.mark.parametrize("layer", HELMS.values(), ids=HELMS)
def test_wrong_values_stop_the_render_by_name(layer: Layer, wrong: Mapping[str, Any], named: str) -> None:
    with pytest.raises(Refused, match=named):
        render(layer, "production", merged(BY_THE_INSTALLER, wrong))


def test_a_runner_without_any_model_is_refused() -> None:
    given = {name: value for name, value in BY_THE_INSTALLER.items() if name != "models"}
    with pytest.raises(Refused, match=r"models.model, models.baseUrl or models.keys is needed"):
        render(HELM_4, "production", given)


def test_a_tag_is_accepted_only_where_tags_are_allowed() -> None:
    assert "image: askpanel.local/askpanel-usage:dev" in render(HELM_4, "kind", {})
    with pytest.raises(Refused, match="digest is needed"):
        render(HELM_4, "kind", {"image": {"allowTags": False}})


def test_settings_reach_the_process_as_it_reads_them() -> None:
    settings = {"ASKPANEL_STREAM_QUEUE_BYTES": 1_048_576, "ASKPANEL_MONTHLY_BUDGET_USD": "12.50"}
    given = merged(BY_THE_INSTALLER, {"services": {"gateway": {"settings": settings}}})
    text = render(HELM_4, "production", given)
    assert 'name: ASKPANEL_STREAM_QUEUE_BYTES\n              value: "1048576"' in text
    assert 'name: ASKPANEL_MONTHLY_BUDGET_USD\n              value: "12.50"' in text


def test_the_databases_ca_is_mounted_where_the_database_is_spoken_to_and_nowhere_else() -> None:
    given = merged(BY_THE_INSTALLER, {"database": {"caConfigMap": "database-ca"}})
    text = render(HELM_4, "production", given)
    rendered = Rendered("production", text, tuple(each for each in yaml.safe_load_all(text) if each))
    having: set[str] = set()
    for component, pod, _ in rendered.pods():
        named = [volume for volume in pod.get("volumes", ()) if "configMap" in volume]
        mounts = [
            each for each in container(pod).get("volumeMounts", ()) if each["mountPath"] == "/etc/askpanel"
        ]
        assert [each["name"] for each in mounts] == [volume["name"] for volume in named]
        if named:
            assert named[0]["configMap"] == {"name": "database-ca"}
            having.add(component)
    assert having == {"gateway", "projector", "migration"}


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `over` laid on it, key by key."""
    both: dict[str, Any] = dict(base)
    for key, value in over.items():
        deeper = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = merged(both[key], cast("dict[str, Any]", value)) if deeper else value
    return both
