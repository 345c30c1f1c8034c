"""The bookkeeping of sweep and soak: every case once, nothing forgotten when it goes on, growth is seen."""

from pathlib import Path

from askpanel.contracts.events import PanelType
from tests.faults.cases import Case, Result, cases, done, keep, summary
from tests.faults.soak import Footprint, grown

BOUNDARIES: dict[PanelType, int] = {"structured": 3, "open": 2}


def test_every_process_dies_at_every_boundary_once_in_the_seeds_order() -> None:
    planned = cases(BOUNDARIES, ("gateway", "nats"), 1)
    assert len(set(planned)) == len(planned) == (3 + 2) * 2
    assert planned == cases(BOUNDARIES, ("gateway", "nats"), 1) != cases(BOUNDARIES, ("gateway", "nats"), 2)


def test_results_are_found_again_and_what_was_not_covered_is_said(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    case, other = Case("open", "nats", 2), Case("structured", "usage", 1)
    result = Result(case, "round.started", 3.5, 2.5, 1, ())
    keep(path, result)
    assert [one.case for one in done(path)] == [case]
    text = summary(done(path), [other])
    assert "1 cases not covered" in text
    assert "structured 1" in text


def test_a_broken_promise_is_in_the_summary_with_its_case() -> None:
    result = Result(Case("open", "nats", 2), "round.started", 3.5, 2.5, 1, ("I2 - : no end",))
    assert "BROKEN open/nats/2: I2" in summary([result], [])


def test_growth_beyond_the_allowance_is_named_and_within_it_is_not() -> None:
    before = Footprint({"usage": {"memory_mb": 100.0, "descriptors": 20, "threads": 4}}, 5)
    same = Footprint({"usage": {"memory_mb": 108.0, "descriptors": 25, "threads": 5}}, 6)
    more = Footprint({"usage": {"memory_mb": 150.0, "descriptors": 90, "threads": 5}}, 60)
    assert grown(before, same) == []
    assert [line.partition(":")[0] for line in grown(before, more)] == [
        "usage memory_mb",
        "usage descriptors",
        "consumers of the log",
    ]
