"""What `reliability` knows of the past: pure first, then from a real log."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from nats.aio.client import Client

from askpanel.consensus.ballots import PastVote
from askpanel.consensus.history import past_votes
from askpanel.consensus.worker import ConsensusCalculator, newest_answers
from askpanel.contracts.answer import Answer
from askpanel.contracts.blocks import Purpose, Role
from askpanel.contracts.envelope import Recorded, encode, seal
from askpanel.contracts.events import (
    ConsensusCalculated,
    ConsensusRequested,
    Event,
    ExpertResponded,
    PanelCreated,
    Seat,
)
from askpanel.contracts.subjects import PanelRef
from askpanel.runtime.log import EventLog
from askpanel.runtime.worker import Delivery
from tests.contract.servers import OwnNats, connected, emptied, own_nats

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
TENANT, RUNNING, PAST = UUID(int=1), UUID(int=2), UUID(int=9)
AGENTS = ("ada", "bob", "cleo")


def said(
    agent: str,
    stance: str,
    number: int = 1,
    *,
    role: Role = "expert",
    purpose: Purpose = "opening",
    **more: Any,
) -> ExpertResponded:
    return ExpertResponded(
        round_number=number, step=str(number), seat=AGENTS.index(agent), purpose=purpose,
        response_id=uuid4(), agent_id=agent, agent_name=agent.title(), role=role, response_type="analysis",
        content="Text.", answer=Answer.model_validate({"position": f"{agent} says so", "stance": stance} | more),
        model=f"model-{agent}", execution_time_ms=1, attempt=1,
    )  # fmt: skip


def recorded(event: Event, sequence: int, panel: UUID = PAST) -> Recorded:
    return seal(event, PanelRef(TENANT, panel), time=NOON).at(sequence)


def test_the_last_ballot_of_each_panel_and_expert_is_the_vote() -> None:
    one, two = UUID(int=11), UUID(int=12)
    votes = past_votes(
        [
            recorded(said("ada", "support", 2), 5, one),
            recorded(said("ada", "oppose"), 3, one),
            recorded(said("ada", "support", option="b"), 8, two),
            recorded(said("bob", "conditional", purpose="answer"), 9, two),
        ],
        RUNNING,
    )
    assert votes == (
        PastVote(str(one), "ada", "support"),
        PastVote(str(two), "ada", "b"),
        PastVote(str(two), "bob", "conditional"),
    )


@pytest.mark.parametrize("role", ["judge", "moderator", "chair", "pro", "con"])
def test_whoever_does_not_vote_has_no_past_vote(role: Role) -> None:
    assert past_votes([recorded(said("ada", "support", role=role), 1)], RUNNING) == ()


@pytest.mark.parametrize("purpose", ["question", "rebuttal", "rating", "judgement", "synthesis"])
def test_what_is_no_ballot_is_no_past_vote(purpose: Purpose) -> None:
    assert past_votes([recorded(said("ada", "support", purpose=purpose), 1)], RUNNING) == ()


def test_the_running_panel_and_a_last_abstention_are_no_past_votes() -> None:
    events = [
        recorded(said("ada", "support"), 1, RUNNING),
        recorded(said("bob", "support"), 2),
        recorded(said("bob", "abstain", 2), 3),
    ]
    assert past_votes(events, RUNNING) == ()


# ------------------------------------------------------------------------------------- on a log


@pytest.fixture(scope="module")
def log_server() -> Generator[OwnNats]:
    """One server for the tests of this module: PANELS is a fixed name."""
    with own_nats() as server:
        yield server


@pytest.fixture
async def client(log_server: OwnNats) -> AsyncGenerator[Client]:
    async with connected(log_server.url) as connection:
        await emptied(connection)
        yield connection


async def write(log: EventLog, panel: PanelRef, *events: Event) -> int:
    """Append a panel's events; its last sequence."""
    sequence = 0
    for event in events:
        sequence = await log.append(seal(event, panel, time=NOON), expected=sequence)
    return sequence


async def past_panels(log: EventLog, count: int, tenant: UUID = TENANT) -> None:
    """Panels in which ada and bob see it alike and cleo is right two times of three."""
    for number in range(count):
        truth, other = ("support", "oppose") if number % 2 else ("oppose", "support")
        panel = PanelRef(tenant, uuid5(tenant, str(number)))
        await write(
            log, panel, said("ada", truth), said("bob", truth), said("cleo", truth if number % 3 else other)
        )


async def consensus(
    log: EventLog, *, method: str = "reliability", history: int = 5000
) -> ConsensusCalculated:
    """The consensus of a panel in which cleo stands against ada and bob."""
    panel = PanelRef(TENANT, RUNNING)
    answers = [said("ada", "support"), said("bob", "support"), said("cleo", "oppose")]
    asked = ConsensusRequested(
        round_number=1, method=method, responses=tuple(one.response_id for one in answers), threshold=0.7
    )
    seats = tuple(Seat(agent_id=agent, name=agent.title()) for agent in AGENTS)
    created = PanelCreated(
        query="Launch?",
        panel_type="structured",
        agents=seats,
        configuration={},
        user_id=uuid4(),
        request_hash="",
    )
    sequence = await write(log, panel, created, *answers, asked)
    subject, headers, body = encode(seal(asked, panel, time=NOON))
    delivery = Delivery(subject, headers, body, sequence, 1, 1, time.time())
    await ConsensusCalculator(log, None, history=history)(delivery)
    result = (await log.read(panel))[-1].event
    assert isinstance(result, ConsensusCalculated)
    return result


async def test_thirty_past_panels_make_reliability_the_method(client: Client) -> None:
    log = EventLog(client)
    await past_panels(log, 30)
    result = await consensus(log)
    assert (result.method, result.degraded) == ("reliability", ())
    accuracy = result.metrics["method"]["accuracy"]
    assert accuracy["ada"] > 0.95
    assert accuracy["cleo"] == pytest.approx(2 / 3, abs=0.05)
    assert result.consensus_level > 2 / 3


async def test_fewer_make_it_majority_and_it_says_so(client: Client) -> None:
    log = EventLog(client)
    await past_panels(log, 29)
    await past_panels(log, 5, tenant=UUID(int=77))  # another tenant's panels tell nothing
    result = await consensus(log)
    assert result.method == "majority"
    assert result.degraded == ("reliability needs 30 past panels of every expert: majority",)


async def test_only_the_newest_answers_are_read_up_to_the_bound(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = EventLog(client)
    await past_panels(log, 30)
    end = (await log.position()).sequence
    await past_panels(log, 30, tenant=UUID(int=77))
    after = (await log.position()).sequence + 1
    for most in (1, 7, 89, 90, 500):
        found = [message[3] for message in await newest_answers(log, TENANT, after, most)]
        assert found == list(range(max(1, end - most + 1), end + 1))
    assert [message[3] for message in await newest_answers(log, TENANT, 5, 3)] == [2, 3, 4]
    assert len(await newest_answers(log, TENANT, 1, 3)) == 0
    with monkeypatch.context() as patched:
        patched.setattr("askpanel.consensus.worker.LOOKED_THROUGH", after - end + 20)
        found = [message[3] for message in await newest_answers(log, TENANT, after, 500)]
        assert found == list(range(end - 20, end + 1))
    assert (await consensus(log, history=85)).method == "majority"


async def test_other_methods_do_not_look_back(client: Client) -> None:
    log = EventLog(client)
    await past_panels(log, 30)
    result = await consensus(log, method="majority")
    assert (result.method, result.degraded) == ("majority", ())


async def test_a_past_answer_that_cannot_be_read_is_left_out(client: Client) -> None:
    log = EventLog(client)
    await past_panels(log, 30)
    await client.jetstream().publish(f"expert.responded.{TENANT}.{uuid4()}", b"not an event")
    assert (await consensus(log)).method == "reliability"
