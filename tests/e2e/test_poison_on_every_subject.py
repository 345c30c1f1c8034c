"""What is no event, or none that can be true, on every subject of the log: dead letters, and life goes on.

Published as an operator could who has every right: services themselves may write their own types only.
"""

import asyncio
import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from askpanel.contracts.envelope import MESSAGE_ID, Recorded, decode, encode, seal
from askpanel.contracts.events import EVENTS, TERMINAL, Event, PanelCreated
from askpanel.contracts.subjects import PanelRef, tenant_filter
from askpanel.contracts.topology import CONSENSUS, DEAD, DURABLES, EXPERT_RUNNER, PANELS
from askpanel.runtime.log import EventLog
from tests.harness.invariants import check_frames, check_log, check_rows, usage_complete
from tests.harness.stack import RunningStack, askpanel, create, follow, projected, until

pytestmark = pytest.mark.e2e

GOLDEN = Path(__file__).parents[2] / "contracts/messages/golden"
FILLED = ("panels", "panel_responses", "panel_consensus", "agent_usage")
PROJECTOR = "projector"
LETTER_SECONDS = 60
"""A consumer that waits for what its event refers to gives up after ten seconds on an idle machine."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is published; its headers get an id that nobody has used."""

    subject: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class DeadLetters:
    """The dead letters, by sequence of the original and name of the consumer, as far as read."""

    log: EventLog
    found: dict[tuple[int, str], dict[str, Any]] = field(
        default_factory=dict[tuple[int, str], dict[str, Any]]
    )
    read: int = 0

    async def all(self) -> Mapping[tuple[int, str], dict[str, Any]]:
        """Every letter up to now."""
        state = (await self.log.jetstream.stream_info(DEAD.name)).state
        for sequence in range(max(self.read + 1, state.first_seq), state.last_seq + 1):
            stored = await self.log.jetstream.get_msg(DEAD.name, seq=sequence)
            self.read = sequence
            if (stored.subject or "").startswith("dead."):
                letter = json.loads(stored.data or b"") | {"to": stored.subject}
                self.found[letter["sequence"], letter["durable"]] = letter
        return self.found

    async def complete(self, wanted: Iterable[tuple[int, str]]) -> Mapping[tuple[int, str], dict[str, Any]]:
        """The letters once these are among them."""
        missing = set(wanted)

        async def absent() -> set[tuple[int, str]]:
            return missing - set(await self.all())

        await until(absent, lambda left: not left, seconds=LETTER_SECONDS)
        return self.found


def golden(event_type: str) -> Event:
    """The checked-in example of an event."""
    text = (GOLDEN / f"{event_type}.v{EVENTS[event_type].VERSION}.txt").read_text()
    head, _, body = text.partition("\n\n")
    subject, *lines = head.splitlines()
    return decode(subject, dict(line.split(": ", 1) for line in lines), body.encode(), 1).event


def sealed(event: Event, panel: PanelRef) -> Recorded:
    """As its own service would write it now, but for whom is not said."""
    return seal(event, panel, time=datetime.now(UTC))


def unreadable(event_type: str, panel: PanelRef) -> dict[str, Message]:
    """Every way in which a message on the subject of an event can be none."""
    subject, headers, body = encode(sealed(golden(event_type), panel))
    other = next(name for name in EVENTS if name != event_type)
    later = headers | {"ce-dataschema": f"urn:askpanel:schema:{event_type}:99"}
    return {
        "no JSON": Message(subject, headers, b"\xff\x00 no json"),
        "no object": Message(subject, headers, b"[]"),
        "no headers": Message(subject, {}, body),
        "headers of another type": Message(subject, headers | {"ce-type": other}, body),
        "an unknown version": Message(subject, later, body),
        "a time without zone": Message(subject, headers | {"ce-time": "2026-01-02T03:04:05"}, body),
        "no ids in the subject": Message(f"{event_type}.acme.first", headers, body),
    }


def consumers(subject: str) -> dict[str, str]:
    """Service of every consumer of the log that gets this subject, by the consumer's name."""
    durables = (durable for durable in DURABLES if durable.stream == PANELS.name)
    matching = {
        durable.name: durable.service
        for durable in durables
        if any(subject.startswith(pattern.removesuffix(">")) for pattern in durable.filters)
    }
    return matching | {PROJECTOR: PROJECTOR}


async def publish(log: EventLog, message: Message) -> int:
    """Its sequence on the log."""
    headers = {**message.headers, MESSAGE_ID: str(uuid4())}
    return (await log.jetstream.publish(message.subject, message.body, headers=headers)).seq


async def rows_of(running: RunningStack, tenant_or_panel: UUID) -> dict[str, int]:
    """How many rows there are, by table."""
    column = {"panels": "id"}
    async with running.database() as connection:
        return {
            table: await connection.fetchval(
                f"select count(*) from public.{table} where $1 in (tenant_id, {column.get(table, 'panel_id')})",
                tenant_or_panel,
            )
            for table in FILLED
        }


async def a_panel_completes(running: RunningStack) -> None:
    """The next panel runs as if nothing had been, and the tables still are the fold of the log."""
    async with running.http() as client:
        created = await create(client)
        frames = await follow(client, created["id"])
    assert frames[-1].name == "panel_completed"
    events = await until(lambda: running.events(created["id"]), usage_complete)
    check_log(events)
    check_frames(frames, events)
    await projected(running, events[-1].sequence)
    async with running.database() as connection:
        await check_rows(connection, events)
    done = await asyncio.to_thread(askpanel, running, "replay")
    assert done.returncode == 0, done.stdout + done.stderr


async def test_what_cannot_be_read_is_a_dead_letter_of_everyone_who_gets_it(running: RunningStack) -> None:
    published: dict[int, tuple[str, Message]] = {}
    async with running.log() as log:
        for event_type in EVENTS:
            panel = PanelRef(running.tenant(), uuid4())
            for what, message in unreadable(event_type, panel).items():
                published[await publish(log, message)] = (f"{event_type}: {what}", message)
        wanted = {(sequence, name) for sequence, (_, m) in published.items() for name in consumers(m.subject)}
        letters = await DeadLetters(log).complete(wanted)
    for sequence, name in wanted:
        what, message = published[sequence]
        letter = letters[sequence, name]
        assert letter["to"] == f"dead.{consumers(message.subject)[name]}", what
        assert letter["reason"].lower() in ("unreadable", "malformed", "unknownevent"), what
        assert letter["error"], what
        assert letter["subject"] == message.subject
        assert base64.b64decode(letter["body"]) == message.body
        original = {header: value for header, value in message.headers.items() if header != MESSAGE_ID}
        assert original.items() <= letter["headers"].items(), what
    await projected(running, max(published))
    await a_panel_completes(running)


async def test_events_of_a_panel_that_does_not_exist_change_nothing(running: RunningStack) -> None:
    published: dict[int, str] = {}
    ghost = PanelRef(running.tenant(), uuid4())
    async with running.log() as log:
        for event_type in EVENTS:
            if event_type != PanelCreated.TYPE:
                subject, headers, body = encode(sealed(golden(event_type), ghost))
                published[await publish(log, Message(subject, headers, body))] = event_type
        wanted = {
            (sequence, name)
            for sequence, event_type in published.items()
            for name in consumers(ghost.subject(event_type))
            if name != EXPERT_RUNNER.name  # it answers whatever the orchestrator, and no one else, may ask
        }
        letters = await DeadLetters(log).complete(wanted)
        end = (await log.position()).sequence
    for sequence, name in wanted:
        letter = letters[sequence, name]
        expected = {PROJECTOR: "poison", CONSENSUS.name: "exhausted"}.get(name, "Reject")
        assert letter["reason"] == expected, f"{published[sequence]}: {letter['reason']}, {letter['error']}"
    await projected(running, end)
    assert await rows_of(running, ghost.panel_id) == dict.fromkeys(FILLED, 0)
    await a_panel_completes(running)


async def test_a_panel_of_a_tenant_that_does_not_exist_gets_no_row(running: RunningStack) -> None:
    nowhere = PanelRef(uuid4(), uuid4())
    created = golden(PanelCreated.TYPE)
    assert isinstance(created, PanelCreated)
    asked = created.model_copy(update={"panel_type": "structured", "user_id": uuid4()})
    async with running.log() as log:
        subject, headers, body = encode(sealed(asked, nowhere))
        sequence = await publish(log, Message(subject, headers, body))
        events = await until(lambda: log.read(nowhere), has_ended)
        letter = (await DeadLetters(log).complete({(sequence, PROJECTOR)}))[sequence, PROJECTOR]
        assert letter["reason"] == "poison"
        assert "panels_tenant_id_fkey" in letter["error"]
        await projected(running, events[-1].sequence)
        assert await rows_of(running, nowhere.tenant_id) == dict.fromkeys(FILLED, 0)
        # As a tenant's erasure would: else every later replay told, rightly, that this panel has no row.
        await log.jetstream.purge_stream(PANELS.name, subject=tenant_filter(nowhere.tenant_id))
    await a_panel_completes(running)


def has_ended(events: Sequence[Recorded]) -> bool:
    """Whether the panel is over and every attempt is charged."""
    return any(recorded.envelope.type in TERMINAL for recorded in events) and usage_complete(events)
