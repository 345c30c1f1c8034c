"""The script of the scripted model: text -> rules, rules and call -> a performance. Pure.

    scripted[:key=value,...]

A key may be narrowed: `key[.agent][#round][@attempt]`; the last rule that matches wins.

| key | value | default |
|---|---|---|
| seed | any text | 0 |
| latency | seconds to the first character | 0 |
| spread | 0-1: latency varies by up to this share, or `exp`: exponential with mean `latency` | 0 |
| tps | tokens (words) per second while writing; 0 = at once | 0 |
| deltas | pieces an answer arrives in when tps is 0 | 4 |
| words | length of `content` | 120 |
| points | key points, 1-4 | 3 |
| stance | `support`, or weights `support:0.6/oppose:0.4`; the draw is per expert | support |
| option | an id, or weights `a:2/b:1` | the first option |
| rating | 1-9, the centre; ratings lie within 1 of it | 7 (oppose: 3) |
| change | probability that an expert whose draw is not the leading stance takes it from round 2 on | 0 |
| confidence | 0-1, or `none` | 0.8 |
| usage | `none`, or `input/output` tokens | counted words |
| retry_after | seconds said with 429 | 1 |
| record | a file that gets one JSON line per call, when it begins (see `scripted.record`) | none |
| fail | `none`, a failure, or rates `429:0.1/500:0.05`; e.g. `fail.expert-2@1=500`, `fail#2=hang` | none |

Failures: 429 500 529 401 404 connect hang stall cut drip empty html text schema huge length refusal.
Everything is a function of (seed, panel, expert, round, step, attempt): same seed, same bytes.
"""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

FailureKind = Literal[
    "429", "500", "529", "401", "404", "connect", "hang", "stall", "cut", "drip",
    "empty", "html", "text", "schema", "huge", "length", "refusal",
]  # fmt: skip

DEFAULTS: Mapping[str, str] = {
    "seed": "0",
    "latency": "0",
    "spread": "0",
    "tps": "0",
    "deltas": "4",
    "words": "120",
    "points": "3",
    "stance": "support",
    "option": "",
    "rating": "",
    "change": "0",
    "confidence": "0.8",
    "usage": "",
    "retry_after": "1",
    "record": "",
    "fail": "none",
}

_RULE = re.compile(r"(?P<key>[a-z_]+)(?:\.(?P<agent>[a-z0-9-]+))?(?:#(?P<round>\d+))?(?:@(?P<attempt>\d+))?")


class ScriptError(ValueError):
    """The script cannot be read; the message names the part and what would be right."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Whose turn it is: what a rule may be narrowed to, and what every draw depends on."""

    panel: str
    agent: str
    round_number: int = 1
    step: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """One setting, for all calls or for some."""

    key: str
    value: str
    agent: str | None = None
    round_number: int | None = None
    attempt: int | None = None

    def matches(self, cue: Cue) -> bool:
        """Whether the rule speaks of this call."""
        return (
            self.agent in (None, cue.agent)
            and self.round_number in (None, cue.round_number)
            and self.attempt in (None, cue.attempt)
        )


@dataclass(frozen=True, slots=True)
class Script:
    """A read script: its rules in order."""

    rules: tuple[Rule, ...] = ()

    def value(self, key: str, cue: Cue) -> str:
        """The setting that holds for this call."""
        found = DEFAULTS[key]
        for rule in self.rules:
            if rule.key == key and rule.matches(cue):
                found = rule.value
        return found

    def number(self, key: str, cue: Cue) -> float:
        """The same as a number."""
        return float(self.value(key, cue))

    def weighted(self, key: str, cue: Cue, draw: float) -> str:
        """One of the weighted values, by a draw in [0, 1)."""
        return pick(weights(self.value(key, cue)), draw)

    def failure(self, cue: Cue) -> FailureKind | None:
        """How this call fails, if it does. Rates below 1 in sum leave the rest to succeed."""
        planned = self.value("fail", cue)
        if planned == "none":
            return None
        rates, draw = weights(planned), chance(self, cue, "fail", cue.round_number, cue.step, cue.attempt)
        reached = 0.0
        for kind, rate in rates.items():
            reached += rate
            if draw < reached:
                return cast("FailureKind", kind)
        return None


def parse_script(text: str) -> Script:
    """Read `scripted[:key=value,...]`; raises ScriptError."""
    name, _, settings = text.partition(":")
    if name != "scripted":
        raise ScriptError(f"not a script: {text!r} does not start with 'scripted'")
    parts = [part.strip() for part in settings.split(",") if part.strip()]
    return Script(tuple(_rule(part) for part in parts))


def chance(script: Script, cue: Cue, *what: object) -> float:
    """A number in [0, 1) that depends on seed, panel, expert and `what` alone."""
    seed = script.value("seed", cue)
    name = "\x1f".join(str(part) for part in (seed, cue.panel, cue.agent, *what))
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=7).digest(), "big") / 2**56


def latency(script: Script, cue: Cue) -> float:
    """Seconds until the first character."""
    mean, spread = script.number("latency", cue), script.value("spread", cue)
    if mean == 0:
        return 0.0
    draw = chance(script, cue, "latency", cue.round_number, cue.step, cue.attempt)
    if spread == "exp":
        return -mean * math.log(1 - draw)
    return mean * (1 + float(spread) * (2 * draw - 1))


def weights(text: str) -> Mapping[str, float]:
    """`a:2/b:1` or `a` (weight 1); raises ScriptError."""
    found = dict[str, float]()
    for part in text.split("/"):
        name, _, weight = part.partition(":")
        try:
            found[name] = float(weight) if weight else 1.0
        except ValueError:
            raise ScriptError(f"{text!r}: {weight!r} is no number") from None
        if not found[name] >= 0:
            raise ScriptError(f"{text!r}: a weight is negative")
    return found


def pick(choices: Mapping[str, float], draw: float) -> str:
    """The choice a draw in [0, 1) falls on."""
    reached, total = 0.0, sum(choices.values())
    for name, weight in choices.items():
        reached += weight
        if draw * total < reached:
            return name
    return next(iter(choices))


def _rule(part: str) -> Rule:
    left, equals, value = part.partition("=")
    match = _RULE.fullmatch(left.strip())
    if not equals or match is None or match["key"] not in DEFAULTS:
        known = ", ".join(DEFAULTS)
        raise ScriptError(f"{part!r} is not key=value with one of: {known}")
    key, value = match["key"], value.strip()
    _check(key, value)
    round_number, attempt = match["round"], match["attempt"]
    return Rule(
        key,
        value,
        match["agent"],
        int(round_number) if round_number else None,
        int(attempt) if attempt else None,
    )


def _check(key: str, value: str) -> None:
    """Whether a value fits its key; raises ScriptError."""
    if key in ("latency", "tps", "change", "retry_after"):
        _number(key, value)
    elif (key == "spread" and value != "exp") or (key == "confidence" and value != "none"):
        _number(key, value, most=1)
    elif key in ("deltas", "words", "points", "rating"):
        most = {"points": 4, "rating": 9}.get(key, 10_000)
        if not value.isdecimal() or not 1 <= int(value) <= most:
            raise ScriptError(f"{key}={value}: a whole number from 1 to {most} is needed")
    elif key == "usage":
        if value != "none" and not re.fullmatch(r"\d+/\d+", value):
            raise ScriptError(f"usage={value}: 'none' or 'input/output' is needed")
    elif key == "stance":
        _known(key, value, ("support", "conditional", "oppose", "abstain"))
    elif key == "fail" and value != "none":
        _known(key, value, get_args(FailureKind))


def _known(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if unknown := [name for name in weights(value) if name not in allowed]:
        raise ScriptError(f"{key}={value}: {unknown[0]!r} is not one of {', '.join(allowed)}")


def _number(key: str, value: str, most: float = math.inf) -> None:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number <= most or math.isinf(number):
        raise ScriptError(f"{key}={value}: a number from 0 to {most:g} is needed")
