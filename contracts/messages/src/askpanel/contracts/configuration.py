"""`configuration` of `panel.created`: keys, allowed ranges, defaults per protocol (protocols.md, section 8).

The gateway calls `effective` before it freezes a configuration into `panel.created`, and `describe` for
`GET /panel-types`; the orchestrator calls `read`. Both see the same table, so a panel can never run with
a value that the API would have refused.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, cast, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from askpanel.contracts.blocks import QuantityBlock
from askpanel.contracts.events import PanelType

PANEL_TYPES: tuple[PanelType, ...] = get_args(PanelType)
NO_CONSENSUS = "none"
"""The method of a tenant without consensus: one blind round, answers only, nothing counted."""

MOST_EXPERTS = 12
"""Voting seats a tenant may have on one panel where its settings do not say (existing-schema.md)."""

DECIMALS = 6
"""Of an amount in USD that somebody asks for."""
LONGEST_AMOUNT = 20
"""Characters of such an amount."""

_BALLOT_METHODS = ("majority", "weighted", "ranked", "quantum", "reliability")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one protocol allows, and what it takes where the user says nothing. Times are in minutes."""

    title: str
    purpose: str
    experts: int
    fewest_experts: int
    most_experts: int
    rounds: int
    allowed_rounds: tuple[int, ...]
    threshold: float
    time_limit: int
    max_cost_usd: str
    methods: tuple[str, ...]
    model_calls: int
    moderated: bool = False
    human_deadline: int | None = None
    quantity: bool = False

    @property
    def method(self) -> str:
        """The method used where none is asked for."""
        return self.methods[0]


PROTOCOLS: Mapping[PanelType, Limits] = {
    "structured": Limits(
        title="Structured",
        purpose="A decision with reasons",
        experts=5, fewest_experts=3, most_experts=8,
        rounds=2, allowed_rounds=(1, 2, 3, 4, 5),
        threshold=0.70, time_limit=15, max_cost_usd="1.00",
        methods=_BALLOT_METHODS, model_calls=10,
    ),
    "open": Limits(
        title="Open",
        purpose="The widest range of ideas",
        experts=5, fewest_experts=3, most_experts=10,
        rounds=2, allowed_rounds=(1, 2, 3, 4),
        threshold=0.60, time_limit=10, max_cost_usd="1.20",
        methods=_BALLOT_METHODS, model_calls=10,
    ),
    "socratic": Limits(
        title="Socratic",
        purpose="Assumptions tested by questions",
        experts=3, fewest_experts=3, most_experts=6,
        rounds=3, allowed_rounds=(3, 5),
        threshold=0.70, time_limit=20, max_cost_usd="1.60",
        methods=_BALLOT_METHODS, model_calls=9, moderated=True,
    ),
    "adversarial": Limits(
        title="Adversarial",
        purpose="One proposal, stress-tested",
        experts=5, fewest_experts=3, most_experts=9,
        rounds=2, allowed_rounds=(2, 3, 4),
        threshold=0.65, time_limit=15, max_cost_usd="1.40",
        methods=_BALLOT_METHODS, model_calls=20, moderated=True,
    ),
    "delphi": Limits(
        title="Delphi",
        purpose="A forecast or rating that converges",
        experts=5, fewest_experts=3, most_experts=12,
        rounds=3, allowed_rounds=(2, 3, 4, 5),
        threshold=0.75, time_limit=25, max_cost_usd="2.40",
        methods=("delphi",), model_calls=15, quantity=True,
    ),
    "hybrid": Limits(
        title="Hybrid",
        purpose="High stakes: a human signs",
        experts=4, fewest_experts=3, most_experts=8,
        rounds=2, allowed_rounds=(2, 3, 4),
        threshold=0.80, time_limit=30, max_cost_usd="5.00",
        methods=("weighted", "quantum"), model_calls=8, human_deadline=1440,
    ),
}  # fmt: skip
"""One column of the tables in protocols.md each."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request is refused (422): an RFC 6901 pointer into its body, and a sentence."""

    pointer: str
    detail: str


class Configuration(BaseModel):
    """The effective configuration, typed. Keys that do not apply to the protocol hold None."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    max_rounds: int
    consensus_threshold: float
    time_limit_minutes: float
    max_cost_usd: Decimal
    method: str
    attempt_limit: int
    custom_prompt: str | None
    enable_dissent: bool
    chair: bool
    dimensions: tuple[str, ...]
    rank_options: bool
    moderator_agent: str | None
    human_deadline_minutes: float | None
    quantity: QuantityBlock | None


class _Refused(ValueError):
    """A value is not allowed; the text says what is."""


_Check = Callable[[Any], Any]


def _number(minimum: float, maximum: float) -> _Check:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not minimum <= value <= maximum:
            raise _Refused(f"must be a number from {minimum:g} to {maximum:g}")
        return value

    return check


def _one_of(*allowed: Any) -> _Check:
    def check(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | str) or value not in allowed:
            raise _Refused("must be " + " or ".join(str(choice) for choice in allowed))
        return value

    return check


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Refused("must be true or false")
    return value


def _money(value: Any) -> str:
    """An amount as it is asked for: a text may have more digits than any column."""
    amount = _amount(value)
    if len(value) > LONGEST_AMOUNT or len(amount.partition(".")[2]) > DECIMALS:
        raise _Refused(f"must have at most {DECIMALS} decimals, and {LONGEST_AMOUNT} characters")
    return amount


def _amount(value: Any) -> str:
    """An amount as it was frozen, maybe with more decimals: those of what a tenant had left."""
    try:
        amount = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not Decimal("0.01") <= amount <= 100:
        raise _Refused('must be a decimal string from "0.01" to "100"')
    return f"{amount:f}"


def _rounded_down(amount: Decimal) -> Decimal:
    """With as many decimals as may be asked for, so that the panel can be asked again as it was."""
    rounded = amount.quantize(Decimal(1).scaleb(-DECIMALS), ROUND_DOWN)
    return amount if amount == rounded else rounded


def _text(limit: int) -> _Check:
    def check(value: Any) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip() or len(value) > limit:
            raise _Refused(f"must be null or text of at most {limit} characters")
        return value

    return check


def _names(value: Any) -> list[str]:
    given = cast("list[Any]", value) if isinstance(value, list | tuple) else [None]
    names = [name.strip() for name in given if isinstance(name, str) and 0 < len(name.strip()) <= 60]
    if len(given) > 10 or len(names) < len(given):
        raise _Refused("must be a list of at most 10 names of at most 60 characters")
    if len({name.casefold() for name in names}) < len(names):
        raise _Refused("names each dimension once")
    return names


def _quantity(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    wanted = 'must be {"unit": text, "minimum": number?, "maximum": number?}'
    try:
        quantity = QuantityBlock.model_validate(value)
    except ValidationError:
        raise _Refused(wanted) from None
    if any(isinstance(value.get(bound), str | bool) for bound in ("minimum", "maximum")):
        raise _Refused(wanted)  # whose size nobody has looked at
    if not 0 < len(quantity.unit.strip()) <= 60:
        raise _Refused("unit must have 1 to 60 characters")
    low, high = quantity.minimum, quantity.maximum
    if low is not None and high is not None and low >= high:
        raise _Refused("minimum must be below maximum")
    return quantity.model_dump(exclude={"kind"}, exclude_none=True)


@lru_cache
def _keys(panel_type: PanelType, consensus: bool) -> Mapping[str, tuple[Any, _Check]]:
    """Default and check of every key that applies to the protocol."""
    limits = PROTOCOLS[panel_type]
    keys: dict[str, tuple[Any, _Check]] = {
        "max_rounds": (limits.rounds, _one_of(*limits.allowed_rounds)),
        "consensus_threshold": (limits.threshold, _number(0.5, 1.0)),
        "time_limit_minutes": (limits.time_limit, _number(1, 60)),
        "max_cost_usd": (limits.max_cost_usd, _money),
        "method": (limits.method, _one_of(*limits.methods)),
        "attempt_limit": (3, _one_of(1, 2, 3)),
        "custom_prompt": (None, _text(2000)),
        "enable_dissent": (True, _flag),
        "chair": (False, _flag),
        "dimensions": ([], _names),
        "rank_options": (False, _flag),
    }
    if limits.moderated:
        keys["moderator_agent"] = (None, _text(63))
    if limits.human_deadline is not None:
        keys["human_deadline_minutes"] = (limits.human_deadline, _number(5, 10080))
    if limits.quantity:
        keys["quantity"] = (None, _quantity)
    if not consensus:
        keys["max_rounds"] = (1, lambda _: 1)
        keys["method"] = (NO_CONSENSUS, lambda _: NO_CONSENSUS)
    return keys


_ELSEWHERE = ("moderator_agent", "human_deadline_minutes", "quantity")
"""Keys that some protocols have: refused where they do not apply, while unknown keys are kept."""

_ALIKE = 0.8
"""From this similarity on (difflib's ratio, 0 to 1) an unknown key is a known one misspelt."""


def effective(
    panel_type: PanelType,
    configuration: Mapping[str, Any],
    experts: Sequence[str],
    *,
    options: int = 0,
    most_experts: int = MOST_EXPERTS,
    consensus: bool = True,
    budget_left: Decimal | None = None,
) -> dict[str, Any] | tuple[Problem, ...]:
    """The full configuration to freeze, as JSON values, or every reason to refuse the request.

    `experts` are the agent ids of the voting seats in order, `options` how many choices the question
    offers, `most_experts` and `consensus` the tenant's settings, `budget_left` what the tenant may still
    spend (it caps `max_cost_usd`). `min_consensus` is read as `consensus_threshold`.
    """
    given = _aliased(configuration)
    keys = _keys(panel_type, consensus)
    problems = list(_seat_problems(panel_type, experts, most_experts))
    values: dict[str, Any] = {key: value for key, value in given.items() if key not in _ELSEWHERE}
    for key in _ELSEWHERE:
        if key not in keys and given.get(key) is not None:
            problems.append(Problem(f"/configuration/{key}", f"does not apply to {panel_type} panels"))
    problems += [
        Problem(f"/configuration/{key}", f"is no key of {panel_type} panels; did you mean {meant}?")
        for key in given
        if key not in keys and key not in _ELSEWHERE and (meant := _meant(key, keys)) is not None
    ]
    for key, (default, check) in keys.items():
        try:
            values[key] = check(given[key]) if key in given else default
        except _Refused as refused:
            problems.append(Problem(f"/configuration/{key}", str(refused)))
            values[key] = default
    if values["method"] == "ranked":
        values["rank_options"] = True
    problems += _contradictions(values, experts, options)
    if budget_left is not None and Decimal(values["max_cost_usd"]) > budget_left:
        values["max_cost_usd"] = f"{_rounded_down(budget_left):f}"
    return tuple(problems) if problems else values


def read(panel_type: PanelType, configuration: Mapping[str, Any]) -> Configuration:
    """A frozen configuration as typed values. Total: what is absent or unusable takes its default."""
    given = _aliased(configuration)
    values: dict[str, Any] = dict.fromkeys(_ELSEWHERE)
    keys = _keys(panel_type, given.get("method") != NO_CONSENSUS)
    amount = (PROTOCOLS[panel_type].max_cost_usd, _amount)
    for key, (default, check) in {**keys, "max_cost_usd": amount}.items():
        try:
            values[key] = check(given[key]) if key in given else default
        except _Refused:
            values[key] = default
    return Configuration.model_validate(values)


def default_experts(panel_type: PanelType, most_experts: int = MOST_EXPERTS) -> int:
    """How many experts to select where the user names none; never fewer than the protocol needs."""
    limits = PROTOCOLS[panel_type]
    return max(limits.fewest_experts, min(limits.experts, most_experts))


def describe(panel_type: PanelType, most_experts: int = MOST_EXPERTS) -> dict[str, Any]:
    """One entry of `GET /panel-types`, as JSON values: limits and default configuration."""
    limits = PROTOCOLS[panel_type]
    return {
        "panel_type": panel_type,
        "title": limits.title,
        "purpose": limits.purpose,
        "experts": {
            "default": default_experts(panel_type, most_experts),
            "min": limits.fewest_experts,
            "max": min(limits.most_experts, most_experts),
        },
        "rounds": {"default": limits.rounds, "allowed": list(limits.allowed_rounds)},
        "threshold": {"default": limits.threshold, "min": 0.5, "max": 1.0},
        "methods": list(limits.methods),
        "moderator": limits.moderated,
        "human": limits.human_deadline is not None,
        "quantity": limits.quantity,
        "model_calls": limits.model_calls,
        "configuration": {key: default for key, (default, _) in _keys(panel_type, True).items()},
    }


def _meant(key: str, known: Collection[str]) -> str | None:
    """The key that this one was probably meant to be: part of its words (`max_cost`), or nearly all its letters.

    Other unknown keys are their sender's business. But a limit that is set and not heard is worse than refused.
    """
    words = f"_{key.casefold()}_"
    for one in known:
        if words in f"_{one}_" and len(key) > 1:
            return one
    close = get_close_matches(key, known, n=1, cutoff=_ALIKE)
    return close[0] if close else None


def _aliased(configuration: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(configuration)
    older = given.pop("min_consensus", None)
    if older is not None:
        given.setdefault("consensus_threshold", older)
    return given


def _seat_problems(panel_type: PanelType, experts: Sequence[str], most: int) -> tuple[Problem, ...]:
    limits = PROTOCOLS[panel_type]
    highest = min(limits.most_experts, most)
    problems: list[Problem] = []
    if highest < limits.fewest_experts:
        needs = f"{limits.fewest_experts} experts, and this tenant may have {highest}"
        problems.append(Problem("/panel_type", f"{panel_type} panels need {needs}"))
    elif not limits.fewest_experts <= len(experts) <= highest:
        allowed = f"{limits.fewest_experts} to {highest}"
        problems.append(Problem("/agents", f"{panel_type} panels have {allowed} experts, not {len(experts)}"))
    for place, agent in enumerate(experts):
        if agent in experts[:place]:
            problems.append(Problem(f"/agents/{place}", f"{agent} has a seat already"))
    return tuple(problems)


def _contradictions(values: Mapping[str, Any], experts: Sequence[str], options: int) -> list[Problem]:
    problems: list[Problem] = []
    if values.get("moderator_agent") in experts:
        problems.append(Problem("/configuration/moderator_agent", "must not be an expert of this panel"))
    if values["rank_options"] and options < 2:
        key = "method" if values["method"] == "ranked" else "rank_options"
        problems.append(Problem(f"/configuration/{key}", "ranking needs at least two options"))
    if values.get("quantity") is not None and options:
        problems.append(Problem("/configuration/quantity", "a forecast has no options"))
    return problems
