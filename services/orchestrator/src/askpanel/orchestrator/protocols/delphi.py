"""delphi: ratings or a forecast, repeated in sight of anonymous statistics until they settle.

| step | who, order | sees | writes | response_type | ballot |
|---|---|---|---|---|---|
| 1 | all, parallel | the question; the options, if given | a rating 1-9 per option with reasons; without options position and key points | analysis | ratings; else stance |
| 2…n | all, parallel | per item: n, median, quartiles, histogram, own last rating, reasons by label | ratings, reason, what would change it | statement | ratings |

Items are the options; without options, at most 9 distinct statements from round 1, best supported first. With
`configuration.quantity` every round asks for a number instead, and its statistics have no histogram.
Ends from round 2 when the threshold is reached with no item in disagreement, or when every item is stable;
else after max_rounds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from askpanel.contracts.blocks import ItemBlock, PeerAnswerBlock, StatisticsBlock
from askpanel.contracts.events import ExpertResponded
from askpanel.orchestrator.protocols.results import level_reached, metric_texts, rounds_used_up
from askpanel.orchestrator.protocols.table import (
    Finish,
    Next,
    NextRound,
    PanelProtocol,
    Row,
    configured_method,
)
from askpanel.orchestrator.statistics import (
    CONSENSUS_IQR,
    FAR,
    Spread,
    histogram,
    is_stable,
    scale_point,
    spread,
)
from askpanel.orchestrator.view import View
from askpanel.orchestrator.visibility import Blocks, brief, distinct, own_answer, point_texts

MOST_ITEMS = 9


def rows(view: View, number: int) -> tuple[Row, ...]:
    """One step per round."""
    if number == 1:
        if not _rates_at_once(view):
            return (Row("1", view.experts, lambda _: brief(view), "opening", "analysis"),)
        asked = (*brief(view, choose=False), *_to_rate(view))
        return (Row("1", view.experts, lambda _: asked, "rating", "analysis"),)
    return (
        Row(
            str(number),
            view.members,
            lambda seat: (
                *brief(view, choose=False),
                *_to_rate(view),
                *statistics(view, seat, number),
                *own_answer(view, seat, number),
                *reasons(view, seat, number),
            ),
            "rating",
            "statement",
        ),
    )


def after(view: View, number: int) -> Next:
    """Never after round 1: one round is a survey, not a Delphi."""
    if not _to_rate(view):
        return Finish("nothing_new")
    if number >= 2:
        split = any(_is_split(view, one) for one in rated(view, number))
        if level_reached(view, number) and not split:
            return Finish("threshold_reached")
        if all(_is_stable(view, place, number) for place in range(len(_to_rate(view)))):
            return Finish("stable")
    return Finish("max_rounds") if rounds_used_up(view, number) else NextRound()


def method(view: View, number: int) -> str:
    """Round 1 without options has positions and no ratings."""
    if number == 1 and not _rates_at_once(view):
        return "majority"
    return configured_method(view, number)


# --------------------------------------------------------------------------------------- items


def items(view: View) -> tuple[ItemBlock, ...]:
    """What is rated, in the order of `ratings`; once asked for, it is what the log says it was."""
    return view.once("items", lambda: _items(view))


def _items(view: View) -> tuple[ItemBlock, ...]:
    if view.configuration.quantity is not None:
        return ()
    if options := view.state.created.options:
        return tuple(ItemBlock(id=option.id, text=option.text) for option in options)
    for request in view.state.requested.values():
        if request.purpose == "rating":
            return tuple(block for block in request.context.blocks if isinstance(block, ItemBlock))
    texts = distinct(view.blank(text) for text in _statements(view))[:MOST_ITEMS]
    return tuple(ItemBlock(id=f"s{place}", text=text) for place, text in enumerate(texts, start=1))


def _statements(view: View) -> Iterator[str]:
    """Best supported first where the consensus of round 1 tells, then the points as drawn."""
    consensus = view.state.consensus.get(1)
    if consensus is not None:
        yield from (point.text for point in sorted(consensus.agreement_points, key=lambda point: -point.n))
        yield from metric_texts(consensus.metrics, "points")
    answers = [view.ballots(1)[seat].answer for seat in view.draw("statements", of=view.members)]
    for answer in answers:
        yield from point_texts(answer)
    if not any(answer.key_points for answer in answers):
        yield from (answer.position for answer in answers)


def _rates_at_once(view: View) -> bool:
    return bool(view.state.created.options) or view.configuration.quantity is not None


def _to_rate(view: View) -> Blocks:
    quantity = view.configuration.quantity
    return items(view) if quantity is None else (quantity,)


# --------------------------------------------------------------------------------------- figures


def values(view: View, place: int, number: int) -> dict[int, float]:
    """Each seat's last rating of an item (by its place; or last forecast) up to and including a round."""
    found: dict[int, float] = {}
    for seat in view.members:
        for earlier in range(number, 0, -1):
            value = _value(view, place, seat, earlier)
            if value is not None:
                found[seat] = value
                break
    return found


def _value(view: View, place: int, seat: int, number: int) -> float | None:
    given = view.ballot(seat, number)
    if given is None or given.purpose != "rating":
        return None
    quantity = view.configuration.quantity
    if quantity is None:
        ratings = given.answer.ratings or ()
        return ratings[place] if place < len(ratings) else None
    forecast = given.answer.forecast
    if forecast is None:
        return None
    below = quantity.minimum is not None and forecast.value < quantity.minimum
    above = quantity.maximum is not None and forecast.value > quantity.maximum
    return None if below or above else forecast.value


@dataclass(frozen=True, slots=True)
class Rated:
    """What the seats gave for one item, or as forecast (`item` is None), and its figures."""

    item: str | None
    given: dict[int, float]
    spread: Spread
    histogram: tuple[int, ...]

    def is_far(self, seat: int) -> bool:
        """Whether a seat's value is one to explain: far from the median, or outside the quartiles."""
        own = self.given.get(seat)
        if own is None:
            return False
        if self.item is None:
            return not self.spread.lower_quartile <= own <= self.spread.upper_quartile
        return abs(own - self.spread.median) > FAR


def rated(view: View, number: int) -> tuple[Rated, ...]:
    """What somebody rated up to and including a round, in the items' order."""
    ids = [item.id for item in items(view)] or [None]
    found = ((item, values(view, place, number)) for place, item in enumerate(ids))
    return tuple(
        Rated(item, given, figures, () if item is None else histogram(given.values()))
        for item, given in found
        if (figures := spread(given.values())) is not None
    )


def statistics(view: View, reader: int, number: int) -> Blocks:
    """The panel's figures after the round before, for one reader: a block per item that was rated."""
    known = view.once(("rated", number), lambda: rated(view, number - 1))
    return tuple(
        view.once((one.item, one.given.get(reader)), lambda one=one: _figures(one, reader)) for one in known
    )


def _figures(one: Rated, reader: int) -> StatisticsBlock:
    own = one.given.get(reader)
    return StatisticsBlock(
        item=one.item,
        n=one.spread.n,
        median=one.spread.median,
        lower_quartile=one.spread.lower_quartile,
        upper_quartile=one.spread.upper_quartile,
        histogram=one.histogram,
        own_rating=None if one.item is None or own is None else int(own),
        own_forecast=own if one.item is None else None,
        explain=one.is_far(reader),
    )


def reasons(view: View, reader: int, number: int) -> Blocks:
    """What the others wrote in the round before: words by label, no position and no rating."""
    others = tuple(seat for seat in view.members if seat != reader)
    return tuple(
        view.once(("reason", given.response_id), lambda seat=seat, given=given: _reason(view, seat, given))
        for seat in view.draw("reasons", number, reader, of=others)
        if (given := view.last_ballot(seat, number - 1)) is not None
    )


def _reason(view: View, seat: int, given: ExpertResponded) -> PeerAnswerBlock:
    return PeerAnswerBlock(
        label=view.labels[seat],
        text=view.blank(given.content),
        key_points=tuple(view.blank(point) for point in point_texts(given.answer)),
    )


def _is_stable(view: View, place: int, number: int) -> bool:
    """Over the seats that answered this round and had answered before."""
    before = values(view, place, number - 1)
    now = {seat: value for seat in before if (value := _value(view, place, seat, number)) is not None}
    return is_stable([before[seat] for seat in now], now.values(), _point(view))


def _is_split(view: View, one: Rated) -> bool:
    """Two camps of raters, or forecasts whose middle half spans more than two points."""
    if one.item is not None:
        return one.spread.disagreement
    return one.spread.iqr > CONSENSUS_IQR * _point(view) * (1 + 1e-9)


def _point(view: View) -> float:
    """One point of the scale in the values' unit; a forecast's scale is laid over round 1 and kept."""
    quantity = view.configuration.quantity
    if quantity is None:
        return 1.0
    return view.once("point", lambda: scale_point(quantity.minimum, quantity.maximum, _named(view)))


def _named(view: View) -> Iterator[float]:
    """Every number that a usable forecast of round 1 names: the estimate and its plausible range."""
    for seat in view.members:
        given = view.ballot(seat, 1)
        if given is None or given.answer.forecast is None or _value(view, 0, seat, 1) is None:
            continue
        forecast = given.answer.forecast
        yield from (n for n in (forecast.low, forecast.value, forecast.high) if n is not None)


DELPHI = PanelProtocol("delphi", rows, after, method=method)
