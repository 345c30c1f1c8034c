"""One entry: a request in, a result out. Pure, deterministic, independent of the order of its parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from askpanel.consensus.ballots import (
    Answer,
    Ballots,
    Context,
    InvalidRequest,
    Option,
    PastVote,
    Quantity,
    Seat,
    Space,
    UnknownMethod,
    Verdict,
)
from askpanel.consensus.clones import named
from askpanel.consensus.dissent import alternatives, dissenting_opinions
from askpanel.consensus.fold import Rules, all_rounds, fold, last_by_seat
from askpanel.consensus.forecasts import scaled
from askpanel.consensus.guarded import guarded
from askpanel.consensus.keypoints.likeness import Embed, likeness
from askpanel.consensus.matrix import matrix
from askpanel.consensus.methods import METHODS, Method
from askpanel.consensus.metrics import measure
from askpanel.consensus.points import (
    Themes,
    agreement_points,
    contested_points,
    contests,
    themes,
    undisputed,
    vote_disagreement,
    with_clusters,
)
from askpanel.consensus.positions import Texts, position_weights, texts
from askpanel.consensus.prose import with_prose
from askpanel.consensus.quorum import quorum
from askpanel.consensus.recommendation import quote, recommend
from askpanel.consensus.result import Band, Metrics, Quorum, Result
from askpanel.consensus.shift import novelty, shift
from askpanel.contracts.events import PanelType

STRONG, MODERATE = 0.70, 0.50


@dataclass(frozen=True, slots=True)
class Round:
    """An earlier round that held ballots."""

    number: int
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """Everything one consensus is computed from.

    `answers` are this round's, carried ones included. `seats` are those planned at the start: the
    base of the quorum. `earlier` are the rounds before that held ballots, in any order. `items` are
    delphi's statements; without them the options are rated; with `quantity` a number is forecast
    instead. `evidence_ids` None: not known, every
    citation counts. `degraded` are reasons the caller knows (missing seat, cut round, silent human);
    carried ballots are found here. `embeddings`: wanted; without an `embed` the result is degraded.
    `topic` is the panel's question: its words say little about which point a sentence makes.
    """

    panel_type: PanelType
    method: str
    threshold: float
    round_number: int
    answers: tuple[Answer, ...]
    seats: tuple[Seat, ...] = ()
    options: tuple[Option, ...] = ()
    items: tuple[Option, ...] = ()
    quantity: Quantity | None = None
    earlier: tuple[Round, ...] = ()
    enable_dissent: bool = True
    dimensions: tuple[str, ...] = ()
    evidence_ids: frozenset[str] | None = None
    degraded: tuple[str, ...] = ()
    history: tuple[PastVote, ...] = ()
    embeddings: bool = False
    topic: str = ""

    @property
    def earlier_responses(self) -> frozenset[str]:
        """The responses that an earlier round counted."""
        return frozenset(answer.response_id for past in self.earlier for answer in past.answers)


def compute(request: Request, embed: Embed | None = None) -> Result:
    """The consensus of one round.

    `embed` turns texts into unit vectors (see `keypoints.embeddings.load`); None groups points by
    their characters only. Raises UnknownMethod or InvalidRequest; every other input has a result.
    """
    method = check(request)
    embed = embed if request.embeddings else None
    rules = reading_rules(request)
    ballots, found = _count(request, rules, embed)
    context = _context(request, rules, ballots, embed)
    verdict = guarded(ballots, found, method(ballots, context))
    enough = quorum(request.seats, request.answers, ballots)
    band = band_of(ballots, verdict, enough)
    text_of = texts(ballots, rules.items if rules.space == "ratings" else request.options, found)
    merged = _merged(request, rules, ballots, verdict, method, context, text_of)
    degraded = _degraded(request, verdict, merged, embed)
    metrics = _metrics(request, rules, ballots, found, verdict, method, context, text_of)
    if band == "none":
        return _without_quorum(ballots, verdict, enough, degraded, text_of, metrics)
    least = request.threshold if rules.space == "points" else 0.5
    agreed = undisputed(agreement_points(ballots, found, least), verdict, text_of)
    pairs = contests(found)
    dissent = dissenting_opinions(ballots, verdict, found, agreed)
    return Result(
        method=verdict.method,
        consensus_level=verdict.level,
        band=band,
        agreement_points=agreed,
        disagreement_points=vote_disagreement(ballots, verdict, text_of)
        + contested_points(ballots, found, pairs),
        dissenting_opinions=dissent if request.enable_dissent else (),
        recommendation=recommend(ballots, verdict, band, enough, degraded, text_of, dissent),
        alternatives=alternatives(ballots, verdict, text_of),
        metrics=metrics,
        degraded=degraded,
        quorum=enough,
        matrix=matrix(ballots, found, pairs, text_of),
    )


def check(request: Request) -> Method:
    """The method asked for. Raises when the request contradicts itself."""
    if request.method not in METHODS:
        raise UnknownMethod(f"unknown method {request.method!r}; known: {', '.join(sorted(METHODS))}")
    if not (math.isfinite(request.threshold) and 0 <= request.threshold <= 1):
        raise InvalidRequest(f"threshold {request.threshold!r} is outside 0-1")
    for name, group in (("option", request.options), ("item", request.items)):
        ids = [one.id for one in group]
        if len(set(ids)) != len(ids) or "" in ids:
            raise InvalidRequest(f"{name} ids must be distinct and not empty")
    bounds = (request.quantity.minimum, request.quantity.maximum) if request.quantity else ()
    if not all(bound is None or math.isfinite(bound) for bound in bounds):
        raise InvalidRequest("the bounds of the quantity must be finite")
    return METHODS[request.method]


def reading_rules(request: Request) -> Rules:
    """The vote space of this round: what in an answer is the vote.

    Open: points. Ranked with rankings: the order. Delphi with a quantity: the forecast; with ratings:
    the ratings. Else the option where the panel has options (delphi without ratings: where anyone chose
    one), else the stance.
    """
    voting = last_by_seat(request.answers)
    items = request.items or request.options
    space: Space = "option" if request.options else "stance"
    if request.quantity is not None and (request.panel_type, request.method) == ("delphi", "delphi"):
        first = min(request.earlier, key=lambda past: past.number, default=None)
        quantity = scaled(request.quantity, last_by_seat(first.answers) if first else voting)
        return Rules("forecast", evidence_ids=request.evidence_ids, quantity=quantity)
    if request.panel_type == "open":
        space = "points"
    elif request.method == "delphi" or request.panel_type == "delphi":
        if items and any(rating is not None for answer in voting for rating in answer.ratings):
            space = "ratings"
        elif not any(answer.option for answer in voting):
            space = "stance"
    elif request.method == "ranked" and len(request.options) > 1 and any(a.ranking for a in voting):
        space = "ranking"
    return Rules(space, request.options, items, request.evidence_ids)


def band_of(ballots: Ballots, verdict: Verdict, enough: Quorum) -> Band:
    """none, unanimous, split, then by level: strong > .70, moderate >= .50, weak below."""
    if not enough.met or not verdict.leaders:
        return "none"
    if verdict.unanimous and not ballots.abstained and not verdict.capped:
        return "unanimous"
    if len(verdict.leaders) > 1 and ballots.space != "ratings":
        return "split"
    if verdict.capped:
        return "weak"
    level = round(verdict.level, 9)
    return "strong" if level > STRONG else "moderate" if level >= MODERATE else "weak"


def _count(request: Request, rules: Rules, embed: Embed | None) -> tuple[Ballots, Themes]:
    answers: Sequence[Answer] = request.answers
    if rules.space == "points":
        answers = all_rounds([one for past in request.earlier for one in past.answers], request.answers)
    ballots = fold(answers, rules)
    found = with_prose(ballots, themes(ballots, embed), request.topic, embed)
    return (with_clusters(ballots, found) if rules.space == "points" else ballots), found


def _context(request: Request, rules: Rules, ballots: Ballots, embed: Embed | None) -> Context:
    before = max(request.earlier, key=lambda past: past.number, default=None)
    cosine: tuple[tuple[float, ...], ...] = ()
    if request.method == "quantum" and rules.space not in ("points", "ratings", "forecast"):
        values = likeness([ballot.position for ballot in ballots.voters], embed).values
        cosine = tuple(tuple(map(float, row)) for row in values)
    return Context(
        threshold=request.threshold,
        options=request.options,
        items=rules.items,
        previous=fold(before.answers, rules) if before else None,
        history=request.history,
        dimensions=request.dimensions,
        cosine=cosine,
    )


def _metrics(
    request: Request,
    rules: Rules,
    ballots: Ballots,
    found: Themes,
    verdict: Verdict,
    method: Method,
    context: Context,
    text_of: Texts,
) -> Metrics:
    given = request.evidence_ids
    measured = measure(ballots, verdict, sources=None if given is None else len(given))
    first = min(request.earlier, key=lambda past: past.number, default=None)
    return Metrics(
        voters=len(ballots),
        percent_agreement=measured.percent_agreement,
        entropy=measured.entropy,
        n_eff=measured.n_eff,
        level_interval=measured.level_interval,
        majority_confidence=measured.majority_confidence,
        distinct_sources=measured.distinct_sources,
        flags=measured.flags,
        shift=shift(first.answers, request.answers, rules, method, context) if first else None,
        novelty=novelty(found, request.earlier_responses, request.answers)
        if rules.space == "points"
        else None,
        positions=position_weights(ballots, verdict, text_of),
        items=verdict.items,
        abstained=ballots.abstained,
        unknown_citations=ballots.unknown_citations,
        carried=tuple(one.agent_id for one in last_by_seat(request.answers) if one.carried),
        backend=found.likeness.backend,
        method=verdict.extra,
    )


def _merged(
    request: Request,
    rules: Rules,
    ballots: Ballots,
    verdict: Verdict,
    method: Method,
    context: Context,
    text_of: Texts,
) -> str:
    """Who counts as one voter, and who would lead if each seat counted, where that differs; "" for nobody."""
    note = named(ballots)
    if not note or rules.space == "points":  # themes do not exclude each other
        return note
    seats = fold(request.answers, rules, merge=False)
    leaders = method(seats, replace(context, cosine=())).leaders
    if leaders == verdict.leaders:
        return note
    names = [one if rules.space == "stance" else quote(text_of.get(one, one)) for one in leaders]
    return f"{note}; if each seat counted, {' and '.join(names)} would lead"


def _degraded(request: Request, verdict: Verdict, merged: str, embed: Embed | None) -> tuple[str, ...]:
    reasons = {*request.degraded, *([merged] if merged else ())}
    carried = [one.agent_name for one in last_by_seat(request.answers) if one.carried]
    if carried:
        reasons.add(f"carried from an earlier round: {', '.join(sorted(carried))}")
    reasons.update(verdict.notes)
    if request.embeddings and embed is None:
        reasons.add("embeddings are not available, points were grouped by their characters")
    return tuple(sorted(reasons))


def _without_quorum(
    ballots: Ballots,
    verdict: Verdict,
    enough: Quorum,
    degraded: tuple[str, ...],
    text_of: Texts,
    metrics: Metrics,
) -> Result:
    """No quorum, no consensus: level 0, band none, a sentence that says why; the counts stay."""
    return Result(
        method=verdict.method,
        consensus_level=0.0,
        band="none",
        agreement_points=(),
        disagreement_points=(),
        dissenting_opinions=(),
        recommendation=recommend(ballots, verdict, "none", enough, degraded, text_of, ()),
        alternatives=(),
        metrics=replace(metrics, flags=()),
        degraded=degraded,
        quorum=enough,
        matrix=(),
    )
