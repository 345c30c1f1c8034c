"""The rendered chart before validators that others wrote, and custom resources before their types."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.deploy.chart import CHART, NAMESPACE, ROOT, VARIANTS, Rendered
from tests.deploy.tools import HELM_4, HERE, programs

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("helms")]

KUBERNETES = ("1.31.0", "1.33.0", "1.35.0")
CUSTOM = "ScaledObject|PodMonitor|PrometheusRule|HTTPRoute|Stream|Consumer|KeyValue"
CHECKOV_SKIPS = {
    "CKV_K8S_11": "no CPU limit: throttling would stretch deadlines, requests share the node fairly",
    "CKV_K8S_35": "secrets as variables: one key each by reference; the processes read their environment",
    "CKV_K8S_8": "liveness of the test pod, which ends by itself; Deployments are asserted to have it",
    "CKV_K8S_9": "readiness of the test pod, likewise",
}
CHECKOV_FOR_TAGS = {
    "CKV_K8S_43": "images by digest: kind loads images that no registry has given one",
    "CKV_K8S_15": "pull policy Always: the same images cannot be pulled",
}
Validators = Callable[[str], str]


@pytest.mark.parametrize("version", KUBERNETES)
def test_resources_are_valid_kubernetes(
    rendered: Rendered, version: str, validators: Validators, tmp_path: Path
) -> None:
    command = [
        str(Path(validators("validators")).with_name("kubernetes-validate")),
        "--strict",
        "-k",
        version,
    ]
    done = checked(command, rendered.text, tmp_path)
    unknown = re.findall(r"^WARN .*schema for kind (\w+)", done.stdout + done.stderr, re.MULTILINE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {kind for kind in unknown if not re.fullmatch(CUSTOM, kind)} == set()
    passed = re.findall(r"^INFO .* passed for resource", done.stdout + done.stderr, re.MULTILINE)
    assert len(passed) + len(unknown) == len(rendered.resources)


def test_a_misspelt_field_would_be_found(
    rendered_once: Callable[[str], Rendered], validators: Validators, tmp_path: Path
) -> None:
    text = rendered_once("small").text.replace("readinessProbe:", "readynessProbe:")
    command = [str(Path(validators("validators")).with_name("kubernetes-validate")), "--strict"]
    assert checked([*command, "-k", "1.33.0"], text, tmp_path).returncode != 0


def test_custom_resources_have_their_types_and_no_unknown_field(
    rendered: Rendered, validators: Validators
) -> None:
    done = checked_custom(validators, rendered.text)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) == len(rendered.all(*CUSTOM.split("|")))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("lagThreshold:", "lagTreshold:"),
        ('lagThreshold: "48"', "lagThreshold: 48"),
        ("pollingInterval:", "pollInterval:"),
        ("podMetricsEndpoints:", "podMetricEndpoints:"),
        ("durableName:", "durable:"),
        ("allowMsgSchedules:", "allowMessageSchedules:"),
    ],
)
def test_a_misspelt_custom_field_would_be_found(
    rendered_once: Callable[[str], Rendered], validators: Validators, right: str, wrong: str
) -> None:
    whole = rendered_once("production with NACK").text
    part = next(each for each in whole.split("\n---\n") if right in each)
    assert checked_custom(validators, part).returncode == 0
    assert checked_custom(validators, part.replace(right, wrong)).returncode == 1


@pytest.mark.parametrize("by_tag", [False, True], ids=["images by digest", "images by tag"])
def test_checkov_finds_nothing_but_what_we_decided_against(
    rendered_once: Callable[[str], Rendered], validators: Validators, tmp_path: Path, by_tag: bool
) -> None:
    skipped = {**CHECKOV_SKIPS, **(CHECKOV_FOR_TAGS if by_tag else {})}
    checkov = str(Path(validators("checkov")).with_name("checkov"))
    command = [checkov, "--skip-download", "--compact", "--quiet", "--framework", "kubernetes"]
    command += ["--skip-check", ",".join(skipped)]
    for place, variant in enumerate(each for each in VARIANTS if (each == "kind") == by_tag):
        file = tmp_path / f"{place}.yaml"
        file.write_text(rendered_once(variant).text)
        command += ["--file", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_overlay_builds_on_what_helm_renders(
    rendered_once: Callable[[str], Rendered], tmp_path: Path
) -> None:
    example = ROOT / "deploy" / "kustomize" / "example"
    (tmp_path / "kustomization.yaml").write_text((example / "kustomization.yaml").read_text())
    (tmp_path / "rendered.yaml").write_text(rendered_once("production").text)
    kubectl = str(programs(HELM_4) / "kubectl" / "kubectl")
    done = subprocess.run([kubectl, "kustomize", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    built = [each for each in yaml.safe_load_all(done.stdout) if each]
    assert {each["metadata"]["namespace"] for each in built if each["kind"] != "Namespace"} == {NAMESPACE}
    jobs = [each for each in built if each["kind"] == "Job"]
    assert [job["metadata"]["annotations"]["argocd.argoproj.io/hook"] for job in jobs] == ["PreSync"] * 2
    (runner,) = (
        each
        for each in built
        if each["metadata"]["name"].endswith("expert-runner") and each["kind"] == "Deployment"
    )
    assert runner["spec"]["template"]["spec"]["priorityClassName"] == "ask-panel"


def checked(command: list[str], text: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """A validator on a rendered file."""
    file = folder / "rendered.yaml"
    file.write_text(text)
    return subprocess.run(
        [*command, str(file)], capture_output=True, text=True, timeout=180, check=False, cwd=folder
    )


def checked_custom(validators: Validators, text: str) -> "subprocess.CompletedProcess[str]":
    """Our check of custom resources."""
    command = [
        validators("validators"),
        str(HERE / "check_resources.py"),
        str(HERE / "resources.schema.json"),
    ]
    return subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=60, check=False, cwd=CHART
    )
