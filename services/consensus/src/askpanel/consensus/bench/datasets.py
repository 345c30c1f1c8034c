"""Readers of the public data sets. They never look at labels unless asked for them."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

Group = tuple[str, int]


@dataclass(frozen=True, slots=True)
class KpaGroup:
    """The arguments and key points of one topic and stance, in file order: (id, text)."""

    topic: str
    stance: int
    arguments: tuple[tuple[str, str], ...]
    points: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of Perspectrum: its perspectives (id, text) by id, and their gold stances."""

    id: str
    text: str
    perspectives: tuple[tuple[int, str], ...]
    stance: dict[int, str]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise SystemExit(f"{folder}: expected one {pattern}, found {len(found)}")
    return found[0]


def kpa_groups(folder: Path) -> list[KpaGroup]:
    """All groups of the one split in the folder, from arguments_*.csv and key_points_*.csv."""
    arguments: dict[Group, list[tuple[str, str]]] = {}
    points: dict[Group, list[tuple[str, str]]] = {}
    for row in rows(_only(folder, "arguments_*.csv")):
        arguments.setdefault((row["topic"], int(row["stance"])), []).append((row["arg_id"], row["argument"]))
    for row in rows(_only(folder, "key_points_*.csv")):
        points.setdefault((row["topic"], int(row["stance"])), []).append(
            (row["key_point_id"], row["key_point"])
        )
    return [
        KpaGroup(group[0], group[1], tuple(said), tuple(points.get(group, ())))
        for group, said in arguments.items()
    ]


def kpa_labels(folder: Path) -> dict[tuple[str, str], int]:
    """(arg_id, key_point_id) -> 1 or 0; undecided pairs are absent. For training and thresholds only."""
    found = rows(_only(folder, "labels_*.csv"))
    return {(row["arg_id"], row["key_point_id"]): int(row["label"]) for row in found}


def claims(folder: Path, split: str) -> list[Claim]:
    """The claims of a split with texts and stances; which perspectives share a cluster is not read."""
    pool = {
        row["pId"]: row["text"]
        for row in json.loads((folder / "perspective_pool_v1.0.json").read_text(encoding="utf-8"))
    }
    split_of = json.loads((folder / "dataset_split_v1.0.json").read_text(encoding="utf-8"))
    found: list[Claim] = []
    for row in json.loads((folder / "perspectrum_with_answers_v1.0.json").read_text(encoding="utf-8")):
        if split_of[str(row["cId"])] != split:
            continue
        stance = {pid: group["stance_label_3"] for group in row["perspectives"] for pid in group["pids"]}
        texts = tuple((pid, pool[pid]) for pid in sorted(stance))
        found.append(Claim(str(row["cId"]), row["text"], texts, stance))
    if not found:
        raise SystemExit(f"{folder}: no claim of split {split!r}")
    return found
