"""The shipped experts are valid, many, distinct, and long enough to be somebody."""

from itertools import combinations

import pytest

from askpanel.contracts.catalogue import BUILT_IN as RESERVED
from askpanel.contracts.catalogue import Expert, catalogue_key, decode_expert, encode_expert
from askpanel.expert_runner.catalogue import (
    BUILT_IN,
    CatalogueError,
    load_bench_experts,
    load_catalogue,
    read_expert,
)


def test_there_are_at_least_24_experts_in_many_domains() -> None:
    experts = load_catalogue()
    assert len(experts) >= 24
    assert len({expert.domain for expert in experts}) >= 15
    assert len({expert.name for expert in experts}) == len(experts)


@pytest.mark.parametrize("expert", load_catalogue(), ids=lambda expert: expert.agent_id)
def test_an_expert_has_a_substantial_persona_and_words_to_be_found_by(expert: Expert) -> None:
    assert 120 <= len(expert.instructions.split()) <= 250
    assert len(expert.tags) >= 8
    assert not expert.bench


def test_no_two_personas_share_a_sentence() -> None:
    for one, other in combinations(load_catalogue(), 2):
        sentences = (
            {s.strip() for s in expert.instructions.split(".") if len(s) > 30} for expert in (one, other)
        )
        assert not set.intersection(*sentences), (one.agent_id, other.agent_id)


def test_the_twelve_bench_experts_come_in_seat_order_and_are_marked() -> None:
    bench = load_bench_experts()
    assert [expert.agent_id for expert in bench] == [f"expert-{seat}" for seat in range(12)]
    assert all(expert.bench for expert in bench)


def test_judge_moderator_and_chair_are_speakers_and_no_experts() -> None:
    assert set(BUILT_IN) == RESERVED
    assert not set(BUILT_IN) & {expert.agent_id for expert in load_catalogue()}


def test_an_expert_survives_the_key_value_store() -> None:
    for expert in load_catalogue():
        assert decode_expert(encode_expert(expert)) == expert
    assert catalogue_key("lawyer") == "global.lawyer"
    assert catalogue_key("lawyer", "t1") == "t1.lawyer"


VALID = load_catalogue()[0].model_dump(mode="json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"agent_id": "Not A Slug"}, "agent_id"),
        ({"version": 0}, "version"),
        ({"temperament": "angry"}, "temperament"),
        ({"instructions": "  "}, "instructions"),
        ({"colour": "red"}, "unknown field 'colour'"),
        ({"agent_id": "somebody-else"}, "its agent_id is 'somebody-else'"),
    ],
)
def test_a_data_file_that_is_no_expert_is_refused_with_its_name(
    change: dict[str, object], message: str
) -> None:
    name = VALID["agent_id"]
    with pytest.raises(CatalogueError, match=message) as error:
        read_expert(name, {**VALID, **change})
    assert str(error.value).startswith(name)
