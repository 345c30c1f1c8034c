"""Predictions of the service's own functions, in the form the scorers read."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from askpanel.consensus.bench.datasets import Claim, KpaGroup, rows
from askpanel.consensus.keypoints.clustering import Item, cluster
from askpanel.consensus.keypoints.embeddings import MiniLM
from askpanel.consensus.keypoints.likeness import likeness
from askpanel.consensus.keypoints.matching import match
from askpanel.consensus.keypoints.negation import contradicts

KpaScores = dict[str, dict[str, float]]
Pairs = dict[str, list[tuple[int, int, int]]]


def kpa(groups: Sequence[KpaGroup], model: MiniLM | None) -> KpaScores:
    """{arg_id: {key_point_id: score}}; one call of `match` per topic and stance."""
    scores: KpaScores = {}
    for group in groups:
        said, points = [text for _, text in group.arguments], [text for _, text in group.points]
        table = match(said, points, group.topic, model)
        for (arg, _), row in zip(group.arguments, table, strict=True):
            scores[arg] = {kp: float(value) for (kp, _), value in zip(group.points, row, strict=True)}
    return scores


def same_point(found: Sequence[Claim], model: MiniLM | None, use_stance: bool) -> Pairs:
    """{claim: [[a, b, 1], ...]} of the pairs that `cluster` puts together; sides from gold stances or none."""
    together: Pairs = {}
    for claim in found:
        items = [
            Item(text, number, claim.stance[pid] if use_stance else None)
            for number, (pid, text) in enumerate(claim.perspectives)
        ]
        groups = cluster(items, likeness([item.text for item in items], model))
        ids = [pid for pid, _ in claim.perspectives]
        together[claim.id] = [
            (ids[one], ids[two], 1)
            for group in groups
            for one in group.rows
            for two in group.rows
            if one < two
        ]
    return together


def perspectrum(found: Sequence[Claim], model: MiniLM | None) -> dict[str, object]:
    """All three parts. Stance from text is always UNKNOWN: no model of ours has earned more."""
    return {
        "same_point": same_point(found, model, use_stance=False),
        "same_point_within_stance": same_point(found, model, use_stance=True),
        "stance": {claim.id: {str(pid): "UNKNOWN" for pid, _ in claim.perspectives} for claim in found},
    }


def kept_apart(pairs: Path) -> list[tuple[str, bool]]:
    """(id, does the guard keep the pair apart) for each row of a pairs file."""
    return [(row["id"], contradicts(row["text_a"], row["text_b"])) for row in rows(pairs)]


def write_kept_apart(found: Sequence[tuple[str, bool]], out: Path) -> None:
    """id,kept_apart with 1 or 0."""
    with out.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["id", "kept_apart"])
        writer.writerows([number, int(apart)] for number, apart in found)
