"""Webhooks end to end: both workers on a real NATS, and a receiver that answers as it likes."""

import asyncio
import socket
import ssl
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Response

from askpanel.contracts.permissions import OPTIONAL_SERVICES, SERVICES, authorization
from askpanel.contracts.topology import OPTIONAL_DURABLES, PANELS, WEBHOOK_DELIVERIES
from askpanel.gateway.webhooks import orders
from askpanel.gateway.webhooks.addresses import Target
from askpanel.gateway.webhooks.endpoints import Endpoint, Registry
from askpanel.gateway.webhooks.orders import Order
from askpanel.gateway.webhooks.room import NO_ROOM, SHORT_OF_ROOM_ATTEMPTS, Room
from askpanel.gateway.webhooks.schedule import GIVE_UP
from askpanel.gateway.webhooks.sending import Sender
from askpanel.gateway.webhooks.worker import AT_ONCE, SLOW, Deliver
from askpanel.local.demo import TENANTS
from askpanel.runtime import bootstrap
from askpanel.runtime.connection import inbox_prefix
from askpanel.runtime.errors import Retry
from askpanel.runtime.log import EventLog
from askpanel.runtime.replies import Replies
from askpanel.runtime.worker import Delivery
from tests.contract.samples import recorded
from tests.contract.servers import connected, own_nats
from tests.harness.stack import until

from .running import Start
from .webhook_scene import COMPLETED, MASTER, Scene, a_scene, receiving, verify

# ---------------------------------------------------------------------------------------- delivery


async def test_an_event_arrives_signed_as_a_cloud_event(scene: Scene) -> None:
    webhook = await scene.made("panel.completed")
    sequence = await scene.completed()
    (request,) = await scene.receiver.has(1)
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert request.event["type"] == "panel.completed"
    assert request.event["data"]["sequence"] == sequence
    assert request.headers["webhook-id"] == request.event["id"]
    verify(webhook["secret"], request)
    delivered = await scene.became(webhook, "delivered")
    assert (delivered["status"], delivered["sequence"], delivered["attempts"]) == (204, sequence, 1)


async def test_only_what_was_asked_for_of_ones_own_tenant_is_sent(scene: Scene) -> None:
    await scene.made("panel.failed", path="/other-type")
    await scene.made("panel.completed", path="/other-tenant", tenant=1)
    mine = await scene.made("panel.completed", path="/mine")
    await scene.completed()
    await scene.became(mine, "delivered")
    assert [request.path for request in scene.receiver.got] == ["mine"]


async def test_a_failing_receiver_is_tried_again_under_the_same_id(scene: Scene) -> None:
    webhook = await scene.made("panel.completed")
    scene.receiver.answers = [
        Response(status_code=500),
        Response(status_code=429, headers={"retry-after": "7"}),
    ]
    await scene.completed()
    first, second, third = await scene.receiver.has(3)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == third.headers["webhook-id"]
    assert (await scene.became(webhook, "delivered"))["attempts"] == 3
    assert scene.waits == [0.0, 7.0], "what the receiver asks for is heard"


async def test_a_receiver_that_never_takes_it_is_given_up_and_can_be_replayed(scene: Scene) -> None:
    webhook = await scene.made("panel.completed")
    scene.receiver.answers = [Response(status_code=503) for _ in range(4)]
    sequence = await scene.completed()
    given_up = await scene.became(webhook, "given_up")
    assert (given_up["status"], given_up["next_at"]) == (503, None)
    replayed = await scene.send("POST", f"/{webhook['id']}/replay", {"after": sequence - 1})
    assert (replayed.status_code, replayed.json()) == (202, {"ordered": 1, "next_after": None})
    await scene.became(webhook, "delivered")
    ids = {request.headers["webhook-id"] for request in scene.receiver.got}
    assert len(ids) == 1, "a replay is the same event"


async def test_a_redirect_is_a_failure_and_is_not_followed(scene: Scene) -> None:
    webhook = await scene.made("panel.completed")
    scene.receiver.answers = [
        Response(status_code=302, headers={"location": f"{scene.receiver.url}/inside"}) for _ in range(4)
    ]
    await scene.completed()
    assert (await scene.became(webhook, "given_up"))["error"] == "answered 302"
    assert {request.path for request in scene.receiver.got} == {"in"}


async def test_gone_is_taken_at_its_word(scene: Scene) -> None:
    webhook = await scene.made("panel.completed")
    scene.receiver.answers = [Response(status_code=410)]
    await scene.completed()
    assert (await scene.became(webhook, "given_up"))["attempts"] == 1


async def test_a_receiver_that_does_not_answer_costs_a_bounded_time(scene: Scene) -> None:
    webhook = await scene.made("panel.completed")
    scene.receiver.hold = asyncio.Event()
    await scene.completed()
    waiting = await scene.became(webhook, "retrying")
    assert waiting["error"] == "no answer within 1 s"
    scene.receiver.hold.set()
    await scene.became(webhook, "delivered")


async def test_what_is_switched_off_or_removed_gets_nothing_more(scene: Scene) -> None:
    off, removed, on = [
        await scene.made("panel.completed", path=f"/{name}") for name in ("off", "removed", "on")
    ]
    body = {"url": off["url"], "types": ["panel.completed"], "enabled": False}
    assert (await scene.send("PUT", f"/{off['id']}", body)).json()["enabled"] is False
    assert (await scene.send("DELETE", f"/{removed['id']}")).status_code == 204
    await scene.completed()
    await scene.became(on, "delivered")
    assert [request.path for request in scene.receiver.got] == ["on"]


async def test_a_test_is_sent_once_and_its_failure_is_shown(scene: Scene) -> None:
    webhook = await scene.made("panel.completed")
    scene.receiver.answers = [Response(status_code=500)]
    ordered = await scene.send("POST", f"/{webhook['id']}/test")
    assert ordered.status_code == 202
    shown = await scene.became(webhook, "given_up")
    assert (shown["event_id"], shown["type"]) == (ordered.json()["event_id"], "webhook.test")
    (request,) = scene.receiver.got
    verify(webhook["secret"], request)


async def test_an_erased_event_is_sent_to_nobody(scene: Scene) -> None:
    webhook = await scene.made("panel.failed")
    log = scene.gateway.log
    sequence = await scene.completed()
    panel_id = (await log.jetstream.get_msg(PANELS.name, sequence)).subject
    await log.jetstream.purge_stream(PANELS.name, subject=panel_id)
    order = Order(event_id=uuid4(), type="panel.completed", sequence=sequence)
    await orders.put(log.jetstream, TENANTS[0].id, UUID(webhook["id"]), order)
    await scene.send("POST", f"/{webhook['id']}/test")
    await scene.became(webhook, "delivered")
    assert [request.event["type"] for request in scene.receiver.got] == ["webhook.test"]


# ---------------------------------------------------------------------------------------- addresses


async def test_an_address_inside_is_never_asked_outside_a_local_stack() -> None:
    async with receiving() as receiver:
        sender = Sender(private=False, seconds=2.0)
        port = receiver.url.rpartition(":")[2]
        for url in (receiver.url, f"https://127.0.0.1:{port}/", "https://localhost/", "https://[::1]/"):
            attempt = await sender.post(url, {}, b"{}")
            assert (attempt.status, attempt.final) == (None, True), url
            assert attempt.error.startswith("the address ")
        assert receiver.got == []
        await sender.aclose()


async def test_the_connection_goes_to_the_address_that_was_checked_and_the_name_is_verified(
    tmp_path: Path,
) -> None:
    """What the name leads to afterwards (rebinding) plays no part; a certificate of another name is refused."""
    certificate = a_certificate(tmp_path, "hooks.test")
    asked: list[str] = []

    async def resolver(where: Target, *, private: bool) -> str:
        asked.append(where.host)
        return "127.0.0.1"

    trust = ssl.create_default_context(cafile=str(certificate))
    async with receiving(certificate) as receiver:
        sender = Sender(private=True, seconds=5.0, verify=trust, resolver=resolver)
        attempt = await sender.post(f"{receiver.url}/in", {"webhook-id": "1"}, b"{}")
        assert attempt.delivered, attempt
        assert receiver.got[0].headers["host"] == receiver.url.removeprefix("https://")
        other = await sender.post(receiver.url.replace("hooks.test", "other.test"), {}, b"{}")
        assert other.status is None
        assert "hooks.test" in other.error or "certificate" in other.error.lower()
        assert asked == ["hooks.test", "other.test"], "once an attempt"
        await sender.aclose()


async def test_a_name_that_does_not_resolve_is_tried_again_later() -> None:
    async def resolver(where: Target, *, private: bool) -> str:
        raise socket.gaierror("no such name")

    sender = Sender(private=False, seconds=1.0, resolver=resolver)
    attempt = await sender.post("https://hooks.example/", {}, b"{}")
    assert (attempt.delivered, attempt.final) == (False, False)
    await sender.aclose()


async def test_an_attempt_lasts_until_the_lookup_of_its_name_has_ended() -> None:
    """Else a tenant's next attempt would begin another lookup beside it, and so on."""
    ends = asyncio.Event()

    async def resolver(where: Target, *, private: bool) -> str:
        await ends.wait()
        return "127.0.0.1"

    async with receiving() as receiver:
        sender = Sender(private=True, seconds=0.05, resolver=resolver)
        attempt = asyncio.create_task(sender.post(receiver.url, {}, b"{}"))
        assert await asyncio.wait({attempt}, timeout=0.5) == (set(), {attempt})
        ends.set()
        assert (await attempt).error == "no answer within 0.05 s", "its time is over all the same"
        assert receiver.got == []
        await sender.aclose()


# ------------------------------------------------------------------------------------------ the room


@dataclass(slots=True)
class Replica:
    """Another process that sends: its handler, given deliveries by hand."""

    deliver: Deliver
    sequence: int

    async def __call__(self, webhook: dict[str, Any], tenant: int = 0, **order: Any) -> None:
        """An order of the event is delivered for the seventh time."""
        body = Order(event_id=uuid4(), type="panel.completed", sequence=self.sequence, **order)
        subject = f"webhook.delivery.{TENANTS[tenant].id}.{webhook['id']}"
        number = next(NUMBERS)
        await self.deliver(
            Delivery(subject, {}, body.model_dump_json().encode(), number, number, 7, time.time())
        )


NUMBERS = count(10_000_000)
"""Sequences of orders that are on no stream."""


@asynccontextmanager
async def replica(scene: Scene, sequence: int, room: Room | None = None) -> AsyncGenerator[Replica]:
    """Its next attempts are in an hour, and receivers have time."""
    jetstream = scene.gateway.log.jetstream
    sender = Sender(private=True, seconds=60.0)
    room = room or Room(jetstream, WEBHOOK_DELIVERIES)

    def an_hour(age: float, asked: float | None) -> float:
        return 3600.0

    registry = Registry(scene.gateway.client)
    yield Replica(Deliver(jetstream, registry, sender, MASTER, room, an_hour), sequence)
    await sender.aclose()


@asynccontextmanager
async def held(
    scene: Scene, deliver: Replica, webhook: dict[str, Any], tenant: int = 0
) -> AsyncGenerator[None]:
    """Meanwhile the receiver holds as many requests of the tenant as may be in hand."""
    receiver, before = scene.receiver, len(scene.receiver.got)
    receiver.hold = hold = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(deliver(webhook, tenant))
        await receiver.has(before + AT_ONCE)
        try:
            yield
        finally:
            hold.set()


async def test_a_tenants_slow_receivers_do_not_take_all_the_room(scene: Scene) -> None:
    webhook = await scene.made("panel.completed")
    other = await scene.made("panel.completed", path="/other", tenant=1)
    sequence, of_other = await scene.delivered(webhook), await scene.delivered(other, tenant=1)
    async with replica(scene, sequence) as mine:
        theirs = replace(mine, sequence=of_other)
        async with held(scene, mine, webhook):
            with pytest.raises(Retry):
                await mine(webhook)
            assert len(scene.receiver.got) == 2 + AT_ONCE
            async with held(scene, theirs, other, tenant=1):
                pass
        await mine(webhook)


async def test_only_a_request_counts_as_an_attempt_whichever_process_made_it(scene: Scene) -> None:
    webhook = await scene.made("panel.completed")
    sequence = await scene.delivered(webhook)
    scene.receiver.answers = [Response(status_code=500)]
    async with replica(scene, sequence) as one:
        await one(webhook)
    first = await scene.became(webhook, "retrying")
    assert first["attempts"] == 1, "it was delivered for the seventh time, and this is the first request"
    (waiting,) = await until(scene.waiting, lambda found: len(found) == 1)
    assert (waiting.attempts, waiting.sequence) == (1, sequence)
    scene.receiver.answers = [Response(status_code=500)]
    async with replica(scene, sequence) as another:
        with pytest.raises(Retry) as early:
            await another(webhook, attempts=1, due=waiting.due)
        assert 3500 < early.value.after <= 3600
        await another(webhook, attempts=1, since=waiting.since)
    assert (await scene.became(webhook, "retrying"))["attempts"] == 2


async def test_where_many_deliveries_wait_nobody_waits_for_days(scene: Scene) -> None:
    webhook = await scene.made("panel.completed")
    sequence = await scene.delivered(webhook)
    await scene.wait_for_hours(webhook, 1)
    jetstream = scene.gateway.log.jetstream
    spacious, full = (Room(jetstream, replace(WEBHOOK_DELIVERIES, max_ack_pending=size)) for size in (100, 1))
    await until(lambda: _crowded(full), bool)
    assert not await _crowded(spacious)
    scene.receiver.answers = [Response(status_code=500) for _ in range(4)]
    for made, room in ((1, full), (SHORT_OF_ROOM_ATTEMPTS - 1, full), (9, spacious)):
        async with replica(scene, sequence, room) as process:
            await process(webhook, attempts=made - 1)
        (shown,) = await scene.deliveries(webhook)
        assert (shown["state"], shown["attempts"]) == ("retrying", made)
    async with replica(scene, sequence, full) as process:
        await process(webhook, attempts=SHORT_OF_ROOM_ATTEMPTS - 1)
    assert (await scene.became(webhook, "given_up"))["error"] == f"answered 500{NO_ROOM}"


async def test_who_fills_the_room_makes_room_in_it_and_others_wait_their_turn(scene: Scene) -> None:
    filling = await scene.made("panel.completed")
    other = await scene.made("panel.completed", path="/other", tenant=1)
    sequence, of_other = await scene.delivered(filling), await scene.delivered(other, tenant=1)
    await scene.wait_for_hours(filling, 20)
    await scene.wait_for_hours(other, 1, tenant=1)
    room = Room(scene.gateway.log.jetstream, replace(WEBHOOK_DELIVERIES, max_ack_pending=35))
    await until(lambda: _crowded(room), bool)
    async with replica(scene, sequence, room) as process, held(scene, process, filling):
        await process(filling, attempts=2)
        (given_up,) = await scene.deliveries(filling)
        assert (given_up["state"], given_up["attempts"], given_up["status"]) == ("given_up", 2, None)
        assert given_up["error"] == SLOW + NO_ROOM
        theirs = replace(process, sequence=of_other)
        async with held(scene, theirs, other, tenant=1):
            with pytest.raises(Retry):
                await theirs(other, tenant=1)


async def test_an_order_that_never_has_its_turn_is_given_up_by_age(scene: Scene) -> None:
    webhook = await scene.made("panel.completed")
    async with replica(scene, await scene.delivered(webhook)) as process, held(scene, process, webhook):
        with pytest.raises(Retry):
            await process(webhook, since=time.time() - GIVE_UP + 60)
        await process(webhook, since=time.time() - GIVE_UP)
        (given_up,) = await scene.deliveries(webhook)
        assert (given_up["state"], given_up["error"]) == ("given_up", SLOW)


async def test_a_replay_orders_no_more_than_may_wait(start: Start) -> None:
    async with a_scene(start, webhook_waiting=3) as scene:
        webhook = await scene.made("panel.completed")
        first, second = [await scene.delivered(webhook) for _ in range(2)]
        await scene.wait_for_hours(webhook, 2)
        replay = f"/{webhook['id']}/replay"
        scene.receiver.hold = asyncio.Event()
        begun = await scene.send("POST", replay, {"after": first - 1})
        assert (begun.status_code, begun.json()) == (202, {"ordered": 1, "next_after": second - 1})
        refused = await scene.send("POST", replay, {"after": second - 1})
        assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
        other = await scene.made("panel.completed", tenant=1)
        theirs = await scene.send("POST", f"/{other['id']}/replay", {"after": second}, tenant=1)
        assert theirs.status_code == 202, "another tenant's waiting is nobody's business"
        scene.receiver.hold.set()

        async def goes_on() -> int:
            return (await scene.send("POST", replay, {"after": second - 1})).status_code

        await until(goes_on, lambda status: status == 202)


async def _crowded(room: Room) -> bool:
    await room.look()
    return room.crowded


def a_certificate(folder: Path, name: str) -> Path:
    """Self-signed, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / f"{name}.pem"
    file.write_bytes(certificate.public_bytes(pem) + private)
    return file


# ------------------------------------------------------------------------------------------ process


async def test_the_process_does_its_work_with_the_rights_of_its_own_user() -> None:
    """`python -m askpanel.gateway.webhooks` on a server where every user has its permissions only."""
    passwords = {user: f"secret-of-{user}" for user in (*SERVICES, *OPTIONAL_SERVICES, "admin")}
    errors: list[str] = []
    async with AsyncExitStack() as stack:
        server = stack.enter_context(own_nats(authorization(passwords)))
        receiver = await stack.enter_async_context(receiving())

        def login(user: str) -> Callable[[], Any]:
            prefix = "_INBOX" if user == "admin" else inbox_prefix(user)
            return lambda: connected(
                server.url, errors, user=user, password=passwords[user], inbox_prefix=prefix.encode()
            )

        admin = await stack.enter_async_context(login("admin")())
        gateway = await stack.enter_async_context(login("gateway")())
        await bootstrap.create(admin.jetstream())
        for durable in OPTIONAL_DURABLES:
            await bootstrap.add_durable(admin.jetstream(), durable)
        event = recorded(COMPLETED)
        tenant_id = event.envelope.panel.tenant_id
        endpoint = Endpoint(
            id=uuid4(), url=receiver.url, created_at=datetime.now(UTC) - timedelta(1), created_by=uuid4()
        )
        await Registry(gateway).write(tenant_id, [endpoint], revision=0, user_id=uuid4())
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "askpanel.gateway.webhooks", stderr=asyncio.subprocess.DEVNULL,
            env={
                "ASKPANEL_NATS_URL": server.url,
                "ASKPANEL_NATS_USER": "webhooks",
                "ASKPANEL_NATS_PASSWORD": passwords["webhooks"],
                "ASKPANEL_WEBHOOK_SECRET": MASTER,
                "ASKPANEL_WEBHOOK_PRIVATE": "1",
            },
        )  # fmt: skip
        try:
            await EventLog(admin).append(event, expected=0)
            (request,) = await receiver.has(1)
            verify(endpoint.secrets(MASTER, datetime.now(UTC))[0], request)

            async def shown() -> list[str]:
                found = await orders.attempts(Replies(gateway), tenant_id, endpoint.id)
                return [each.state for each in found]

            await until(shown, lambda states: states == ["delivered"])
        finally:
            process.terminate()
            await process.wait()
    assert errors == []
