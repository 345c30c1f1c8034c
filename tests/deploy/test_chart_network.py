"""Who may talk to whom in the rendered chart: everything is denied, the holes are exact, the outside sees the API."""

import pytest

from askpanel.contracts.permissions import OPTIONAL_SERVICES, SERVICES
from askpanel.gateway.webhooks.addresses import PORTS as WEBHOOK_PORTS
from askpanel.local.chart import SETTINGS
from tests.deploy.chart import Rendered, component_of, selects

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("helms")]

PORTS = dict.fromkeys((*SERVICES, *OPTIONAL_SERVICES), 9090) | {"gateway": 8080}


def test_everything_is_denied_and_every_pod_has_one_policy_with_its_holes(rendered: Rendered) -> None:
    policies = rendered.all("NetworkPolicy")
    assert all(set(each["spec"]["policyTypes"]) == {"Ingress", "Egress"} for each in policies)
    for component, _, labels in rendered.pods():
        applying = [each for each in policies if selects(each["spec"]["podSelector"], labels)]
        assert [component_of(each) for each in applying if "egress" not in each["spec"]] == ["deny-all"], (
            component
        )
        assert [component_of(each) for each in applying if "egress" in each["spec"]] == [component]
    for policy in policies:
        for rule in (*policy["spec"].get("ingress", ()), *policy["spec"].get("egress", ())):
            assert rule.get("from") or rule.get("to"), "a rule without peers is open to everybody"
            assert rule["ports"], "a rule without ports is open for all of them"


def test_the_holes_are_exact(rendered: Rendered) -> None:
    database = {"gateway": 6543, "projector": 5432, "migration": 5432}
    if rendered.variant == "kind":
        database["gateway"] = 5432
    with_jwks = rendered.variant != "kind"
    for policy in rendered.all("NetworkPolicy"):
        component, spec = component_of(policy), policy["spec"]
        if component in ("deny-all", "test"):
            continue
        incoming = {port["port"] for rule in spec.get("ingress", ()) for port in rule["ports"]}
        assert incoming == ({PORTS[component]} if component in PORTS else set())
        outgoing = sorted(
            port["port"] for rule in spec["egress"] for port in rule["ports"] if port["port"] != 53
        )
        wanted = [4222] if component != "migration" else []
        wanted += [database[component]] if component in database else []
        wanted += WEBHOOK_PORTS if component == "webhooks" else []
        wanted += [443] if component == "expert-runner" or (component == "gateway" and with_jwks) else []
        collector = rendered.variant == "production with a collector" and component in SERVICES
        wanted += [4318] if collector else []
        assert outgoing == sorted(wanted), component


def test_open_addresses_leave_out_the_private_ones(rendered: Rendered) -> None:
    private = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"}
    blocks = [
        peer["ipBlock"]
        for policy in rendered.all("NetworkPolicy")
        for rule in policy["spec"].get("egress", ())
        for peer in rule["to"]
        if "ipBlock" in peer
    ]
    assert blocks
    for block in blocks:
        family = {each for each in private if (":" in each) == (":" in block["cidr"])}
        assert family <= set(block["except"])


def test_only_webhooks_reach_the_whole_internet_on_their_ports_and_nothing_private(
    rendered: Rendered,
) -> None:
    policies = {component_of(each): each["spec"] for each in rendered.all("NetworkPolicy")}
    assert ("webhooks" in policies) == rendered.webhooks
    reaching = {
        component
        for component, spec in policies.items()
        for rule in spec.get("egress", ())
        if {port["port"] for port in rule["ports"]} & (WEBHOOK_PORTS - {443})
    }
    assert reaching == ({"webhooks"} if rendered.webhooks else set())
    if rendered.webhooks:
        (rule,) = [one for one in policies["webhooks"]["egress"] if any("ipBlock" in to for to in one["to"])]
        assert all("ipBlock" in to for to in rule["to"])
        assert {to["ipBlock"]["cidr"] for to in rule["to"]} == {"0.0.0.0/0", "::/0"}


def test_the_outside_reaches_the_api_but_not_its_probes_and_metrics(rendered: Rendered) -> None:
    for ingress in rendered.all("Ingress"):
        (rule,) = ingress["spec"]["rules"]
        backends = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
        service = rendered.one("Service", "gateway")["metadata"]["name"]
        assert [path for path, backend in backends.items() if backend == service] == ["/"]
        closed = rendered.one("Service", "closed")
        assert "selector" not in closed["spec"]
        assert {path for path in backends if path != "/"} == {"/livez", "/readyz", "/metrics"}
        annotations = ingress["metadata"]["annotations"]
        assert annotations["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
        heartbeat = SETTINGS["gateway"].model_fields["stream_heartbeat"].default
        assert int(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]) > 2 * heartbeat
    for route in rendered.all("HTTPRoute"):
        refused, served = route["spec"]["rules"]
        assert "backendRefs" not in refused
        assert {match["path"]["value"] for match in refused["matches"]} == {"/livez", "/readyz", "/metrics"}
        assert served["timeouts"] == {"request": "0s", "backendRequest": "0s"}
    assert rendered.all("Ingress", "HTTPRoute")
