"""What a round's result says: whether it may end the panel early, and the points it lists."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from askpanel.contracts.events import ConsensusCalculated
from askpanel.orchestrator.view import View

LEVEL_DECIMALS = 4
"""Of the levels of `consensus.calculated`."""


def level_reached(view: View, number: int) -> bool:
    """The level is at the threshold, by a majority that is confident and has more than one source.

    Levels have LEVEL_DECIMALS, so the threshold is read with as many: five of six are 5/6. Where nobody
    states a confidence or cites a source, that half of the guard is silent. Few independent voters do not
    block: more rounds among copies of one model make them no more independent.
    """
    consensus = view.state.consensus.get(number)
    threshold = round(view.configuration.consensus_threshold, LEVEL_DECIMALS)
    if consensus is None or consensus.consensus_level < threshold:
        return False
    return _is_guarded(consensus)


def _is_guarded(consensus: ConsensusCalculated) -> bool:
    metrics = consensus.metrics
    confidence = metric(metrics, "majority_confidence")
    sources = metric(metrics, "distinct_sources")
    return (confidence is None or confidence >= 0.5) and (sources is None or sources > 1)


def metric(metrics: Mapping[str, Any], name: str) -> float | None:
    """A number from a consensus's metrics; None where it is absent or no number."""
    value = metrics.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def metric_texts(metrics: Mapping[str, Any], name: str) -> Iterator[str]:
    """The texts of a list of points among a consensus's metrics: objects with `text`, or plain texts."""
    listed = metrics.get(name)
    for entry in cast("list[Any]", listed) if isinstance(listed, list | tuple) else []:
        text = cast("Mapping[str, Any]", entry).get("text") if isinstance(entry, Mapping) else entry
        if isinstance(text, str):
            yield text


def rounds_used_up(view: View, number: int) -> bool:
    """Whether this was the last round planned."""
    return number >= view.configuration.max_rounds
