"""The pure half of webhooks: signatures, addresses, waits, bodies."""

import asyncio
import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from askpanel.contracts.events import EVENTS
from askpanel.gateway.webhooks import schedule
from askpanel.gateway.webhooks.addresses import Forbidden, Target, resolve, target
from askpanel.gateway.webhooks.endpoints import OVERLAP, PUBLIC_TYPES, Endpoint
from askpanel.gateway.webhooks.payload import check_body, event_body
from askpanel.gateway.webhooks.schedule import next_wait
from askpanel.gateway.webhooks.signing import secret, signed
from tests.contract.samples import SAMPLES, recorded
from tests.harness.stack import until

MASTER = "m" * 40
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def an_endpoint() -> Endpoint:
    return Endpoint(id=uuid4(), url="https://hooks.example/", created_at=NOW, created_by=uuid4())


# ------------------------------------------------------------------------------------- signatures


def test_the_reference_library_verifies_what_we_sign() -> None:
    body = '{"text": "„ja“"}'.encode()
    mine = secret(MASTER, uuid4(), 1)
    headers = dict(signed([mine], "event-1", int(time.time()), body))
    assert standardwebhooks.Webhook(mine).verify(body, headers) == json.loads(body)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret(MASTER, uuid4(), 1)).verify(body, headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(mine).verify(body + b" ", headers)


def test_a_signature_is_the_one_of_the_specification() -> None:
    """Computed here from the text of the specification, by nothing of ours."""
    key = base64.b64encode(b"k" * 32).decode()
    headers = signed([f"whsec_{key}"], "msg_1", 1_700_000_000, b"{}")
    digest = hmac.new(b"k" * 32, b"msg_1.1700000000.{}", hashlib.sha256).digest()
    assert headers == {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1700000000",
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def test_secrets_differ_by_endpoint_version_and_installation_and_are_long_enough() -> None:
    one, other = uuid4(), uuid4()
    made = {
        secret(MASTER, one, 1),
        secret(MASTER, one, 2),
        secret(MASTER, other, 1),
        secret("x" * 40, one, 1),
    }
    assert len(made) == 4
    assert all(24 <= len(base64.b64decode(each.removeprefix("whsec_"))) <= 64 for each in made)


def test_a_rotated_secret_is_signed_with_until_its_time_is_over() -> None:
    endpoint = an_endpoint()
    (before,) = endpoint.secrets(MASTER, NOW)
    rotated = endpoint.rotated(NOW)
    after, old = rotated.secrets(MASTER, NOW + OVERLAP - timedelta(seconds=1))
    assert (old, after) == (before, secret(MASTER, endpoint.id, 2))
    assert rotated.secrets(MASTER, NOW + OVERLAP) == [after]


# -------------------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "ftp://hooks.example/",
        "https://",
        "https:///path",
        "https://user@hooks.example/",
        "https://user:word@hooks.example/",
        "https://hooks.example/#part",
        "https://hooks.example:22/",
        "https://hooks.example:99999/",
        "https://hooks.example/a b",
        "https://hooks.example/\n",
        "https://hööks.example/",
        "https://[::1/",
        "https://a..example/",
        "https://" + "a" * 64 + ".example/",
        "https://hooks.example/\x7f",
        "https://" + "a" * 2000,
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://192.168.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[ff02::1]/",
    ],
)
def test_an_address_that_is_not_public_is_refused_before_anything_is_asked(url: str) -> None:
    with pytest.raises(Forbidden):
        target(url, private=False)


@pytest.mark.parametrize(
    ("url", "header"),
    [
        ("https://hooks.example/in?a=1", "hooks.example"),
        ("https://hooks.example:8443", "hooks.example:8443"),
        ("https://93.184.215.14/", "93.184.215.14"),
        ("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/", "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]"),
    ],
)
def test_a_public_address_is_asked_for_by_its_own_name(url: str, header: str) -> None:
    assert target(url, private=False).host_header == header


def test_a_local_stack_may_use_what_is_private() -> None:
    where = target("http://127.0.0.1:9000/in?x=1", private=True)
    assert where == Target("http", "127.0.0.1", 9000, "/in?x=1")


async def test_a_name_that_leads_inside_is_refused_when_it_is_resolved() -> None:
    with pytest.raises(Forbidden):
        await resolve(target("https://localhost/", private=False), private=False)
    assert await resolve(target("http://localhost/", private=True), private=True) in ("127.0.0.1", "::1")


async def test_a_name_server_that_hangs_keeps_nobody_else_waiting() -> None:
    answers, asked = threading.Event(), list[str]()

    def hangs(host: str, port: int) -> list[Any]:
        asked.append(host)
        answers.wait()
        return [(0, 0, 0, "", ("93.184.215.14", port))]

    async def begun() -> int:
        return len(asked)

    where = target("https://slow.example/", private=False)
    slow = [asyncio.create_task(resolve(where, private=False, look_up=hangs)) for _ in range(40)]
    try:
        await until(begun, lambda found: found == len(slow))
        async with asyncio.timeout(10):
            await asyncio.get_running_loop().getaddrinfo("localhost", 4222)  # as a connection to NATS is made
            assert await resolve(target("http://localhost/", private=True), private=True)
        assert not any(each.done() for each in slow)
    finally:
        answers.set()
    assert set(await asyncio.gather(*slow)) == {"93.184.215.14"}


def test_a_process_ends_though_a_lookup_hangs() -> None:
    program = """if True:
        import asyncio, threading, uvloop
        from askpanel.gateway.webhooks.addresses import resolve, target

        async def main():
            where, never = target("https://slow.example/", private=False), threading.Event()
            try:
                async with asyncio.timeout(0.1):
                    await resolve(where, private=False, look_up=lambda host, port: never.wait())
            except TimeoutError:
                print("left")

        uvloop.run(main())
    """
    ended = subprocess.run(
        [sys.executable, "-c", program], timeout=60, check=True, capture_output=True, text=True
    )
    assert (ended.stdout, ended.stderr) == ("left\n", "")


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=6, network="fc00::/7"))
def test_no_private_literal_gets_through(address: object) -> None:
    host = f"[{address}]" if ":" in str(address) else str(address)
    with pytest.raises(Forbidden):
        target(f"https://{host}/", private=False)


# ------------------------------------------------------------------------------------------ waits


def test_attempts_spread_over_three_days_and_then_end() -> None:
    age, waits = 0.0, list[float]()
    while (wait := next_wait(age, asked=None, unit=0.0)) is not None:
        waits.append(wait)
        age += wait
    assert waits[:4] == [5.0, 5.0, 10.0, 20.0]
    assert max(waits) == schedule.LONGEST
    assert schedule.GIVE_UP <= age < schedule.GIVE_UP + schedule.LONGEST
    assert 20 < len(waits) < 40


@given(
    age=st.floats(0, schedule.GIVE_UP - 1),
    asked=st.none() | st.floats(0, 3600),
    unit=st.floats(0, 1, exclude_max=True),
)
def test_a_wait_is_never_shorter_than_asked_for(age: float, asked: float | None, unit: float) -> None:
    wait = next_wait(age, asked=asked, unit=unit)
    assert wait is not None
    assert max(schedule.FIRST, asked or 0) <= wait <= schedule.LONGEST * (1 + schedule.JITTER)


# ----------------------------------------------------------------------------------------- bodies


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.TYPE)
def test_a_body_is_a_cloud_event_with_the_streams_fields_or_nothing(sample: object) -> None:
    event = recorded(sample).at(17)  # pyright: ignore[reportArgumentType]
    body = event_body(event)
    assert (body is not None) == (event.envelope.type in PUBLIC_TYPES)
    if body is None:
        return
    told = json.loads(body)
    envelope = event.envelope
    assert (told["specversion"], told["id"], told["type"]) == ("1.0", str(envelope.id), envelope.type)
    assert (told["tenantid"], told["panelid"], told["sequence"]) == (
        str(envelope.panel.tenant_id),
        str(envelope.panel.panel_id),
        "17",
    )
    assert told["data"]["sequence"] == 17
    assert all(name.isalnum() and name.islower() for name in told), "attribute names of CloudEvents"


def test_a_test_is_a_cloud_event_too() -> None:
    told = json.loads(check_body("id-1", uuid4(), uuid4(), NOW))
    assert (told["type"], told["id"], told["time"]) == ("webhook.test", "id-1", "2026-01-02T12:00:00Z")


def test_an_endpoint_wants_its_types_from_its_creation_on() -> None:
    endpoint = an_endpoint()
    created = NOW.timestamp()
    assert all(endpoint.wants(event_type, created) for event_type in PUBLIC_TYPES)
    assert not endpoint.wants("panel.completed", created - 1)
    some = endpoint.model_copy(update={"types": ("panel.completed",)})
    assert [each for each in EVENTS if some.wants(each, created)] == ["panel.completed"]
    assert not some.model_copy(update={"enabled": False}).wants("panel.completed", created)
