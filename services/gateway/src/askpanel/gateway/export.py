"""A panel as one Markdown document: question, result, dissent, every answer, what failed, what it cost. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from askpanel.gateway.readmodel.rows import HUMAN
from askpanel.gateway.readmodel.views import (
    ConsensusView,
    EvidenceView,
    PanelCost,
    PanelView,
    ResponseView,
    SeatFailureView,
)

OWN_VIEW = ("expert", "human")
"""Roles that speak for themselves. A side is assigned, and who asks or judges takes none: no stance is theirs."""


def markdown(panel: PanelView, *, exported_at: datetime) -> str:
    """The whole panel. What experts wrote is quoted, so their headings cannot pass for ours."""
    parts = (
        _head(panel, exported_at),
        _result(panel),
        _rounds(panel),
        _answers(panel),
        _failures(panel.failures),
        _cost(panel.usage),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(panel: PanelView, exported_at: datetime) -> Iterator[str]:
    yield f"# {_one_line(panel.query)}"
    yield ""
    yield f"- Panel: {panel.id}"
    yield f"- Type: {panel.panel_type}"
    yield f"- Status: {panel.status}"
    yield f"- Asked: {_time(panel.created_at)}"
    ended_at = panel.failure.at if panel.failure is not None else panel.completed_at
    if ended_at is not None:
        yield f"- Ended: {_time(ended_at)}"
    if panel.stop_reason is not None:
        yield f"- Stopped by: {_one_line(panel.stop_reason)}"
    if panel.ratified_by is not None:
        person = f"{HUMAN}{panel.ratified_by}"
        yield f"- Signed by: {_one_line(_names(panel).get(person, person))}"
    yield f"- Exported: {_time(exported_at)}"
    yield f"- Experts: {', '.join(_one_line(f'{seat.agent_name} ({seat.role})') for seat in panel.seats)}"
    demonstrated = dict.fromkeys(one.model_label for one in panel.responses if one.model_label)
    if demonstrated:
        yield f"- Answers by a {' and a '.join(demonstrated)}: a demonstration, not advice."
    if panel.rows_left_out:
        yield "- Incomplete: the tables hold more rows of this panel than a panel has; the first are here."
    if panel.degraded:
        yield f"- Degraded: {_one_line('; '.join(panel.degraded))}"
    if panel.failure is not None:
        yield f"- Failed: {panel.failure.reason}. {_one_line(panel.failure.detail)}"
    yield ""
    if panel.options:
        yield from _listed("Options voted on", (f"- {_one_line(option.text)}" for option in panel.options))
    if panel.evidence:
        yield from _listed("Evidence given", (_piece(piece) for piece in panel.evidence))


def _piece(piece: EvidenceView) -> str:
    return f"- {piece.id}: {_one_line(piece.title or piece.excerpt)}"


def _result(panel: PanelView) -> Iterator[str]:
    if panel.recommendation:
        yield "## Recommendation"
        yield ""
        yield from _quoted(panel.recommendation)
        yield ""
    if panel.summary:
        yield "## In the words of the chair (not counted)"
        yield ""
        yield from _quoted(panel.summary)
        yield ""


def _rounds(panel: PanelView) -> Iterator[str]:
    consensus = panel.consensus
    if consensus is None:
        return
    yield "## Consensus"
    yield ""
    yield f"{_percent(consensus.consensus_level)} ({consensus.band}) after round {consensus.round_number}, "
    yield f"by {consensus.method}, threshold {_percent(consensus.threshold)}."
    yield ""
    names, options = _names(panel), _texts(panel)
    yield from _listed("Agreement", _points(consensus, "agreement", names, options))
    yield from _listed("Disagreement", _points(consensus, "disagreement", names, options))
    yield from _dissent(consensus)


def _dissent(consensus: ConsensusView) -> Iterator[str]:
    yield "### Dissent"
    yield ""
    if not consensus.dissenting_opinions:
        yield "None."
        yield ""
    for dissent in consensus.dissenting_opinions:
        yield f"**{_one_line(dissent.agent_name)}**"
        yield ""
        yield from _quoted(f"{dissent.opinion}\n\n{dissent.reasoning}".strip())
        yield ""


def _answers(panel: PanelView) -> Iterator[str]:
    number, options = 0, _texts(panel)
    for response in panel.responses:
        if response.round_number != number:
            number = response.round_number
            yield f"## Round {number}"
            yield ""
        yield f"### {_one_line(response.agent_name)}"
        yield ""
        yield _about(response, options)
        yield ""
        yield from _quoted(response.content)
        yield ""


def _names(panel: PanelView) -> Mapping[str, str]:
    """Everybody's name by id: who has a seat, and who answered without one, as a person does."""
    answered = {response.agent_id: response.agent_name for response in panel.responses}
    return answered | {seat.agent_id: seat.agent_name for seat in panel.seats}


def _texts(panel: PanelView) -> Mapping[str, str]:
    """What each option says, by its id."""
    return {option.id: option.text for option in panel.options}


def _about(response: ResponseView, options: Mapping[str, str]) -> str:
    option = options.get(response.option or "", response.option)
    facts = [None if response.role == "expert" else response.role, response.response_type, response.action]
    if response.role in OWN_VIEW:
        facts += [response.stance, option]
    if response.confidence is not None:
        facts.append(f"confidence {_percent(response.confidence)}")
    facts += [
        response.model_label or response.model,
        None if response.counted else "came too late: not counted",
    ]
    return " · ".join(_one_line(fact) for fact in facts if fact)


def _failures(failures: Sequence[SeatFailureView]) -> Iterator[str]:
    """Every attempt that brought no answer, also where a later one did."""
    if not failures:
        return
    yield "## Failed attempts"
    yield ""
    for one in failures:
        attempt = f"{one.agent_name or one.agent_id}, round {one.round_number}, attempt {one.attempt}"
        yield f"- {_one_line(f'{attempt}: {one.reason}. {one.detail}')}"
    yield ""


def _cost(usage: PanelCost) -> Iterator[str]:
    yield "## Cost"
    yield ""
    yield f"{usage.tokens_used} tokens in {usage.calls} model calls. "
    priced = "no priced call" if usage.cost_usd is None else f"USD {usage.cost_usd}"
    yield f"{priced}; {usage.unpriced_calls} calls without a known price."
    if usage.uncosted_calls:
        yield f"{usage.uncosted_calls} calls are not costed yet: the cost will be higher."


def _listed(title: str, points: Iterable[str]) -> Iterator[str]:
    yield f"### {title}"
    yield ""
    yield from list(points) or ["None."]
    yield ""


def _points(
    consensus: ConsensusView, kind: str, names: Mapping[str, str], options: Mapping[str, str]
) -> Iterator[str]:
    """Each point, below it who stands where, and in whose words."""
    for point in consensus.points:
        if point.kind == kind:
            yield f"- {_one_line(point.text)}"
            sides = point.sides or {"held by": point.supporters}
            for side, agents in sides.items():
                held_by = ", ".join(_one_line(names.get(one, one)) for one in agents)
                yield f"  - {_one_line(options.get(side, side))}: {held_by}"
            for quote in point.quotes:
                yield f"  - {_one_line(names.get(quote.agent_id, quote.agent_id))}: “{_one_line(quote.text)}”"


def _quoted(text: str) -> Iterator[str]:
    return (f"> {line}".rstrip() for line in text.splitlines() or [""])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.0%}"


def _time(moment: datetime | None) -> str:
    if moment is None:
        return "unknown"
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
