"""The scripted model: same seed, same bytes; every failure of its plan as a typed failure."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, get_args

import pytest

from askpanel.contracts.blocks import ItemBlock, Option, OwnAnswerBlock, Purpose, QuantityBlock, QuestionBlock
from askpanel.contracts.events import TokenUsage
from askpanel.expert_runner.answers import parse
from askpanel.expert_runner.catalogue import load_bench_experts
from askpanel.expert_runner.models.performance import answer_text
from askpanel.expert_runner.models.port import Failure, Reply
from askpanel.expert_runner.models.script import Cue, FailureKind, Script, ScriptError, latency, parse_script
from askpanel.expert_runner.models.scripted import ScriptedModel, cue_of
from askpanel.expert_runner.prompts import HOSTED, Call, Prompt, build, speaker_of
from askpanel.expert_runner.shape import json_schema, shape_of
from tests.simulation.clock import VirtualLoop

T = TypeVar("T")
QUESTION = QuestionBlock(text="Should we?")
SEATS = load_bench_experts()


def prompt(seat: int = 0, round_number: int = 1, attempt: int = 1, panel: str = "p1") -> Prompt:
    purpose: Purpose = "opening" if round_number == 1 else "view"
    blocks = (QUESTION,) if round_number == 1 else (QUESTION, OwnAnswerBlock(text="before"))
    speaker = speaker_of(SEATS[seat])
    call = Call(panel, speaker.agent_id, round_number, "1", seat, purpose, attempt=attempt)
    return build(call, speaker, "analysis", blocks, HOSTED)


def in_virtual_time(play: Callable[[], Coroutine[Any, Any, T]]) -> tuple[T, float]:
    """What came of it, and the seconds it took; nobody waits for them."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(play()), runner.get_loop().time()


async def reply(script: str, asked: Prompt) -> Reply:
    outcome = await ScriptedModel(parse_script(script)).ask(asked)
    assert isinstance(outcome, Reply), outcome
    return outcome


async def stances(script: str, round_number: int = 1, panels: int = 25) -> list[str]:
    """The stances of 12 seats in some panels."""
    return [
        (await reply(script, prompt(seat, round_number, panel=f"p{panel}"))).answer.stance
        for panel in range(panels)
        for seat in range(12)
    ]


async def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    script = "scripted:stance=support:1/oppose:1"
    assert await reply(script, prompt()) == await reply(script, prompt())
    assert await stances(script) != await stances(script + ",seed=7")


async def test_by_default_all_support_in_different_words_with_shared_points() -> None:
    replies = [await reply("scripted", prompt(seat)) for seat in range(12)]
    answers = [one.answer for one in replies]
    assert {(answer.stance, answer.confidence) for answer in answers} == {("support", 0.8)}
    assert len({answer.position for answer in answers}) == 12, "equal answers would count as clones"
    assert all(len(answer.key_points) == 3 for answer in answers)
    shared = [
        point for point in answers[0].key_points if all(point in answer.key_points for answer in answers)
    ]
    assert len(shared) == 2
    assert len({answer.key_points for answer in answers}) > 1
    assert all(len(one.content.split()) == 120 for one in replies)
    assert all("Scripted answer" in one.content for one in replies)


async def test_stances_follow_their_distribution_and_single_experts_may_be_set() -> None:
    found = await stances("scripted:stance=support:0.7/oppose:0.3,stance.expert-3=abstain")
    assert found[3::12] == ["abstain"] * 25
    rest = [stance for at, stance in enumerate(found) if at % 12 != 3]
    assert 0.6 < rest.count("support") / len(rest) < 0.8


async def test_opinions_change_only_when_asked_to_only_later_and_only_towards_the_lead() -> None:
    steady, moving = (
        "scripted:stance=support:0.6/oppose:0.4",
        "scripted:stance=support:0.6/oppose:0.4,change=1",
    )
    assert await stances(steady, 1) == await stances(steady, 2) == await stances(moving, 1)
    assert set(await stances(moving, 2)) == {"support"}
    changed = [await reply(moving, prompt(seat, 2)) for seat in range(12)]
    assert any(one.answer.changed and one.answer.cause for one in changed)


async def test_rules_narrow_to_expert_round_and_attempt_and_the_last_match_wins() -> None:
    script = parse_script("scripted:fail=500,fail.expert-1=none,fail.expert-1#2@1=429")
    at = {
        (agent, round_number, attempt): script.failure(Cue("p", agent, round_number, attempt=attempt))
        for agent in ("expert-0", "expert-1")
        for round_number in (1, 2)
        for attempt in (1, 2)
    }
    assert {key for key, kind in at.items() if key[0] == "expert-0" and kind == "500"} == {
        ("expert-0", 1, 1), ("expert-0", 1, 2), ("expert-0", 2, 1), ("expert-0", 2, 2)
    }  # fmt: skip
    assert {key: kind for key, kind in at.items() if key[0] == "expert-1" and kind} == {
        ("expert-1", 2, 1): "429"
    }


def test_failures_come_at_their_rate() -> None:
    script = parse_script("scripted:fail=429:0.2/500:0.1")
    kinds = [script.failure(Cue(f"p{at}", "expert-0")) for at in range(2000)]
    assert abs(kinds.count("429") / 2000 - 0.2) < 0.03
    assert abs(kinds.count("500") / 2000 - 0.1) < 0.03


REASONS: dict[FailureKind, str] = {
    "429": "rate_limited",
    "500": "provider_error",
    "529": "provider_error",
    "401": "misconfigured",
    "404": "misconfigured",
    "connect": "network",
    "hang": "timeout",
    "stall": "timeout",
    "drip": "timeout",
    "cut": "bad_output",
    "empty": "bad_output",
    "html": "bad_output",
    "text": "bad_output",
    "schema": "bad_output",
    "huge": "bad_output",
    "length": "truncated",
    "refusal": "refused",
}


@pytest.mark.parametrize("kind", get_args(FailureKind))
async def test_every_failure_of_the_plan_has_its_reason(kind: FailureKind) -> None:
    outcome = await ScriptedModel(parse_script(f"scripted:fail={kind},retry_after=3")).ask(
        prompt(), seconds=0.05
    )
    assert isinstance(outcome, Failure)
    assert outcome.reason == REASONS[kind]
    assert outcome.retry_after == (3 if kind == "429" else None)


async def test_usage_is_counted_or_fixed_or_not_reported() -> None:
    assert (await reply("scripted:usage=700/250", prompt())).usage == TokenUsage(
        input_tokens=700, output_tokens=250
    )
    assert (await reply("scripted:usage=none", prompt())).usage is None
    counted = (await reply("scripted", prompt())).usage
    assert counted is not None
    assert counted.output_tokens > 120


def test_latency_is_fixed_or_varies_around_its_mean() -> None:
    cues = [Cue(f"p{at}", "expert-0") for at in range(3000)]
    assert {latency(parse_script("scripted:latency=0.2"), cue) for cue in cues} == {0.2}
    varied = [latency(parse_script("scripted:latency=0.2,spread=0.5"), cue) for cue in cues]
    assert 0.1 <= min(varied) < 0.11 < 0.29 < max(varied) <= 0.3
    skewed = [latency(parse_script("scripted:latency=0.2,spread=exp"), cue) for cue in cues]
    assert 0.18 < sum(skewed) / len(skewed) < 0.22
    assert max(skewed) > 0.8


def test_deltas_add_up_to_the_content_and_come_at_the_wished_speed() -> None:
    script, pieces = parse_script("scripted:words=40,tps=400"), list[tuple[float, str]]()

    async def hear(text: str) -> None:
        pieces.append((asyncio.get_running_loop().time(), text))

    async def play() -> Reply | Failure:
        return await ScriptedModel(script).ask(prompt(), on_delta=hear)

    outcome, seconds = in_virtual_time(play)
    assert isinstance(outcome, Reply)
    assert "".join(text for _, text in pieces) == outcome.content
    words = len(answer_text(script, cue_of(prompt()), json_schema(prompt().shape)).split())
    sent = words // 4
    assert words / 400 <= seconds <= (words + sent) / 400, "a word that is cut in two counts twice"
    times = [at for at, _ in pieces]
    assert len(set(times)) == len(times) > 5, "never two at once"


def test_many_calls_at_once_wait_for_their_latency_together() -> None:
    model = ScriptedModel(parse_script("scripted:latency=0.2"))

    async def play() -> list[Reply | Failure]:
        return await asyncio.gather(*(model.ask(prompt(n % 12, panel=f"p{n}")) for n in range(100)))

    outcomes, seconds = in_virtual_time(play)
    assert all(isinstance(outcome, Reply) for outcome in outcomes)
    assert seconds == pytest.approx(0.2)


@pytest.mark.parametrize("purpose", get_args(Purpose))
def test_it_answers_every_purpose_with_options_ratings_and_forecasts(purpose: Purpose) -> None:
    cue, script = Cue("p", "expert-1"), Script()
    options = QuestionBlock(
        text="?", options=(Option(id="a", text="A"), Option(id="b", text="B")), rank_options=True
    )
    items = tuple(ItemBlock(id=f"i{at}", text="…") for at in range(3))
    for blocks in ((QUESTION,), (options,), (QUESTION, *items), (QUESTION, QuantityBlock(unit="months"))):
        shape = shape_of("expert", purpose, blocks)
        answer = parse(answer_text(script, cue, json_schema(shape)), shape).answer
        assert not shape.options or answer.option == "a"
        assert not shape.items or (
            answer.ratings is not None and all(6 <= (r or 0) <= 8 for r in answer.ratings)
        )


@pytest.mark.parametrize(
    "text",
    [
        "script",
        "scripted:latency",
        "scripted:latency=-1",
        "scripted:latency=nan",
        "scripted:speed=3",
        "scripted:stance=yes",
        "scripted:stance=support:x",
        "scripted:stance=support:-1",
        "scripted:fail=boom",
        "scripted:points=9",
        "scripted:words=0",
        "scripted:confidence=2",
        "scripted:usage=many",
        "scripted:spread=wide",
        "scripted:stance.Expert=support",
        "scripted:fail@one=500",
    ],
)
def test_a_script_with_a_mistake_is_refused(text: str) -> None:
    with pytest.raises(ScriptError):
        parse_script(text)


async def test_a_record_has_one_line_for_each_call_also_for_one_that_fails(tmp_path: Path) -> None:
    record = tmp_path / "calls.jsonl"
    model = ScriptedModel(parse_script(f"scripted:fail@1=500,record={record}"))
    asked = prompt()
    secret = replace(asked, user=f"{asked.user} canary-acme-1 and canary-acme-1.")
    assert isinstance(await model.ask(secret), Failure)
    assert isinstance(await model.ask(prompt(attempt=2)), Reply)
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert [(line["agent_id"], line["attempt"]) for line in lines] == [("expert-0", 1), ("expert-0", 2)]
    assert [line["canaries"] for line in lines] == [["canary-acme-1"], []]
