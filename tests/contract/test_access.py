"""The generated permissions on a real server: each service can do its work, and nothing else."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import timedelta
from itertools import combinations, product
from pathlib import Path

import nats.js.errors
import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig

from askpanel.contracts import generate
from askpanel.contracts.envelope import encode
from askpanel.contracts.events import EVENTS
from askpanel.contracts.permissions import (
    OPTIONAL_SERVICES,
    SERVICES,
    STEPS,
    Permissions,
    authorization,
    password_variable,
    permissions,
    reader_permissions,
)
from askpanel.contracts.topology import (
    ARCHIVE,
    DEAD,
    DURABLES,
    PANELS,
    STREAMS,
    USAGE,
    Durable,
    dead_letter_subject,
    owners,
    reader,
    retry_subject,
)
from askpanel.runtime import bootstrap
from askpanel.runtime.archiver import Archiver
from askpanel.runtime.bootstrap import _consumer_config
from askpanel.runtime.connection import inbox_prefix
from askpanel.runtime.everything import everything
from askpanel.runtime.log import EventLog
from askpanel.runtime.tail import follow
from tests.contract.archiving import everybody_is_past, finished, put
from tests.contract.made import a_round, some_panel
from tests.contract.samples import SAMPLES, recorded, to_golden
from tests.contract.servers import OwnNats, connected, emptied, own_nats
from tests.contract.waiting import until
from tests.harness.subjects import covers

BILLING = reader("billing", "usage.recorded")
LOGINS = (*SERVICES, *OPTIONAL_SERVICES, *STEPS, BILLING.name)
USERS = (*LOGINS, "admin")
PASSWORDS = {user: f"secret-of-{user}" for user in USERS}
SAMPLE = {sample.TYPE: sample for sample in SAMPLES}
WORKERS = tuple(dict.fromkeys(durable.service for durable in DURABLES))


@pytest.fixture(scope="module")
def guarded() -> Generator[OwnNats]:
    """A server with a user per service, its streams made by the operator."""
    with own_nats(authorization(PASSWORDS, readers=(BILLING,))) as server:
        yield server


@pytest.fixture
async def admin(guarded: OwnNats) -> AsyncGenerator[Client]:
    async with as_user(guarded, "admin") as client:
        await emptied(client)
        await client.jetstream().add_consumer(BILLING.stream, _consumer_config(BILLING))
        yield client


def as_user(
    server: OwnNats, user: str, errors: list[str] | None = None
) -> AbstractAsyncContextManager[Client]:
    prefix = "_INBOX" if user == "admin" else inbox_prefix(user)
    return connected(server.url, errors, user=user, password=PASSWORDS[user], inbox_prefix=prefix.encode())


async def messages_on(client: Client, stream: str) -> int:
    return (await client.jetstream().stream_info(stream)).state.messages


@pytest.mark.parametrize("service", WORKERS)
async def test_a_worker_can_do_its_work(guarded: OwnNats, admin: Client, service: str) -> None:
    """Assert its durables, bind, fetch, read the panel, append what it owns, acknowledge, bury."""
    errors: list[str] = []
    async with as_user(guarded, service, errors) as client:
        log = EventLog(client, patience=2.0)
        own = [durable for durable in DURABLES if durable.service == service]
        await bootstrap.verify(log.jetstream, *own)
        for event_type in owners()[service]:
            event = recorded(SAMPLE[event_type])
            last = await log.last_sequence(event.envelope.panel)
            assert await log.append(event, expected=last) in [
                read.sequence for read in await log.read(event.envelope.panel)
            ]
        for durable in own:
            await _fetch_and_acknowledge(admin, client, durable)
        await client.jetstream().publish(dead_letter_subject(service), b"{}")
    assert errors == []


async def _fetch_and_acknowledge(admin: Client, client: Client, durable: Durable) -> None:
    panel = some_panel()
    subject = durable.filters[0].replace(">", f"{panel.tenant_id}.{panel.panel_id}")
    await admin.jetstream().publish(subject, b"{}")
    subscription = await client.jetstream().pull_subscribe_bind(
        durable.name, stream=durable.stream, inbox_prefix=f"{inbox_prefix(durable.service)}.".encode()
    )
    while True:
        try:
            for message in await subscription.fetch(50, timeout=0.2):
                await message.ack()
        except TimeoutError:
            break
    info = await client.jetstream().consumer_info(durable.stream, durable.name)
    assert (info.num_pending, info.num_ack_pending) == (0, 0)
    await subscription.unsubscribe()


@pytest.mark.parametrize("user", LOGINS)
async def test_nobody_writes_what_another_owns(guarded: OwnNats, admin: Client, user: str) -> None:
    """Every event type of others, with and without the headers that would forge or wipe."""
    errors: list[str] = []
    own = set(owners().get(user, ()))
    foreign = [event_type for event_type in EVENTS if event_type not in own]
    before = await messages_on(admin, PANELS.name)
    async with as_user(guarded, user, errors) as client:
        for event_type, extra in product(foreign, WEAPONS):
            subject, headers, body = encode(recorded(SAMPLE[event_type]))
            await client.publish(subject, body, headers={**headers, **WEAPONS[extra]})
        await client.flush()
        await until(lambda: len(errors) >= len(foreign) * len(WEAPONS))
    assert all("permissions violation" in error.lower() for error in errors)
    assert await messages_on(admin, PANELS.name) == before


VICTIM = some_panel()
WEAPONS: dict[str, dict[str, str]] = {
    "plain": {},
    "roll-up": {"Nats-Rollup": "all"},
    "schedule": {
        "Nats-Schedule": "@at 2020-01-01T00:00:00Z",
        "Nats-Schedule-Target": VICTIM.subject("panel.completed"),
    },
    "TTL": {"Nats-TTL": "1s"},
}


@pytest.mark.parametrize("weapon", ["roll-up", "schedule", "TTL"])
@pytest.mark.parametrize("service", [*owners()])
async def test_the_log_refuses_headers_that_forge_or_wipe_even_from_the_owner(
    guarded: OwnNats, admin: Client, service: str, weapon: str
) -> None:
    await EventLog(admin).append(a_round(some_panel()), expected=0)
    before = await messages_on(admin, PANELS.name)
    async with as_user(guarded, service) as client:
        for event_type in owners()[service]:
            subject, headers, body = encode(recorded(SAMPLE[event_type]))
            with pytest.raises(nats.js.errors.APIError):
                await client.jetstream().publish(
                    subject,
                    body,
                    headers={**headers, "Nats-Msg-Id": f"{weapon} {subject}", **WEAPONS[weapon]},
                )
    assert await messages_on(admin, PANELS.name) == before
    assert await EventLog(admin).last_sequence(VICTIM) == 0


FORBIDDEN = (
    f"$JS.API.STREAM.PURGE.{PANELS.name}",
    f"$JS.API.STREAM.DELETE.{PANELS.name}",
    f"$JS.API.STREAM.UPDATE.{PANELS.name}",
    f"$JS.API.STREAM.MSG.DELETE.{PANELS.name}",
    f"$JS.API.CONSUMER.DELETE.{PANELS.name}.{USAGE.name}",
    f"$JS.API.CONSUMER.DURABLE.CREATE.{PANELS.name}.{USAGE.name}",
    f"$JS.API.CONSUMER.CREATE.{PANELS.name}",
    f"$JS.API.CONSUMER.CREATE.{PANELS.name}.{USAGE.name}",
    f"$JS.API.CONSUMER.CREATE.{PANELS.name}.{USAGE.name}.budget.exceeded.>",
    "timer.fired.a.b.c",
    f"$JS.API.CONSUMER.RESET.{PANELS.name}.{USAGE.name}",
    f"$JS.API.STREAM.MSG.DELETE.{DEAD.name}",
    "dead.somebody",
    retry_subject(USAGE.name),
    "audit.dead.dropped",
)


@pytest.mark.parametrize("user", [*SERVICES, BILLING.name])
async def test_nobody_administers_the_log(guarded: OwnNats, admin: Client, user: str) -> None:
    errors: list[str] = []
    others_experts = "$KV.experts.global.expert" if user == "gateway" else "$KV.experts.tenant.expert"
    forbidden = (*FORBIDDEN, others_experts)
    async with as_user(guarded, user, errors) as client:
        for subject in forbidden:
            await client.publish(subject, b"{}")
        await client.subscribe("panel.>")
        await client.flush()
        await until(lambda: len(errors) > len(forbidden))
    assert all("permissions violation" in error.lower() for error in errors)
    assert (await admin.jetstream().consumer_info(USAGE.stream, USAGE.name)).name == USAGE.name


@pytest.mark.parametrize("user", ["gateway", "projector"])
async def test_who_follows_the_log_declares_no_durable_anew_and_still_follows(
    guarded: OwnNats, admin: Client, user: str
) -> None:
    """By any way there is to name it; the server takes a consumer's name from the subject or from the request."""
    config = {"filter_subjects": ["budget.exceeded.>"], "ack_policy": "explicit", "deliver_policy": "all"}
    request = json.dumps(
        {"stream_name": PANELS.name, "config": {**config, "name": USAGE.name, "ack_wait": 10_000_000_000}}
    ).encode()
    errors: list[str] = []
    create = f"$JS.API.CONSUMER.CREATE.{PANELS.name}"
    async with as_user(guarded, user, errors) as client:
        for subject in (create, f"{create}.{USAGE.name}", f"{create}.{USAGE.name}.budget.exceeded.>"):
            with pytest.raises(TimeoutError):
                await client.request(subject, request, timeout=0.3)
        assert len(errors) == 3
        async with aclosing(follow(client.jetstream(), after=0)) as events:
            assert await anext(events) is None
    info = await admin.jetstream().consumer_info(USAGE.stream, USAGE.name)
    assert set(info.config.filter_subjects or ()) == set(USAGE.filters)


def rights_of(user: str) -> Permissions:
    return reader_permissions(BILLING) if user == BILLING.name else permissions(user)


def example(pattern: str) -> str:
    """A subject the pattern covers."""
    return pattern.replace("*", "any").replace(">", "any.thing")


def may_publish(user: str, subject: str) -> bool:
    rights = rights_of(user)
    return any(covers(each, subject) for each in rights.publish) and not any(
        covers(each, subject) for each in rights.refuse
    )


ADMINISTRATION = tuple(
    f"$JS.API.{verb}.{stream.name}"
    for stream in STREAMS
    for verb in ("STREAM.CREATE", "STREAM.UPDATE", "STREAM.DELETE", "STREAM.MSG.DELETE", "STREAM.SNAPSHOT")
) + tuple(
    f"$JS.API.CONSUMER.{verb}.{durable.stream}.{durable.name}"
    for durable in DURABLES
    for verb in ("DELETE", "PAUSE", "DURABLE.CREATE")
)
OTHERS = {user: rights_of(user) for user in LOGINS}
GRANTED = {"archiver": [f"$JS.API.STREAM.MSG.DELETE.{ARCHIVE.name}"]}
"""What of it a user has: a copy that no page of the index names goes again."""


@pytest.mark.parametrize("user", LOGINS)
async def test_what_any_other_may_publish_is_refused_unless_it_is_ones_own(
    guarded: OwnNats, admin: Client, user: str
) -> None:
    """Every right of every other service, and all that only an operator may do, tried on the server."""
    known = {example(pattern) for rights in OTHERS.values() for pattern in rights.publish}
    foreign = {subject for subject in (*known, *ADMINISTRATION) if not may_publish(user, subject)}
    assert len(foreign) > 60
    assert [subject for subject in ADMINISTRATION if may_publish(user, subject)] == GRANTED.get(user, [])
    errors: list[str] = []
    async with as_user(guarded, user, errors) as client:
        for subject in foreign:
            await client.publish(subject, b"{}")
        await client.flush()
        await until(lambda: len(errors) >= len(foreign))
    assert _named(errors) == {subject.lower() for subject in foreign}


@pytest.mark.parametrize("user", LOGINS)
async def test_nobody_listens_in_on_another(guarded: OwnNats, admin: Client, user: str) -> None:
    """Others' inboxes (every answer they get), the log past its durables, deltas, the catalogue, the system."""
    everything = ("*.>", "_INBOX.>", "$SYS.>", "$JS.API.>", "$JS.ACK.>", "dead.>", "timer.>", "live.delta.>")
    streams = tuple(subject for stream in STREAMS for subject in stream.subjects)
    others = {pattern for name, rights in OTHERS.items() if name != user for pattern in rights.subscribe}
    foreign = {*everything, *streams, *others} - set(rights_of(user).subscribe)
    errors: list[str] = []
    async with as_user(guarded, user, errors) as client:
        for pattern in foreign:
            await client.subscribe(pattern)
        await client.flush()
        await until(lambda: len(errors) >= len(foreign))
    assert _named(errors) == {subject.lower() for subject in foreign}


def _named(errors: list[str]) -> set[str]:
    """The subjects that violations name. The client lowers the text; ours are told apart without case."""
    assert all("permissions violation" in error.lower() for error in errors)
    return {error.split('"')[1] for error in errors}


def test_two_services_share_no_right_but_to_read() -> None:
    """Publishing rights that several have: the log to read, and the bucket of experts to read."""
    for one, other in combinations(SERVICES, 2):
        shared = set(permissions(one).publish) & set(permissions(other).publish)
        verbs = {right.rpartition(".")[0] if right.startswith("$KV") else right for right in shared}
        reading = ("$JS.API.STREAM.INFO.", "$JS.API.STREAM.MSG.GET.", "$JS.API.DIRECT.GET.", "$JS.FC.")
        following = ("$JS.API.CONSUMER.CREATE.", "$JS.API.CONSUMER.INFO.", "$JS.API.CONSUMER.DELETE.KV_")
        assert all(verb.startswith((*reading, *following)) for verb in verbs), (one, other, verbs)


@pytest.mark.parametrize("user", [*WORKERS, BILLING.name])
async def test_a_worker_or_reader_cannot_make_a_consumer_of_its_own(
    guarded: OwnNats, admin: Client, user: str
) -> None:
    errors: list[str] = []
    async with as_user(guarded, user, errors) as client:
        with pytest.raises(TimeoutError):
            await client.jetstream(timeout=0.3).add_consumer(PANELS.name, ConsumerConfig(durable_name="spy"))
    assert "permissions violation" in errors[0].lower()


async def test_a_reader_takes_what_it_asked_for_and_can_look_back(guarded: OwnNats, admin: Client) -> None:
    errors: list[str] = []
    log = EventLog(admin)
    written = [
        await log.append_once(recorded(SAMPLE[kind]), recent=True)
        for kind in ("usage.recorded", "panel.failed")
    ]
    async with as_user(guarded, BILLING.name, errors) as client:
        subscription = await client.jetstream().pull_subscribe_bind(
            BILLING.name, stream=PANELS.name, inbox_prefix=f"{inbox_prefix(BILLING.name)}.".encode()
        )
        (message,) = await subscription.fetch(10, timeout=2)
        await message.ack()
        assert message.metadata.sequence.stream == written[0]
        panel = recorded(SAMPLE["panel.failed"]).envelope.panel
        assert [event.sequence for event in await EventLog(client).read(panel)] == written
        await until(lambda: _is_acknowledged(admin))
        delivered = (await admin.jetstream().consumer_info(BILLING.stream, BILLING.name)).delivered
        assert delivered is not None
        assert delivered.consumer_seq == 1, "it is shown nothing else"
    assert errors == []


async def test_the_consumer_of_the_guide_works_as_printed(guarded: OwnNats, admin: Client) -> None:
    guide = (Path(__file__).parents[2] / generate.GUIDE).read_text()
    program = guide.partition("```python\n")[2].partition("```")[0]
    program = program.replace("…@nats:4222", f"{PASSWORDS[BILLING.name]}@127.0.0.1:{guarded.port}")
    event = recorded(SAMPLE["usage.recorded"])
    await EventLog(admin).append(event, expected=0)
    consumer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert consumer.stdout is not None
        line = (await asyncio.wait_for(consumer.stdout.readline(), 20)).decode()
        assert line == f"usage.recorded {json.loads(encode(event)[2])}\n"
        await until(lambda: _is_acknowledged(admin))
    finally:
        consumer.kill()
        await consumer.communicate()


async def _is_acknowledged(admin: Client) -> bool:
    info = await admin.jetstream().consumer_info(BILLING.stream, BILLING.name)
    return (info.num_pending, info.num_ack_pending) == (0, 0)


@pytest.mark.parametrize("login", [{}, {"user": "usage", "pass": "guess"}, {"user": "root", "pass": ""}])
async def test_without_a_users_password_there_is_no_connection(
    guarded: OwnNats, login: dict[str, str]
) -> None:
    """Asked by hand: the client leaves its socket open when it is refused."""
    answers, writer = await asyncio.open_connection("127.0.0.1", guarded.port)
    writer.write(f"CONNECT {json.dumps({'verbose': False, **login})}\r\nPING\r\n".encode())
    answer = await asyncio.wait_for(answers.read(-1), 10)
    writer.close()
    await writer.wait_closed()
    assert b"-ERR 'Authorization Violation'" in answer
    assert b"PONG" not in answer


async def test_the_generated_file_takes_its_passwords_from_the_servers_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for user in (*SERVICES, *STEPS, "admin"):
        monkeypatch.setenv(password_variable(user), f'"{PASSWORDS[user]}"')
    with own_nats(generate.permissions_file(SERVICES)) as server:
        async with as_user(server, "admin") as client:
            await bootstrap.create(client.jetstream())
        async with as_user(server, "usage") as client:
            await bootstrap.verify(client.jetstream(), USAGE)


def test_samples_are_told_apart_by_their_bytes() -> None:
    assert len({to_golden(encode(recorded(sample))) for sample in SAMPLES}) == len(EVENTS)


async def test_the_archiver_archives_with_its_own_rights_alone(guarded: OwnNats, admin: Client) -> None:
    panel = some_panel()
    stored = await put(admin, finished(panel))
    await everybody_is_past(admin)
    errors: list[str] = []
    async with as_user(guarded, "archiver", errors) as client:
        report = await Archiver(client, older_than=timedelta(0), in_both=0.0).run()
        assert await EventLog(client).read(panel) == stored
    assert report.panels > 0, report.held
    async with as_user(guarded, "orchestrator", errors) as client:
        assert await EventLog(client).read(panel) == stored
    async with as_user(guarded, "projector", errors) as client:
        events = [one async for one in everything(EventLog(client), after=0, ends=True) if one is not None]
    assert {event.sequence for event in stored} <= {one.sequence for one in events}
    assert errors == []
