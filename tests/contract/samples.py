"""One sample of every event with every field filled, and its golden serialisation.

`python -m tests.contract.samples` writes the goldens that are missing. It never changes one: a golden
that does not fit any more is a change of the contract, which takes a new version.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from askpanel.contracts import answer, blocks, events
from askpanel.contracts.envelope import Envelope, Recorded, encode, seal
from askpanel.contracts.subjects import PanelRef

GOLDEN = Path(__file__).parents[2] / "contracts" / "messages" / "golden"

TENANT = UUID("3f0c1a52-7d0e-4d0f-9a43-1c2d3e4f5a6b")
PANEL = PanelRef(TENANT, UUID("9b1e77d0-52a6-5c8f-8e21-0a1b2c3d4e5f"))
USER = UUID("5b8a1c3e-0000-4000-8000-00000000a001")
RESPONSE = UUID("5b8a1c3e-0000-5000-8000-00000000b001")
OTHER = UUID("5b8a1c3e-0000-5000-8000-00000000b002")
CHECKPOINT = UUID("5b8a1c3e-0000-5000-8000-00000000c001")
CAUSE = UUID("5b8a1c3e-0000-5000-8000-00000000e001")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LATER = AT + timedelta(minutes=15)

OPTION = blocks.Option(id="a", text="Submit now – “as is”")

CONTEXT = blocks.Context(
    blocks=(
        blocks.QuestionBlock(
            text="Should we submit in Q3?",
            options=(OPTION,),
            rank_options=True,
            dimensions=("risk",),
            ask_human=True,
        ),
        blocks.OwnAnswerBlock(
            text="Wait.", position="wait", stance="oppose", option="a", key_points=("data is thin",)
        ),
        blocks.PeerAnswerBlock(
            label="Expert B",
            text="Go.",
            position="go",
            stance="support",
            option="a",
            key_points=("window closes",),
            asked_about=True,
        ),
        blocks.ThemeBlock(label="Theme 1", text="Timing"),
        blocks.QuestionPutBlock(label="Question 1", text="What if it is refused?"),
        blocks.PropositionBlock(text="We submit in Q3."),
        blocks.OpponentTextBlock(label="Con 1", text="The evidence is thin."),
        blocks.DebateTextBlock(label="Pro 1", side="pro", text="The window closes."),
        blocks.ItemBlock(id="i1", text="Cost"),
        blocks.QuantityBlock(unit="EUR million", minimum=0.0, maximum=250.5),
        blocks.StatisticsBlock(
            item="i1",
            n=5,
            median=6.5,
            lower_quartile=5.0,
            upper_quartile=8.0,
            histogram=(0, 0, 0, 0, 1, 1, 1, 2, 0),
            own_rating=3,
            own_forecast=12.5,
            explain=True,
        ),
        blocks.HumanTextBlock(text="Legal has cleared it.", stance="support"),
        blocks.EvidenceBlock(id="E1", title="Trial summary", text="n = 214, p = 0.03"),
        blocks.ParentBlock(question="Should we run a trial?", recommendation="Yes", dissent=("too early",)),
        blocks.CustomPromptBlock(text="Think of small hospitals."),
        blocks.ResultBlock(
            recommendation="Submit",
            agreement_points=("window closes",),
            disagreement_points=("data",),
            dissenting_opinions=("too early",),
        ),
    )
)

ANSWER = answer.Answer(
    position="Submit with conditions",
    stance="conditional",
    option="a",
    ratings=(7, None, 3),
    ranking=("a", ("b", "c")),
    changed=True,
    cause="Expert B's point on the window",
    key_points=("the window closes", answer.KeyPoint(text="data is thin", dimension="risk")),
    conditions=("a second reader",),
    confidence=0.75,
    citations=("E1",),
    questions=("Who pays?",),
    forecast=answer.Forecast(value=12.5, low=8.0, high=20.25),
    judgement=answer.Judgement(
        strongest_pro="the window", strongest_con="the data", unresolved=("reimbursement",)
    ),
)

SAMPLES: tuple[events.Event, ...] = (
    events.PanelCreated(
        query="Should we submit in Q3? – „ja“ oder 否",
        panel_type="hybrid",
        agents=(
            events.Seat(
                agent_id="regulatory-affairs",
                name="Regulatory affairs",
                role="expert",
                weight=1.5,
                model="scripted:latency=0.2",
                version=3,
                shared=True,
                reason="knows the authority",
            ),
        ),
        configuration={"max_rounds": 2, "quantity": {"unit": "EUR"}, "dimensions": ["risk"]},
        options=(OPTION,),
        evidence=(events.Evidence(id="E1", title="Trial summary", text="n = 214"),),
        parent=events.Parent(
            panel_id=OTHER, query="Should we run a trial?", recommendation="Yes", dissent=("too early",)
        ),
        terms=events.Terms(
            estimate_usd=Decimal("0.5000"),
            prices=(
                events.ModelPrice(model="openai:own", input_usd=Decimal("2.50"), output_usd=Decimal(10)),
            ),
        ),
        user_id=USER,
        request_hash="9f86d081884c7d65",
    ),
    events.PanelStarted(
        protocol="hybrid", plan=events.Plan(rounds=2, seats=4, threshold=0.8, deadline_at=LATER)
    ),
    events.PanelCancelRequested(user_id=USER, reason="asked the wrong question"),
    events.PanelDeadlinePassed(purpose="human", round_number=1, checkpoint_id=CHECKPOINT, step="view"),
    events.PanelCompleted(
        rounds=2,
        consensus_level=0.82,
        recommendation="Submit with conditions",
        summary="The panel would submit.",
        stop_reason="human_approved",
        ratified_by=USER,
        degraded=("one expert missing",),
        cost_usd=Decimal("0.012300"),
        recorded_usd=Decimal("0.012300"),
        uncosted_calls=1,
        unpriced_calls=2,
        duration_ms=84_210,
    ),
    events.PanelFailed(reason="quorum_not_met", detail="2 of 5 experts answered, 3 were needed."),
    events.RoundStarted(
        round_number=1,
        purpose="opening",
        speakers=(0, 1, 2),
        deadline_at=LATER,
        steps=(events.StepDeadline(step="rebuttal", deadline_at=LATER),),
        panel_deadline_at=LATER,
    ),
    events.RoundCompleted(
        round_number=1,
        answered=(0, 1),
        missing=(2,),
        quorum=events.RoundQuorum(needed=2, answered=2, seats=3, met=True),
    ),
    events.ExpertRequested(
        round_number=1,
        step="opening",
        seat=0,
        purpose="opening",
        agent_id="regulatory-affairs",
        agent_name="Regulatory affairs",
        agent_version=3,
        agent_shared=True,
        role="expert",
        model="scripted",
        response_type="analysis",
        context=CONTEXT,
        attempt_limit=3,
        deadline_at=LATER,
        answers=(events.Answered(response_id=RESPONSE, seat=1),),
    ),
    events.ExpertStarted(
        round_number=1,
        step="opening",
        seat=0,
        purpose="opening",
        agent_id="regulatory-affairs",
        agent_name="Regulatory affairs",
        model="scripted",
        attempt=2,
        answers=(events.Answered(response_id=RESPONSE, seat=1),),
    ),
    events.ExpertResponded(
        round_number=1,
        step="opening",
        seat=0,
        purpose="opening",
        response_id=RESPONSE,
        agent_id="regulatory-affairs",
        agent_name="Regulatory affairs",
        role="expert",
        response_type="analysis",
        content='Submit, **if** a second reader agrees.\n\n"Quote" \u2028 end',
        answer=ANSWER,
        model="scripted",
        usage=events.TokenUsage(
            input_tokens=812, output_tokens=164, cache_read_tokens=512, cache_write_tokens=256
        ),
        execution_time_ms=2_310,
        attempt=2,
    ),
    events.ExpertFailed(
        round_number=1,
        step="opening",
        seat=0,
        purpose="opening",
        agent_id="regulatory-affairs",
        agent_name="Regulatory affairs",
        role="expert",
        model="scripted",
        attempt=1,
        reason="rate_limited",
        detail="429 from the provider",
        retryable=True,
        usage=events.TokenUsage(
            input_tokens=812, output_tokens=0, cache_read_tokens=512, cache_write_tokens=256
        ),
        execution_time_ms=120,
    ),
    events.ConsensusRequested(
        round_number=1,
        method="weighted",
        responses=(RESPONSE, OTHER),
        carried=(1,),
        missing=(2,),
        degraded=("one expert missing",),
        threshold=0.8,
    ),
    events.ConsensusCalculated(
        round_number=1,
        method="weighted",
        consensus_level=0.82,
        band="strong",
        threshold=0.8,
        agreement_points=(
            events.AgreementPoint(
                text="the window closes",
                supporters=("regulatory-affairs", "market-access"),
                quotes=(events.Quote(agent_id="market-access", response_id=OTHER, text="the window closes"),),
                n=2,
            ),
        ),
        disagreement_points=(
            events.DisagreementPoint(
                text="the data suffices",
                sides={"for": ("market-access",), "against": ("statistics",)},
                quotes=(events.Quote(agent_id="statistics", response_id=RESPONSE, text="n is too small"),),
            ),
        ),
        dissenting_opinions=(
            events.Dissent(
                agent_id="statistics",
                agent_name="Statistics",
                opinion="Wait",
                reasoning="n is too small",
                confidence=0.9,
            ),
        ),
        recommendation="Submit with conditions",
        alternatives=(
            events.Alternative(
                position="wait",
                text="Wait for the second trial",
                supporters=("statistics",),
                conditions=("funding holds",),
                confidence=0.4,
                confidence_stated=False,
            ),
        ),
        metrics={"percent_agreement": 0.8, "n_eff": 3.2, "changed": ["statistics"]},
        degraded=("one expert missing",),
        quorum=events.ConsensusQuorum(
            needed=3, answered=4, seats=5, models=2, met=True, reason="one was late"
        ),
        matrix=({"agent_id": "statistics", "option": "a", "weight": 1.0},),
        response_ids=(RESPONSE, OTHER),
        carried=(1,),
    ),
    events.HumanRequested(
        checkpoint_id=CHECKPOINT,
        round_number=1,
        kind="ratify",
        question="Do you approve?",
        actions=("answer", "approve", "modify", "veto"),
        deadline_at=LATER,
    ),
    events.HumanResponded(
        checkpoint_id=CHECKPOINT,
        response_id=RESPONSE,
        round_number=1,
        action="approve",
        content="Go ahead.",
        stance="support",
        option="a",
        user_id=USER,
        user_name="Ada",
    ),
    events.UsageRecorded(
        round_number=1,
        step="opening",
        seat=0,
        attempt=2,
        response_id=RESPONSE,
        user_id=USER,
        agent_id="regulatory-affairs",
        model="scripted",
        input_tokens=812,
        output_tokens=164,
        cache_read_tokens=512,
        cache_write_tokens=256,
        tokens_used=976,
        execution_time_ms=2_310,
        cost_usd=Decimal("0.004100"),
        unpriced=False,
        prices="2026-01-01",
        purpose="answer",
        step_purpose="opening",
    ),
    events.BudgetExceeded(scope="panel", limit_usd=Decimal("1.00"), spent_usd=Decimal("1.0213")),
)


def recorded(event: events.Event) -> Recorded:
    """The sample in an envelope with every attribute."""
    cause = Envelope(
        id=CAUSE,
        type="panel.created",
        version=1,
        source="/askpanel/gateway",
        panel=PANEL,
        time=AT,
        user_id=USER,
        correlation_id=PANEL.panel_id,
        traceparent=TRACE,
    )
    return seal(event, PANEL, time=AT, cause=cause)


def golden_file(event_type: str, version: int) -> Path:
    """Where the golden serialisation of a version lies."""
    return GOLDEN / f"{event_type}.v{version}.txt"


def to_golden(message: tuple[str, dict[str, str], bytes]) -> bytes:
    """Subject, a header a line, an empty line, the body: as on the wire, fit to be read."""
    subject, headers, body = message
    lines = [subject, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\n".join(lines).encode() + body


def from_golden(text: bytes) -> tuple[str, dict[str, str], bytes]:
    """Subject, headers and body of a golden file."""
    head, _, body = text.partition(b"\n\n")
    subject, *lines = head.decode().split("\n")
    return subject, dict(line.split(": ", 1) for line in lines), body


def main() -> None:
    """Write the goldens that are missing."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for event in SAMPLES:
        file = golden_file(event.TYPE, event.VERSION)
        if not file.exists():
            file.write_bytes(to_golden(encode(recorded(event))))


if __name__ == "__main__":
    main()
