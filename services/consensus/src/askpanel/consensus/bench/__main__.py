"""Consensus quality on public data.

    python -m askpanel.consensus.bench kpa DATA_DIR OUT.json [--embeddings]
    python -m askpanel.consensus.bench perspectrum DATA_DIR SPLIT OUT.json [--embeddings]
    python -m askpanel.consensus.bench negation PAIRS.csv OUT.csv
    python -m askpanel.consensus.bench all [--data DIR] [--fast]

The first three write what the data's scorers read and never open labels. `all` also scores on dev and
prints one table; it skips with one line when the data are absent and exits 1 below a floor.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from askpanel.consensus.bench import predict
from askpanel.consensus.bench.datasets import claims, kpa_groups
from askpanel.consensus.bench.table import report
from askpanel.consensus.keypoints.embeddings import EmbeddingsUnavailable, MiniLM, load


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    if args.task == "all":
        return report(args.data or default_data(), fast=args.fast)
    model = _model() if getattr(args, "embeddings", False) else None
    if args.task == "kpa":
        _write(args.out, predict.kpa(kpa_groups(args.data_dir), model))
    elif args.task == "perspectrum":
        _write(args.out, predict.perspectrum(claims(args.data_dir, args.split), model))
    else:
        predict.write_kept_apart(predict.kept_apart(args.pairs), args.out)
    return 0


def default_data() -> Path:
    """`../shared/data` beside the repository that this file is checked out in."""
    checkout = next((up for up in Path(__file__).resolve().parents if (up / "requirements.lock").is_file() or (up / "Makefile").is_file()), Path.cwd())  # fmt: skip
    return checkout.parent / "shared" / "data"


def _model() -> MiniLM:
    try:
        return load()
    except EmbeddingsUnavailable as error:
        raise SystemExit(f"embeddings: {error}") from error


def _write(out: Path, predictions: object) -> None:
    out.write_text(json.dumps(predictions), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="askpanel.consensus.bench", description=(__doc__ or "").split("\n")[0]
    )
    tasks = parser.add_subparsers(dest="task", required=True)
    kpa = tasks.add_parser("kpa", help="key point matching")
    kpa.add_argument("data_dir", type=Path)
    kpa.add_argument("out", type=Path)
    perspectrum = tasks.add_parser("perspectrum", help="same point and stance")
    perspectrum.add_argument("data_dir", type=Path)
    perspectrum.add_argument("split")
    perspectrum.add_argument("out", type=Path)
    for task in (kpa, perspectrum):
        task.add_argument("--embeddings", action="store_true", help="with MiniLM")
    negation = tasks.add_parser("negation", help="which pairs the guard keeps apart")
    negation.add_argument("pairs", type=Path)
    negation.add_argument("out", type=Path)
    everything = tasks.add_parser("all", help="the table")
    everything.add_argument("--data", type=Path, help="the folder with kpa_2021, perspectrum, negation")
    everything.add_argument(
        "--fast", action="store_true", help="without embeddings and without the 7-fold split"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
