"""Metrics as Prometheus reads them, in the form of OTLP and under the conventions' names. Pure.

There is one set of instruments. Counters become sums and histograms keep their buckets, both counted from
the start of the process; everything else is a gauge. What `conventions` has no name for keeps its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Sample

from askpanel.runtime.conventions import METRICS, Measure

Labels = tuple[tuple[str, str], ...]


def converted(families: Iterable[Family], *, since: int, now: int) -> list[Metric]:
    """Families of a registry; `since` and `now` in nanoseconds since the epoch."""
    return [metric for family in families for metric in _family(family, since, now)]


def _family(family: Family, since: int, now: int) -> Iterable[Metric]:
    measure = METRICS.get(family.name, Measure(family.name, family.unit))
    match family.type:
        case "histogram":
            points = _histograms(family.samples, measure, since, now)
            if points:
                yield _metric(
                    measure.name,
                    measure,
                    family,
                    Histogram(points, AggregationTemporality.CUMULATIVE),
                )
            if points and measure.counted_as:
                counts = [NumberDataPoint(point.attributes, since, now, point.count) for point in points]
                yield _metric(
                    measure.counted_as, Measure(measure.counted_as, "{message}"), family, _sum(counts)
                )
        case "counter":
            points = _numbers(family.samples, "_total", measure, since, now)
            if points:
                yield _metric(measure.name, measure, family, _sum(points))
        case _:
            points = _numbers(family.samples, "", measure, since, now)
            if points:
                yield _metric(measure.name, measure, family, Gauge(points))


def _metric(name: str, measure: Measure, family: Family, data: Sum | Gauge | Histogram) -> Metric:
    return Metric(name, family.documentation, measure.unit, data)


def _sum(points: Sequence[NumberDataPoint]) -> Sum:
    return Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)


def _numbers(
    samples: Iterable[Sample], suffix: str, measure: Measure, since: int, now: int
) -> list[NumberDataPoint]:
    return [
        NumberDataPoint(measure.attributes(sample.labels), since, now, sample.value)
        for sample in samples
        if not sample.name.endswith("_created") and sample.name.endswith(suffix)
    ]


def _histograms(
    samples: Iterable[Sample], measure: Measure, since: int, now: int
) -> list[HistogramDataPoint]:
    buckets: dict[Labels, list[tuple[float, float]]] = {}
    sums: dict[Labels, float] = {}
    for sample in samples:
        labels = {name: value for name, value in sample.labels.items() if name != "le"}
        key = tuple(sorted(labels.items()))
        if sample.name.endswith("_bucket"):
            buckets.setdefault(key, []).append((float(sample.labels["le"]), sample.value))
        elif sample.name.endswith("_sum"):
            sums[key] = sample.value
    return [
        _point(measure.attributes(dict(key)), sorted(found), sums.get(key, 0.0), since, now)
        for key, found in buckets.items()
    ]


def _point(
    attributes: Mapping[str, str], buckets: Sequence[tuple[float, float]], total: float, since: int, now: int
) -> HistogramDataPoint:
    """`buckets` are limits and how many values were at most as high; OTLP counts those between two limits."""
    at_most = [0, *(int(count) for _, count in buckets)]
    return HistogramDataPoint(
        attributes=attributes,
        start_time_unix_nano=since,
        time_unix_nano=now,
        count=at_most[-1],
        sum=total,
        bucket_counts=[higher - lower for lower, higher in pairwise(at_most)],
        explicit_bounds=[limit for limit, _ in buckets[:-1]],
        min=None,  # pyright: ignore[reportArgumentType]  (optional in OTLP, and Prometheus does not keep it)
        max=None,  # pyright: ignore[reportArgumentType]
    )
