"""The guard: opposites never merge, paraphrases are left alone."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from askpanel.consensus.bench.table import EXPLICIT
from askpanel.consensus.keypoints.clustering import Item, cluster
from askpanel.consensus.keypoints.likeness import likeness
from askpanel.consensus.keypoints.negation import contradicts

OWN = Path(__file__).parent / "data" / "opposites_and_paraphrases.csv"
PUBLIC = (
    next(
        (up for up in Path(__file__).resolve().parents if (up / "requirements.lock").is_file()), Path("/")
    ).parent
    / "shared/data/negation/pairs.csv"
)


def pairs(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def merged(first: str, second: str) -> bool:
    """Would the service put two points of one side into one cluster?"""
    items = [Item(first, 0, "support"), Item(second, 1, "support")]
    return len(cluster(items, likeness([first, second]))) == 1


OPPOSITES = [row for row in pairs(OWN) if row["relation"] == "opposite"]
PARAPHRASES = [row for row in pairs(OWN) if row["relation"] == "same"]


def test_the_sets_are_as_large_as_promised() -> None:
    assert len(OPPOSITES) >= 60
    assert len(PARAPHRASES) >= 60


@pytest.mark.parametrize("row", OPPOSITES, ids=lambda row: f"{row['id']}-{row['kind']}")
def test_opposites_never_share_a_cluster(row: dict[str, str]) -> None:
    assert not merged(row["text_a"], row["text_b"])
    assert contradicts(row["text_b"], row["text_a"])


def test_at_least_four_in_five_paraphrases_stay_together() -> None:
    apart = [row["text_a"] for row in PARAPHRASES if contradicts(row["text_a"], row["text_b"])]
    together = sum(merged(row["text_a"], row["text_b"]) for row in PARAPHRASES)
    assert len(apart) <= 1, apart
    assert together >= 0.8 * len(PARAPHRASES)


@pytest.mark.skipif(not PUBLIC.is_file(), reason=f"there is no {PUBLIC}: public data, beside the repository")
def test_on_the_public_pairs_every_explicit_negation_is_kept_apart() -> None:
    rows = pairs(PUBLIC)
    found = {row["id"]: contradicts(row["text_a"], row["text_b"]) for row in rows}
    explicit = [row for row in rows if row["relation"] == "opposite" and row["kind"] in EXPLICIT]
    assert len(explicit) == 20
    assert all(found[row["id"]] for row in explicit)
    assert sum(found[row["id"]] for row in rows if row["relation"] == "opposite") >= 30
    assert sum(not found[row["id"]] for row in rows if row["relation"] == "same") >= 16


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Prices will rise.", "The weather will not be good."),
        ("", ""),
        ("Vegetarians die at the same rate as meat eaters.", "Vegetarians do not live longer."),
        ("Newspapers are more credible than bloggers.", "Bloggers lack the credibility of newspapers."),
    ],
)
def test_texts_about_different_things_or_in_other_words_are_not_judged(first: str, second: str) -> None:
    assert not contradicts(first, second)
