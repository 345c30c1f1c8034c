"""Webhooks over REST: who may make and change them, what is refused, what is shown once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from askpanel.local.demo import TENANTS

from .running import Start
from .webhook_scene import Scene, verify

# -------------------------------------------------------------------------------- secrets and roles


async def test_a_secret_is_shown_when_made_and_when_rotated_and_both_sign_for_a_day(scene: Scene) -> None:
    webhook = await scene.made("panel.completed")
    for answer in (await scene.send("GET", ""), await scene.send("GET", f"/{webhook['id']}")):
        assert answer.status_code == 200
        assert "whsec_" not in answer.text
    rotated = (await scene.send("POST", f"/{webhook['id']}/rotate-secret")).json()
    assert rotated["secret"] != webhook["secret"]
    assert datetime.fromisoformat(rotated["previous_secret_valid_until"]) > datetime.now(UTC)
    await scene.completed()
    (request,) = await scene.receiver.has(1)
    verify(webhook["secret"], request)
    verify(rotated["secret"], request)
    stored = await (await scene.gateway.log.jetstream.key_value("webhooks")).get(str(TENANTS[0].id))
    assert b"whsec_" not in (stored.value or b"")


@pytest.mark.parametrize("user", ["member", "guest"])
async def test_only_owners_and_admins_manage_webhooks(scene: Scene, user: str) -> None:
    webhook = await scene.made()
    body = {"url": webhook["url"]}
    for method, path, sent in every_route(webhook["id"], body):
        answer = await scene.send(method, path, sent, user=user)
        assert answer.status_code == 403, (method, path)


async def test_another_tenants_webhook_does_not_exist(scene: Scene) -> None:
    webhook = await scene.made()
    for method, path, sent in every_route(webhook["id"], {"url": webhook["url"]}):
        if webhook["id"] in path:
            answer = await scene.send(method, path, sent, tenant=1)
            assert answer.status_code == 404, (method, path)
    assert (await scene.send("GET", "", tenant=1)).json()["webhooks"] == []


def every_route(webhook_id: str, body: Any) -> list[tuple[str, str, Any]]:
    one = f"/{webhook_id}"
    return [
        ("POST", "", body),
        ("GET", "", None),
        ("GET", one, None),
        ("PUT", one, body),
        ("DELETE", one, None),
        ("POST", f"{one}/rotate-secret", None),
        ("POST", f"{one}/test", None),
        ("GET", f"{one}/deliveries", None),
        ("POST", f"{one}/replay", {"after": 0}),
    ]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "ftp://hooks.example"}, "/url"),
        ({"url": "https://user:word@hooks.example/"}, "/url"),
        ({"url": "https://hooks.example/", "types": ["expert.requested"]}, "/types"),
        ({"url": "https://hooks.example/", "secret": "mine"}, "/secret"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_place(scene: Scene, body: Any, pointer: str) -> None:
    answer = await scene.send("POST", "", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_tenant_has_a_bounded_number(scene: Scene) -> None:
    for _ in range(10):
        await scene.made()
    answer = await scene.send("POST", "", {"url": scene.receiver.url})
    assert answer.status_code == 409


async def test_without_the_installations_secret_there_are_no_webhooks(start: Start) -> None:
    gateway = await start()
    assert (await gateway.get("/webhooks", user="owner")).status_code == 404
    assert "webhooks" not in (await gateway.http.get("/openapi.json")).text
