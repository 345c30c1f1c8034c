"""From prose to points, and the optional embeddings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from askpanel.consensus.ballots import Answer, Point
from askpanel.consensus.bench.__main__ import main
from askpanel.consensus.compute import Request, compute
from askpanel.consensus.keypoints.embeddings import EmbeddingsUnavailable, MiniLM, load
from askpanel.consensus.keypoints.matching import match, sentences, shipped
from askpanel.consensus.result import Result
from askpanel.consensus.train import Examples, fit, thresholds

SENTENCES = (
    "Uniforms save parents a lot of money because children wear the same clothes every day.",
    "Children who wear a uniform are bullied less for what they wear.",
    "I had soup for lunch.",
)
POINTS = ("Uniforms save parents money", "Uniforms reduce bullying of children")


def model() -> MiniLM:
    try:
        return load()
    except EmbeddingsUnavailable as error:
        pytest.skip(f"the embeddings extra is not installed: {error}")


def test_a_sentence_scores_highest_on_the_point_it_makes() -> None:
    scores = match(SENTENCES, POINTS)
    assert scores[0].argmax() == 0
    assert scores[1].argmax() == 1
    assert scores[2].max() < min(scores[0].max(), scores[1].max())
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize(
    ("said", "points"), [((), POINTS), (SENTENCES, ()), (("One.",), ("One.",)), (("",), ("",))]
)
def test_matching_has_a_finite_value_at_every_edge(said: tuple[str, ...], points: tuple[str, ...]) -> None:
    scores = match(said, points)
    assert scores.shape == (len(said), len(points))
    assert np.isfinite(scores).all()


def test_sentences_are_verbatim_slices() -> None:
    text = "First point.  Second, with 3.5 percent!\n\n- Third one"
    assert sentences(text) == ("First point.", "Second, with 3.5 percent!", "- Third one")
    assert all(sentence in text for sentence in sentences(text))


def test_the_shipped_matcher_has_a_stricter_threshold_for_support() -> None:
    for weights in (shipped().lexical, shipped().semantic):
        assert 0 < weights.threshold < weights.precise < 1
        assert np.isfinite(weights.weight).all()


def test_training_recovers_a_separating_weight_and_the_thresholds_a_known_ranking() -> None:
    x = np.linspace(-1, 1, 200)[:, None]
    learned = fit(Examples(("x",), x, (x[:, 0] > 0).astype(np.int64)), ridge=1.0)
    assert learned.weight[0] > 0
    assert learned.scores(np.array([[1.0]]))[0] > 0.9
    best, precise = thresholds(np.array([0.9, 0.8, 0.7, 0.1]), np.array([1, 1, 0, 0]))
    assert (best, precise) == (0.8, 0.8)


def test_one_texts_embedding_does_not_depend_on_the_others() -> None:
    minilm = model()
    together = minilm(["A short text.", "Another, much longer text about something else entirely."])
    alone = load()(["A short text."])
    assert np.array_equal(together[0], alone[0])
    assert np.linalg.norm(together, axis=1) == pytest.approx(1.0)


def test_embeddings_change_the_backend_and_not_the_vote() -> None:
    answers = tuple(
        Answer(
            f"r{n}", n, f"a{n}", f"E{n}", model=f"m{n}", stance="support", key_points=(Point(POINTS[n % 2]),)
        )
        for n in range(3)
    )
    request = Request("structured", "majority", 0.7, 1, answers, embeddings=True)
    result = compute(request, model())
    assert result.metrics.backend == "tfidf+minilm"
    assert result.degraded == ()
    assert result.consensus_level == compute(request).consensus_level


@pytest.mark.parametrize("opposed", [set[int](), {2, 3}])
def test_prose_adds_a_supporter_with_its_sentence_and_moves_no_vote(opposed: set[int]) -> None:
    point = "Uniforms save parents money on clothes"
    other = ("Tax the rich", "Build more trains", "Teach chess in school")

    def ask(prose: str) -> Result:
        answers = tuple(
            Answer(
                f"r{n}", n, f"a{n}", f"E{n}", model=f"m{n}", stance="oppose" if n in opposed else "support",
                position=f"Yes {n}", key_points=(Point(point if n < 3 else other[n - 3]),),
                content=prose if n == 3 else "",
            )
            for n in range(6)
        )  # fmt: skip
        return compute(Request("structured", "majority", 0.7, 1, answers))

    sentence = "School uniforms save parents money on clothes."
    with_prose, without = ask(f"I say this. {sentence}"), ask("")
    assert with_prose.consensus_level == without.consensus_level
    (agreed,) = with_prose.agreement_points
    assert agreed.supporters == ("a0", "a1", "a2", "a3")
    assert [quote.text for quote in agreed.quotes if quote.agent_id == "a3"] == [sentence]
    assert without.agreement_points[0].supporters == ("a0", "a1", "a2")


def test_bench_writes_what_the_scorers_read(tmp_path: Path) -> None:
    (tmp_path / "arguments_x.csv").write_text(
        "arg_id,argument,topic,stance\n"
        + "".join(f'a{n},"{text}",Uniforms,1\n' for n, text in enumerate(SENTENCES)),
        encoding="utf-8",
    )
    (tmp_path / "key_points_x.csv").write_text(
        "key_point_id,key_point,topic,stance\n"
        + "".join(f"k{n},{text},Uniforms,1\n" for n, text in enumerate(POINTS)),
        encoding="utf-8",
    )
    out = tmp_path / "out.json"
    assert main(["kpa", str(tmp_path), str(out)]) == 0
    scores = json.loads(out.read_text(encoding="utf-8"))
    assert set(scores) == {"a0", "a1", "a2"}
    assert set(scores["a0"]) == {"k0", "k1"}

    pairs, table = tmp_path / "pairs.csv", tmp_path / "apart.csv"
    pairs.write_text(
        "id,kind,relation,text_a,text_b\n1,not,opposite,Do it now.,Do not do it now.\n", encoding="utf-8"
    )
    assert main(["negation", str(pairs), str(table)]) == 0
    assert table.read_text(encoding="utf-8") == "id,kept_apart\n1,1\n"


def test_bench_all_skips_with_one_line_without_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["all", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"skipped: no labelled data in {tmp_path}\n"
