"""The table of `bench all`: every figure on dev with its interval, references and floors beside it."""

from __future__ import annotations

import importlib.util
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from askpanel.consensus.ballots import Answer, Point
from askpanel.consensus.bench import predict
from askpanel.consensus.bench.datasets import KpaGroup, claims, kpa_groups, kpa_labels, rows
from askpanel.consensus.compute import Request, compute
from askpanel.consensus.keypoints.embeddings import EmbeddingsUnavailable, MiniLM, load
from askpanel.consensus.keypoints.likeness import CUT_ACROSS, CUT_INSIDE, MINILM, TFIDF
from askpanel.consensus.keypoints.matching import match, shipped
from askpanel.consensus.keypoints.normalise import normalise
from askpanel.consensus.keypoints.vectors import tfidf
from askpanel.consensus.train import examples, fit, word_counts

T = TypeVar("T")

FOLDS = 7

RUNS = 15

EVERY_TEXT = 20_000
"""The folds read every text again: remember them all (about 300 MB)."""
EXPLICIT = frozenset(
    [
        "not",
        "contraction",
        "never",
        "no",
        "none",
        "nor",
        "neither",
        "without",
        "no_longer",
        "fail",
        "avoid",
        "against",
        "lack",
        "stop",
    ]
)
RANKING = ("plain_strict", "plain_relaxed", "head_strict", "head_relaxed")

FLOORS: dict[tuple[str, str], float] = {
    ("kpa tfidf", "plain_strict"): 0.74, ("kpa tfidf", "plain_relaxed"): 0.86,
    ("kpa tfidf", "head_strict"): 0.49, ("kpa tfidf", "head_relaxed"): 0.70,
    ("kpa tfidf+minilm", "plain_strict"): 0.77, ("kpa tfidf+minilm", "plain_relaxed"): 0.90,
    ("kpa tfidf+minilm", "head_strict"): 0.57, ("kpa tfidf+minilm", "head_relaxed"): 0.78,
    ("same point tfidf", "same_stance"): 0.67, ("same point tfidf", "same_stance unseen"): 0.67,
    ("same point tfidf", "all"): 0.58, ("same point tfidf", "all unseen"): 0.58,
    ("same point tfidf+minilm", "same_stance"): 0.67, ("same point tfidf+minilm", "same_stance unseen"): 0.67,
    ("same point tfidf+minilm", "all"): 0.63, ("same point tfidf+minilm", "all unseen"): 0.63,
    ("negation", "explicit apart"): 1.0, ("negation", "opposite apart"): 30 / 34,
    ("negation", "same left alone"): 16 / 18,
}  # fmt: skip
"""The dev columns of the targets; figures are compared after rounding to 3 decimals."""


@dataclass(slots=True)
class Table:
    """Collects what falls below its floor while lines are printed."""

    below: list[str] = field(default_factory=list[str])

    def figure(self, section: str, name: str, value: float, interval: Sequence[float] = ()) -> str:
        floor = FLOORS.get((section, name))
        if floor is not None and round(value, 3) < round(floor, 3):
            self.below.append(f"{section} {name}: {value:.3f} is below {floor:.3f}")
        span = f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
        mark = "" if floor is None else f" (floor {floor:.2f})"
        return f"{name} {value:.3f}{span}{mark}"


def report(data: Path, fast: bool) -> int:
    """Print the table; 0 when every floor holds or the data are absent, 1 otherwise."""
    if not (data / "kpa_2021" / "dev").is_dir():
        print(f"skipped: no labelled data in {data}")
        return 0
    models: list[MiniLM | None] = [None]
    if not fast:
        try:
            models.append(load(kept=EVERY_TEXT))
        except EmbeddingsUnavailable as error:
            print(f"embeddings skipped: {error}")
    table = Table()
    print(
        "Consensus quality, dev splits; [95 % bootstrap interval]. Data: KPA-2021 2f5e2d5, Perspectrum v1.0."
    )
    print(f"Matcher version 1; cuts inside {CUT_INSIDE}, across {CUT_ACROSS}.")
    for split in ("dev", "test"):
        if (data / "kpa_2021" / split).is_dir():
            _kpa(table, data, split, models)
    if not fast:
        _seven_fold(data, models)
    _same_point(table, data, models)
    _negation(table, data / "negation" / "pairs.csv")
    _time()
    for line in table.below:
        print(f"BELOW FLOOR: {line}")
    return 1 if table.below else 0


def _scorer(data: Path, name: str) -> ModuleType:
    """The data's own scorer, loaded from its file."""
    spec = importlib.util.spec_from_file_location(name, data / f"{name}.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"{data}: no {name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _backend(model: MiniLM | None) -> str:
    return TFIDF if model is None else MINILM


def _kpa(table: Table, data: Path, split: str, models: Sequence[MiniLM | None]) -> None:
    scorer = _scorer(data, "score_kpa")
    folder = data / "kpa_2021" / split
    gold, groups = scorer.load_split(folder, None), kpa_groups(folder)
    print(f"\nKPA-2021 {split}: key point matching, macro over {len(groups)} groups")
    for name, scores in (("random", _random(groups)), ("TF-IDF cosine", _cosine(groups))):
        _kpa_lines(table, name, scorer.evaluate(gold, scores, None), "")
    for model in models:
        threshold = shipped().weights(model is not None).threshold
        result = scorer.evaluate(gold, predict.kpa(groups, model), threshold)
        _kpa_lines(
            table, f"matcher {_backend(model)}", result, f"kpa {_backend(model)}" if split == "dev" else ""
        )
        for group, line in result["groups"].items():
            ranks = "/".join(f"{line[key]:.3f}" for key in RANKING)
            print(
                f"      {group[:70]:<70} {ranks}  P/R/F1 {line['precision']:.2f}/{line['recall']:.2f}/{line['f1']:.2f}"
            )
    print("  reference, held-out split: leaderboard best .913/.967 plain, .754/.902 head (RoBERTa)")


def _kpa_lines(table: Table, name: str, result: dict[str, Any], section: str) -> None:
    overall, spans = result["overall"], result["interval95"]
    line = "; ".join(table.figure(section, key, overall[key], spans[key]) for key in RANKING)
    print(f"  {name}: {line}")
    decision = "/".join(f"{overall[f'micro_{key}']:.3f}" for key in ("precision", "recall", "f1"))
    print(f"    micro P/R/F1 {decision} at threshold {result['threshold']:.3f}")


def _random(groups: Sequence[KpaGroup]) -> predict.KpaScores:
    draw = random.Random(0)  # noqa: S311 - a baseline, not a secret
    return {
        arg: {kp: draw.random() for kp, _ in group.points} for group in groups for arg, _ in group.arguments
    }


def _cosine(groups: Sequence[KpaGroup]) -> predict.KpaScores:
    scores: predict.KpaScores = {}
    for group in groups:
        texts = tfidf([normalise(text) for _, text in (*group.arguments, *group.points)])
        table = texts[: len(group.arguments)] @ texts[len(group.arguments) :].T
        for (arg, _), row in zip(group.arguments, table, strict=True):
            scores[arg] = {kp: float(value) for (kp, _), value in zip(group.points, row, strict=True)}
    return scores


def _seven_fold(data: Path, models: Sequence[MiniLM | None]) -> None:
    """Split train + dev by topic into seven folds; word counts and weights are learned anew in each."""
    scorer = _scorer(data, "score_kpa")
    groups: list[KpaGroup] = []
    labels: dict[tuple[str, str], int] = {}
    for split in ("train", "dev"):
        folder = data / "kpa_2021" / split
        groups += [_prefixed(group, split) for group in kpa_groups(folder)]
        labels |= {(f"{split}:{arg}", f"{split}:{kp}"): y for (arg, kp), y in kpa_labels(folder).items()}
    topics = sorted({group.topic for group in groups})
    order = np.random.default_rng(0).permutation(len(topics))
    fold: dict[str, int] = {topics[int(place)]: number % FOLDS for number, place in enumerate(order)}
    print(f"\nKPA-2021 train + dev, {FOLDS} folds by topic, mean ± standard deviation over folds")
    for model in models:
        values = [_fold_figures(scorer, groups, labels, fold, number, model) for number in range(FOLDS)]
        mean, spread = np.mean(values, axis=0), np.std(values, axis=0, ddof=1)
        line = "; ".join(f"{k} {m:.3f} ± {s:.3f}" for k, m, s in zip(RANKING, mean, spread, strict=True))
        print(f"  matcher {_backend(model)}: {line}")
    print("  reference: Phan et al., ArgMining 2021, strict .840 ± .071")


def _prefixed(group: KpaGroup, split: str) -> KpaGroup:
    return KpaGroup(
        group.topic,
        group.stance,
        tuple((f"{split}:{number}", text) for number, text in group.arguments),
        tuple((f"{split}:{number}", text) for number, text in group.points),
    )


def _fold_figures(
    scorer: ModuleType,
    groups: Sequence[KpaGroup],
    labels: dict[tuple[str, str], int],
    fold: dict[str, int],
    number: int,
    model: MiniLM | None,
) -> list[float]:
    learn = [group for group in groups if fold[group.topic] != number]
    held = [group for group in groups if fold[group.topic] == number]
    documents, frequency = word_counts(learn)
    learned = fit(examples(learn, labels, documents, frequency, model))
    scores: predict.KpaScores = {}
    for group in held:
        one = learned.scores(examples([group], labels, documents, frequency, model).x)
        pairs = iter(one.tolist())
        for arg, _ in group.arguments:
            scores[arg] = {kp: next(pairs) for kp, _ in group.points}
    gold = scorer.Split(
        arguments={arg: (group.topic, group.stance) for group in held for arg, _ in group.arguments},
        points={(group.topic, group.stance): [kp for kp, _ in group.points] for group in held},
        labels=labels,
    )
    overall = scorer.evaluate(gold, scores, 0.5, resamples=2)["overall"]
    return [overall[key] for key in RANKING]


def _same_point(table: Table, data: Path, models: Sequence[MiniLM | None]) -> None:
    scorer = _scorer(data, "score_perspectrum")
    folder = data / "perspectrum"
    gold, found = scorer.load_claims(folder, "dev"), claims(folder, "dev")
    print(f"\nPerspectrum dev: same point, {len(found)} claims, clusters of the service with its guard")
    for model in models:
        result = scorer.evaluate(gold, predict.perspectrum(found, model), 0.5)
        section = f"same point {_backend(model)}"
        for name, row in result["T3"].items():
            micro = table.figure(section, name, row["micro_f1"][0], row["micro_f1"][1:])
            macro = row["macro_f1"]
            print(
                f"  {_backend(model)} micro F1 {micro}; P/R {row['micro_precision'][0]:.3f}/{row['micro_recall'][0]:.3f};"
                f" macro F1 {macro[0]:.3f} [{macro[1]:.3f}, {macro[2]:.3f}]"
            )
        if model is None:
            for name, row in result["T2"].items():
                print(f"  stance {name}: F1 {row['f1_support'][0]:.3f}, answered {row['answered'][0]:.3f}")


def _negation(table: Table, pairs: Path) -> None:
    apart = dict(predict.kept_apart(pairs))
    gold = rows(pairs)
    print("\nNegation guard on negation/pairs.csv")
    wanted = {
        "explicit apart": [row for row in gold if row["relation"] == "opposite" and row["kind"] in EXPLICIT],
        "opposite apart": [row for row in gold if row["relation"] == "opposite"],
        "same left alone": [row for row in gold if row["relation"] == "same"],
    }
    for name, group in wanted.items():
        right = sum(apart[row["id"]] is (row["relation"] == "opposite") for row in group)
        print(f"  {table.figure('negation', name, right / len(group))}: {right} of {len(group)}")
    wrong = [row["kind"] for row in gold if apart[row["id"]] is not (row["relation"] == "opposite")]
    print(f"  kinds with an error: {', '.join(sorted(wrong)) or 'none'}")


def _time() -> None:
    """Panels of 5 x 5 and of 12 x 12 points and one call of the matcher, one thread, without embeddings."""
    print(f"\nTime without embeddings, one thread; best (median) of {RUNS} runs, each on another text")
    for size, wanted in ((5, " (target: CPU below 50)"), (12, "")):
        panels = [_panel(size, run) for run in range(RUNS)]
        print(f"  {size} experts x {size} points: {_timed(compute, panels)}{wanted}")
    sentences = [
        [f"Sentence {n} of run {run} says that option {n % 5} costs less than the others." for n in range(50)]
        for run in range(RUNS)
    ]
    print(f"  50 sentences x 25 points matched: {_timed(lambda said: match(said, said[:25]), sentences)}")


def _timed(run: Callable[[T], object], inputs: Sequence[T]) -> str:
    """Processor time and wall time in ms. Another process takes wall time away, hardly processor time."""
    cpu: list[float] = []
    wall: list[float] = []
    for one in inputs:
        started = time.process_time(), time.perf_counter()
        run(one)
        cpu.append((time.process_time() - started[0]) * 1000)
        wall.append((time.perf_counter() - started[1]) * 1000)
    return "; ".join(
        f"{name} {min(times):.0f} ({median(times):.0f}) ms" for name, times in (("CPU", cpu), ("wall", wall))
    )


def _panel(size: int, run: int) -> Request:
    words = [
        "price",
        "launch",
        "audit",
        "clinic",
        "budget",
        "patient",
        "risk",
        "vendor",
        "data",
        "staff",
        "market",
        "trial",
        "region",
        "cost",
        "plan",
    ]
    draw = random.Random(run)  # noqa: S311 - test load, not a secret
    answers = tuple(
        Answer(
            f"r{seat}", seat, f"a{seat}", f"Expert {seat}", model=f"m{seat}",
            stance=draw.choice(["support", "oppose", "conditional"]), position=" ".join(draw.choices(words, k=12)),
            key_points=tuple(Point(" ".join(draw.choices(words, k=14))) for _ in range(size)),
        )
        for seat in range(size)
    )  # fmt: skip
    return Request("structured", "quantum", 0.7, 1, answers)
