"""Events as bytes, to the letter of `text/event-stream`, and the bounds of what waits for a client."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from askpanel.contracts.answer import Answer
from askpanel.contracts.envelope import Recorded, seal
from askpanel.contracts.events import (
    EVENTS,
    BudgetExceeded,
    ConsensusCalculated,
    ConsensusQuorum,
    Event,
    ExpertFailed,
    ExpertResponded,
    ExpertStarted,
    HumanRequested,
    HumanResponded,
    PanelCompleted,
    PanelCreated,
    PanelFailed,
    PanelStarted,
    Plan,
    RoundCompleted,
    RoundQuorum,
    RoundStarted,
    Seat,
    TokenUsage,
    UsageRecorded,
)
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.auth.token import Identity
from askpanel.gateway.history import History
from askpanel.gateway.stream.deliver import Delivery, Room, Terms, Why
from askpanel.gateway.stream.encode import (
    HEARTBEAT,
    Delta,
    Frame,
    delta_frame,
    error_body,
    event_frame,
    reset_frame,
)
from askpanel.gateway.stream.payloads import payload
from askpanel.gateway.stream.replay import Replays
from askpanel.gateway.stream.revocation import end_revoked
from askpanel.gateway.stream.tickets import TicketRefused, Tickets
from askpanel.runtime.ending import end

PANEL = PanelRef(UUID(int=1), UUID(int=2))
USER = UUID(int=3)
RESPONSE = UUID(int=4)
CHECKPOINT = UUID(int=5)
AT = datetime(2026, 11, 22, 9, 30, 0, 250_000, tzinfo=UTC)
STEP: dict[str, Any] = {"round_number": 1, "step": "1", "seat": 0, "purpose": "opening"}
EXPERT: dict[str, Any] = {"agent_id": "expert-0", "agent_name": "Expert 0"}


def recorded(event: Event, sequence: int = 7) -> Recorded:
    return seal(event, PANEL, time=AT, user_id=USER).at(sequence)


RESPONDED = ExpertResponded(
    **STEP, **EXPERT, response_id=RESPONSE, response_type="analysis", content="Wait.\nThen act.",
    answer=Answer(position="Wait", stance="oppose", confidence=0.75), model="scripted",
    usage=TokenUsage(input_tokens=10, output_tokens=5), execution_time_ms=20, attempt=1,
)  # fmt: skip

PUBLIC: dict[str, tuple[Event, dict[str, Any]]] = {
    "panel_created": (
        PanelCreated(
            query="Why?", panel_type="open", agents=(Seat(agent_id="expert-0", name="Expert 0"),),
            configuration={"max_rounds": 1}, user_id=USER, request_hash="internal",
        ),
        {"status": "created", "query": "Why?", "panel_type": "open"},
    ),
    "panel_started": (
        PanelStarted(protocol="open", plan=Plan(rounds=1, seats=3, threshold=0.6, deadline_at=AT)),
        {"status": "running"},
    ),
    "round_started": (
        RoundStarted(round_number=1, purpose="opening", speakers=(0, 1), deadline_at=AT),
        {"round_number": 1, "speakers": [0, 1]},
    ),
    "expert_speaking": (
        ExpertStarted(**STEP, **EXPERT, model="scripted", attempt=1),
        {"agent_id": "expert-0", "agent_name": "Expert 0", "attempt": 1},
    ),
    "response_added": (
        RESPONDED,
        {"response_id": str(RESPONSE), "content": "Wait.\nThen act.", "confidence": 0.75, "tokens_used": 15},
    ),
    "expert_failed": (
        ExpertFailed(
            **STEP, **EXPERT, model="scripted", attempt=1, reason="timeout", retryable=True, execution_time_ms=9
        ),
        {"reason": "timeout", "retryable": True},
    ),
    "round_completed": (
        RoundCompleted(
            round_number=1, answered=(0,), missing=(1,),
            quorum=RoundQuorum(needed=2, answered=1, seats=2, met=False),
        ),
        {"missing": [1]},
    ),
    "consensus_calculated": (
        ConsensusCalculated(
            round_number=1, method="majority", consensus_level=0.5, band="split", threshold=0.7,
            agreement_points=(), disagreement_points=(), dissenting_opinions=(), recommendation="None.",
            alternatives=(), metrics={"entropy": float("nan")},
            quorum=ConsensusQuorum(needed=2, answered=2, seats=2, met=True),
        ),
        {"consensus_level": 0.5, "recommendation": "None."},
    ),
    "human_requested": (
        HumanRequested(
            checkpoint_id=CHECKPOINT, round_number=1, kind="input", question="And you?",
            actions=("answer",), deadline_at=AT,
        ),
        {"checkpoint_id": str(CHECKPOINT), "actions": ["answer"]},
    ),
    "usage_recorded": (
        UsageRecorded(
            round_number=1, step="1", seat=0, attempt=1, user_id=USER, agent_id="expert-0", model="scripted",
            tokens_used=15, execution_time_ms=20, cost_usd=Decimal("0.00001"), unpriced=False,
            purpose="answer", step_purpose="opening",
        ),
        {"cost_usd": "0.00001", "tokens_used": 15},
    ),
    "budget_exceeded": (
        BudgetExceeded(scope="panel", limit_usd=Decimal("1.00"), spent_usd=Decimal("1.01")),
        {"limit_usd": "1.00", "spent_usd": "1.01"},
    ),
    "panel_completed": (
        PanelCompleted(
            rounds=1, consensus_level=0.5, recommendation="None.", stop_reason="max_rounds", duration_ms=5
        ),
        {"panel_id": str(PANEL.panel_id), "status": "completed"},
    ),
    "panel_failed": (
        PanelFailed(reason="cancelled", detail="By its creator."),
        {"status": "failed", "reason": "cancelled"},
    ),
}  # fmt: skip


def lines(block: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in block.decode().split("\n") if line)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_event_is_one_block_with_id_name_and_one_line_of_json(name: str) -> None:
    event, fields = PUBLIC[name]

    frame = event_frame(recorded(event))

    assert frame is not None
    assert frame.block.endswith(b"\n\n")
    assert frame.block.count(b"\n") == 4
    assert list(lines(frame.block)) == ["id", "event", "data"]
    assert lines(frame.block)["id"] == "7"
    assert lines(frame.block)["event"] == name
    data = json.loads(lines(frame.block)["data"])
    assert {key: data[key] for key in fields} == fields
    assert (data["panel_id"], data["sequence"], data["at"]) == (
        str(PANEL.panel_id), 7, "2026-11-22T09:30:00.250000Z",
    )  # fmt: skip
    assert frame.last == (name in ("panel_completed", "panel_failed"))


def test_every_event_with_a_public_name_has_its_shape_and_no_other_does() -> None:
    human = HumanResponded(
        checkpoint_id=CHECKPOINT, response_id=RESPONSE, round_number=1, action="answer", content="No.", user_id=USER, option="b"
    )  # fmt: skip
    told = {type(event) for event, _ in PUBLIC.values()} | {type(human)}

    assert told == {event for event in EVENTS.values() if event.SSE}
    fields = payload(recorded(human))
    assert fields is not None
    assert (fields["agent_id"], fields["confidence"], fields["role"]) == (f"human:{USER}", None, "human")
    assert (fields["stance"], fields["option"]) == (None, "b")


def test_what_is_internal_stays_inside() -> None:
    created = event_frame(recorded(PUBLIC["panel_created"][0]))
    assert created is not None
    assert b"internal" not in created.block


def test_the_demo_models_confidence_is_not_shown() -> None:
    fields = payload(recorded(RESPONDED.model_copy(update={"model": "local:tiny"})))

    assert fields is not None
    assert fields["confidence"] is None
    assert "confidence" not in fields["answer"]


@pytest.mark.parametrize(
    "text", ["a\nb", "a\r\nb", "a\rb", "a\u2028b\u2029c\u0085d", "\u0000\u001b", "Ü 🙂 \\n"]
)
def test_no_text_breaks_a_line(text: str) -> None:
    frame = event_frame(recorded(RESPONDED.model_copy(update={"content": text})))

    assert frame is not None
    assert len(frame.block.decode().rstrip("\n").splitlines()) == 3
    assert json.loads(lines(frame.block)["data"])["content"] == text


def test_deltas_resets_and_errors_carry_no_id() -> None:
    delta = delta_frame(PANEL.panel_id, Delta(round_number=1, seat=0, agent_id="expert-0", text="Wai"), AT)
    reset = reset_frame(PANEL.panel_id, AT)

    assert list(lines(delta.block)) == list(lines(reset.block)) == ["event", "data"]
    assert json.loads(lines(delta.block)["data"])["text"] == "Wai"
    assert error_body({"status": 429}) == b'retry: 30000\nevent: error\ndata: {"status":429}\n\n'
    assert HEARTBEAT == b": hb\n"


# ------------------------------------------------------------------------------------------ delivery


def frame(sequence: int | None, text: str = "x", *, last: bool = False) -> Frame:
    return Frame(f"{sequence}:{text}\n\n".encode(), sequence, last)


def delivery(frames: int = 256, size: int = 1_000_000) -> Delivery:
    return Delivery(Room(frames, size), (USER, PANEL.tenant_id))


def terms(*, heartbeat: float = 60, lasts: float = 60, because: Why = "age") -> Terms:
    return Terms(heartbeat=heartbeat, lasts=lasts, ends_because=because)


@asynccontextmanager
async def connected(stream: Delivery) -> AsyncGenerator[tuple[asyncio.Transport, socket.socket]]:
    """The stream's end of a connection, and the client's, which has little room."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_accepted_socket(lambda: stream, ours)
    try:
        yield transport, theirs
    finally:
        theirs.close()
        if not transport.is_closing():
            transport.abort()


async def received(client: socket.socket) -> bytes:
    """What a client reads to the end, without the chunks' heads; the last of them must be there."""
    loop = asyncio.get_running_loop()
    raw, body = b"", b""
    async with asyncio.timeout(10):
        while data := await loop.sock_recv(client, 65_536):
            raw += data
    while raw != b"0\r\n\r\n":
        size, _, raw = raw.partition(b"\r\n")
        length = int(size, 16)
        assert length, "one empty chunk, the last"
        assert raw[length:].startswith(b"\r\n")
        body, raw = body + raw[:length], raw[length + 2 :]
    return body


async def collect(
    opening: list[Frame], stream: Delivery, agreed: Terms | None = None, *, after: int = 0
) -> bytes:
    """All bytes of a stream that begins now and ends by itself."""
    async with connected(stream) as (connection, client):
        stream.begin(connection, opening, after=after, terms=agreed or terms())
        return await received(client)


async def test_history_comes_first_then_what_is_live_and_nothing_twice() -> None:
    stream = delivery()
    for sequence in (3, 4, 5, 6):
        stream.put(frame(sequence, last=sequence == 6))

    sent = await collect([frame(2), frame(3), frame(4)], stream)

    assert sent == b"retry: 2000\n2:x\n\n3:x\n\n4:x\n\n5:x\n\n6:x\n\n"


async def test_what_is_published_is_sent_at_once_but_never_twice() -> None:
    stream = delivery()
    async with connected(stream) as (connection, client):
        stream.begin(connection, [frame(2), frame(3)], after=0, terms=terms())
        for sequence in (3, 4, 5):
            stream.put(frame(sequence, last=sequence == 5))
        assert await received(client) == b"retry: 2000\n2:x\n\n3:x\n\n4:x\n\n5:x\n\n"


async def test_a_client_that_has_all_so_far_gets_a_heartbeat_at_once_and_retry_with_its_first_event() -> None:
    stream = delivery()
    stream.put(frame(8))
    stream.put(frame(9, last=True))

    assert await collect([], stream, after=8) == b": hb\nretry: 2000\n9:x\n\n"


async def test_nothing_follows_the_end_of_a_panel() -> None:
    stream = delivery()
    stream.put(frame(4, last=True))
    stream.put(frame(5))

    assert await collect([frame(3)], stream) == b"retry: 2000\n3:x\n\n4:x\n\n"
    assert await collect([frame(3, last=True)], delivery()) == b"retry: 2000\n3:x\n\n"

    read_late = (
        delivery()
    )  # the end is in the history already, and costs were published since the subscription
    for sequence in (3, 4, 5):
        read_late.put(frame(sequence, last=sequence == 3))
    assert await collect([frame(3, last=True)], read_late) == b"retry: 2000\n3:x\n\n"


async def test_silence_is_filled_with_heartbeats_of_one_newline() -> None:
    stream, loop = delivery(), asyncio.get_running_loop()
    async with connected(stream) as (connection, client), asyncio.timeout(10):
        stream.begin(connection, [frame(1)], after=0, terms=terms(heartbeat=0.02))
        sent = b""
        while sent.count(b"hb") < 3:
            sent += await loop.sock_recv(client, 65_536)

    opening = b"11\r\nretry: 2000\n1:x\n\n\r\n"
    assert sent.startswith(opening + 3 * b"5\r\n: hb\n\r\n")


@pytest.mark.parametrize("because", ["age", "expired"])
async def test_age_and_expiry_end_a_stream(because: Why) -> None:
    stream = delivery()

    await collect([frame(1)], stream, terms(lasts=0.02, because=because))

    assert stream.cut_because == because


async def test_a_revoked_membership_ends_all_its_streams_and_no_other() -> None:
    mine, also_mine, others = delivery(), delivery(), Delivery(Room(9, 999), (USER, UUID(int=9)))
    asked: list[tuple[UUID, UUID]] = []

    async def allowed(user_id: UUID, tenant_id: UUID) -> bool:
        asked.append((user_id, tenant_id))
        return tenant_id != PANEL.tenant_id

    watching = asyncio.create_task(end_revoked(lambda: [mine, others, also_mine], allowed, every=0.01))
    async with asyncio.timeout(10):
        while mine.cut_because is None:  # noqa: ASYNC110  (the watcher tells nobody)
            await asyncio.sleep(0.01)
    await end(watching)

    assert (mine.cut_because, also_mine.cut_because, others.cut_because) == ("revoked", "revoked", None)
    assert sorted(asked[:2]) == sorted([mine.member, others.member])


async def test_a_member_about_whom_nothing_can_be_told_keeps_nobody_elses_stream_open() -> None:
    strange, revoked = delivery(), Delivery(Room(9, 999), (USER, UUID(int=9)))

    async def allowed(_: UUID, tenant_id: UUID) -> bool:
        if tenant_id == PANEL.tenant_id:
            raise ValueError("Exceeds the limit (4300 digits) for integer string conversion")
        return False

    watching = asyncio.create_task(end_revoked(lambda: [strange, revoked], allowed, every=0.01))
    async with asyncio.timeout(10):
        while revoked.cut_because is None:  # noqa: ASYNC110  (the watcher tells nobody)
            await asyncio.sleep(0.01)
    assert not watching.done()
    await end(watching)

    assert strange.cut_because is None


@pytest.mark.parametrize(("frames", "size"), [(2, 1000), (100, 20)])
async def test_a_slow_client_loses_its_stream_and_no_memory(frames: int, size: int) -> None:
    stream = delivery(frames, size)
    for sequence in range(1, 50):
        stream.put(frame(sequence))

    assert stream.cut_because == "slow"
    assert await collect([frame(1)], stream) == b"retry: 2000\n1:x\n\n"


async def test_a_client_that_stops_reading_is_cut_and_has_whole_blocks_when_it_reads_on() -> None:
    stream = delivery(frames=8, size=100_000_000)
    big = "y" * 50_000
    async with connected(stream) as (connection, client):
        stream.begin(connection, [frame(1)], after=0, terms=terms())
        for sequence in range(2, 100):
            stream.put(frame(sequence, big))
        assert stream.cut_because == "slow"
        sent = await received(client)

    blocks = sent.removeprefix(b"retry: 2000\n").split(b"\n\n")
    assert blocks.pop() == b""
    whole = [b"1:x", *(f"{sequence}:{big}".encode() for sequence in range(2, 100))]
    assert blocks == whole[: len(blocks)]


async def test_a_client_that_catches_up_has_missed_nothing() -> None:
    stream = delivery(frames=100, size=100_000_000)
    opening = [frame(sequence, "o" * 40_000) for sequence in range(1, 20)]
    live = [frame(sequence, "l" * 10_000, last=sequence == 60) for sequence in range(20, 61)]
    async with connected(stream) as (connection, client):
        stream.begin(connection, opening, after=0, terms=terms())
        for one in live:
            stream.put(one)
        sent = await received(client)

    assert sent == b"retry: 2000\n" + b"".join(one.block for one in opening + live)
    assert stream.cut_because is None


async def test_a_client_that_takes_nothing_for_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askpanel.gateway.stream.deliver.STALL", 0.1)
    stream, ended = delivery(size=100_000_000), asyncio.Event()
    stream.on_end = ended.set
    async with connected(stream) as (connection, _), asyncio.timeout(10):
        stream.begin(connection, [frame(1, "y" * 1_000_000)], after=0, terms=terms(heartbeat=0.05))
        await ended.wait()

    assert stream.cut_because == "slow"


async def test_a_drain_cuts_also_a_finished_panel_that_a_slow_client_has_not_taken() -> None:
    stream = delivery()
    opening = [frame(1, "y" * 2_000_000), frame(2, "z" * 2_000_000), frame(3, last=True)]
    async with connected(stream) as (connection, client):
        stream.begin(connection, opening, after=0, terms=terms())
        stream.cut("drain")
        sent = await received(client)

    assert sent == b"retry: 2000\n" + opening[0].block
    assert stream.cut_because == "drain"


async def test_the_end_of_a_stream_is_told_once() -> None:
    stream, ends = delivery(), list[int]()
    stream.on_end = lambda: ends.append(1)
    await collect([frame(1, last=True)], stream)
    stream.end()

    assert ends == [1]


async def test_deltas_wait_for_history_and_never_crowd_out_events() -> None:
    stream = delivery(frames=4)
    stream.put_delta(frame(None, "early"))
    async with connected(stream) as (connection, client):
        stream.begin(connection, [frame(1)], after=0, terms=terms())
        stream.pause_writing()
        for _ in range(10):
            stream.put_delta(frame(None, "late"))
        stream.put(frame(2))
        stream.put(frame(3, last=True))
        stream.resume_writing()
        sent = await received(client)

    assert sent == b"retry: 2000\n1:x\n\nNone:late\n\nNone:late\n\n2:x\n\n3:x\n\n"
    assert stream.cut_because is None


async def test_those_who_ask_during_a_read_share_the_next_one() -> None:
    reads: list[asyncio.Future[History]] = []

    async def read(panel: PanelRef) -> History:
        assert panel == PANEL
        reads.append(asyncio.get_running_loop().create_future())
        return await reads[-1]

    async def until_reads(count: int) -> None:
        while len(reads) < count:  # noqa: ASYNC110  (the state of another task)
            await asyncio.sleep(0)

    replays = Replays(read)
    created = recorded(PUBLIC["panel_created"][0], 1)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        first = group.create_task(replays.read(PANEL))
        await until_reads(1)
        later = [group.create_task(replays.read(PANEL)) for _ in range(100)]
        await asyncio.sleep(0)
        later[0].cancel()
        reads[0].set_result(History((), 0))
        await until_reads(2)
        reads[1].set_result(History((created,), 1))

    assert not first.result().exists
    assert [one.result().frames for one in later[1:]] == [(event_frame(created),)] * 99
    assert len(reads) == 2


# ------------------------------------------------------------------------------------------- tickets


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_ticket_is_for_one_panel_and_one_minute_and_has_a_number_of_its_own() -> None:
    clock = Clock()
    tickets = Tickets(None, clock=clock)
    identity = Identity(USER, "authenticated", clock.now + 600)

    admitted = tickets.read(tickets.issue(identity, PANEL), PANEL.panel_id)
    other = tickets.read(tickets.issue(identity, PANEL), PANEL.panel_id)

    assert (admitted.identity, admitted.panel) == (identity, PANEL)
    assert admitted.number != other.number
    with pytest.raises(TicketRefused, match="another panel"):
        tickets.read(tickets.issue(identity, PANEL), uuid4())
    late = tickets.issue(identity, PANEL)
    clock.now += 60
    with pytest.raises(TicketRefused, match="expired"):
        tickets.read(late, PANEL.panel_id)


def test_a_forged_ticket_is_refused_and_replicas_share_a_secret() -> None:
    shared = "a-shared-secret-of-at-least-32-bytes!"
    identity = Identity(USER, "authenticated", 2e9)
    ticket = Tickets(shared).issue(identity, PANEL)

    assert Tickets(shared).read(ticket, PANEL.panel_id).identity.user_id == USER
    for forged in (Tickets(None).issue(identity, PANEL), ticket[:-2] + "xx", "", "a.b.c"):
        with pytest.raises(TicketRefused):
            Tickets(shared).read(forged, PANEL.panel_id)
