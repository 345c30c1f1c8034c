"""From a panel's events to a request that can be computed. Pure; the only module here that knows events."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from askpanel.consensus.ballots import Answer, Forecast, Option, PastVote, Point, Quantity, Seat
from askpanel.consensus.compute import Request, Round
from askpanel.contracts import answer as contract
from askpanel.contracts.blocks import ItemBlock, Role
from askpanel.contracts.configuration import read
from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import (
    ConsensusRequested,
    ExpertRequested,
    ExpertResponded,
    HumanResponded,
    PanelCreated,
    PanelType,
)
from askpanel.contracts.events import Seat as PlannedSeat

HUMAN_WEIGHT = 2.0
READ = frozenset(
    event.TYPE
    for event in (PanelCreated, ExpertRequested, ExpertResponded, HumanResponded, ConsensusRequested)
)
"""The types of events a request is made of."""
NOT_VOTING: frozenset[Role] = frozenset({"moderator", "judge", "chair"})


class Incomplete(Exception):
    """The log as read lacks something the request names; it may be read again later."""


def read_request(
    asked: ConsensusRequested,
    events: Sequence[Recorded],
    *,
    embeddings: bool,
    history: tuple[PastVote, ...] = (),
) -> Request:
    """What `asked` wants computed, from the panel's events of the types in READ.

    Raises Incomplete when a listed response is not among them.
    """
    created = next((r.event for r in events if isinstance(r.event, PanelCreated)), None)
    if created is None:
        raise Incomplete("panel.created is missing")
    answers = {answer.response_id: answer for answer in _answers(created, events)}
    earlier = [
        r.event
        for r in events
        if isinstance(r.event, ConsensusRequested) and r.event.round_number < asked.round_number
    ]
    own = _own_responses(created.panel_type, sorted([*earlier, asked], key=lambda one: one.round_number))
    listed = _listed(asked, own[asked.round_number], answers)
    configuration = created.configuration
    return Request(
        panel_type=created.panel_type,
        method=asked.method,
        threshold=asked.threshold,
        round_number=asked.round_number,
        answers=listed,
        seats=_seats(created.agents, listed),
        options=tuple(Option(option.id, option.text) for option in created.options),
        items=_items(asked.round_number, events),
        quantity=_quantity(created),
        earlier=tuple(
            Round(past.round_number, _listed(past, own[past.round_number], answers)) for past in earlier
        ),
        enable_dissent=configuration.get("enable_dissent") is not False,
        dimensions=_texts(configuration.get("dimensions")),
        evidence_ids=frozenset(evidence.id for evidence in created.evidence),
        degraded=asked.degraded,
        history=history,
        embeddings=embeddings,
        topic=created.query,
    )


def _own_responses(
    panel_type: PanelType, requests: Sequence[ConsensusRequested]
) -> dict[int, tuple[UUID, ...]]:
    """The responses of each round. An open panel lists all of them so far: those listed before are not its own."""
    before: set[UUID] = set()
    own: dict[int, tuple[UUID, ...]] = {}
    for request in requests:
        own[request.round_number] = tuple(one for one in request.responses if one not in before)
        if panel_type == "open":
            before.update(request.responses)
    return own


def _listed(
    asked: ConsensusRequested, responses: Sequence[UUID], answers: dict[str, Answer]
) -> tuple[Answer, ...]:
    missing = [str(wanted) for wanted in responses if str(wanted) not in answers]
    if missing:
        raise Incomplete(f"responses {', '.join(missing)} are not on the log as read")
    return tuple(
        _carry(answers[str(wanted)], carried=answers[str(wanted)].seat in asked.carried)
        for wanted in responses
    )


def _carry(answer: Answer, *, carried: bool) -> Answer:
    return replace(answer, carried=True) if carried else answer


def _answers(created: PanelCreated, events: Iterable[Recorded]) -> Iterable[Answer]:
    for recorded in events:
        event = recorded.event
        if isinstance(event, ExpertResponded):
            yield _expert(event, created, recorded.sequence)
        elif isinstance(event, HumanResponded):
            yield _human(event, len(created.agents), recorded.sequence)


def _expert(event: ExpertResponded, created: PanelCreated, sequence: int) -> Answer:
    said = event.answer
    planned = created.agents[event.seat] if event.seat < len(created.agents) else None
    return Answer(
        response_id=str(event.response_id),
        seat=event.seat,
        agent_id=event.agent_id,
        agent_name=event.agent_name,
        role=event.role if event.role in NOT_VOTING else "expert",
        model=event.model,
        weight=planned.weight if planned else 1.0,
        sequence=sequence,
        position=said.position,
        content=event.content,
        stance=said.stance,
        option=said.option,
        key_points=tuple(_point(point) for point in said.key_points),
        conditions=tuple(Point(condition) for condition in said.conditions),
        ratings=said.ratings or (),
        forecast=_forecast(said.forecast),
        ranking=tuple(place if isinstance(place, tuple) else (place,) for place in said.ranking or ()),
        confidence=None if event.model.startswith("local:") else said.confidence,
        citations=said.citations,
        changed=said.changed,
        cause=said.cause,
    )


def _human(event: HumanResponded, seat: int, sequence: int) -> Answer:
    return Answer(
        response_id=str(event.response_id),
        seat=seat,
        agent_id=f"human:{event.user_id}",
        agent_name=event.user_name or "Human",
        role="human",
        weight=HUMAN_WEIGHT,
        sequence=sequence,
        position=event.content,
        content=event.content,
        stance=event.stance or "abstain",
        option=event.option,
    )


def _forecast(given: contract.Forecast | None) -> Forecast | None:
    return None if given is None else Forecast(given.value, given.low, given.high)


def _quantity(created: PanelCreated) -> Quantity | None:
    """What is forecast, read as the orchestrator reads it."""
    wanted = read(created.panel_type, created.configuration).quantity
    return None if wanted is None else Quantity(wanted.unit, wanted.minimum, wanted.maximum)


def _point(point: str | contract.KeyPoint) -> Point:
    return Point(point) if isinstance(point, str) else Point(point.text, point.dimension)


def _seats(agents: Iterable[PlannedSeat], answers: Iterable[Answer]) -> tuple[Seat, ...]:
    """The seats with the model each answered with now, else the one it was given. What it answered with before
    may be another only because all have a new one since."""
    models = {answer.seat: answer.model for answer in answers if not answer.carried}
    return tuple(
        Seat(number, seat.agent_id, seat.name, seat.role, models.get(number, seat.model))
        for number, seat in enumerate(agents)
        if seat.role not in NOT_VOTING
    )


def _items(round_number: int, events: Iterable[Recorded]) -> tuple[Option, ...]:
    """The statements rated in a delphi round, as the seats were shown them."""
    for recorded in events:
        event = recorded.event
        if isinstance(event, ExpertRequested) and event.round_number == round_number:
            items = [block for block in event.context.blocks if isinstance(block, ItemBlock)]
            if items:
                return tuple(Option(item.id, item.text) for item in items)
    return ()


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(text) for text in value) if isinstance(value, list | tuple) else ()  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
