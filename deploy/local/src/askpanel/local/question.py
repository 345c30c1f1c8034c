"""What can be said of a question and its experts before anything is sent. Pure.

Unfit: something on the command line cannot be meant; the text says what can.
"""

import re
from collections.abc import Sequence
from typing import get_args
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from askpanel.contracts.catalogue import AgentId
from askpanel.contracts.configuration import PROTOCOLS
from askpanel.contracts.events import PanelType

NAME_THE_ANSWERS = (
    "no answers are named, so stances for and against are counted; "
    'to have answers counted: --option "one answer" --option "another"'
)
COUNTS_STANCES = ("structured", "socratic", "adversarial", "hybrid")
"""Where a question without options is supported or opposed; open and delphi panels gather points and items."""

_ENDS = re.compile(r"(?<=[.?!:;])\s+")
_WHICH = re.compile(r"^\s*(?:(?:in|into|on|by|for|from|of|to|at|with)\s+)?which\b", re.IGNORECASE)
_OR = re.compile(r"\b(?:or|vs|versus)\b(?!\s+(?:not|less|more|so)\b)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+")
_AGENT = TypeAdapter[str](AgentId)


class Unfit(Exception):
    """A word of the command line that cannot be meant; the message says what can."""


def asks_for_a_choice(question: str) -> bool:
    """Whether it reads like "A or B?" or "Which …?": English only, and a guess, good enough for a hint."""
    asked = (part for part in _ENDS.split(question.strip()) if part.endswith("?"))
    return any(_WHICH.search(part) or _OR.search(part) for part in asked)


def remark(question: str, panel_type: str, options: Sequence[str]) -> str | None:
    """What to tell somebody whose question asks for a choice and names no answers."""
    if options or panel_type not in COUNTS_STANCES or not asks_for_a_choice(question):
        return None
    return NAME_THE_ANSWERS


def panel_type(text: str) -> PanelType:
    """Raises Unfit."""
    for known in PROTOCOLS:
        if known == text:
            return known
    raise Unfit(f"--type {text}: there are {', '.join(get_args(PanelType))}")


def seats(text: str, kind: PanelType) -> int | list[str]:
    """How many experts, or which. Raises Unfit for what no panel of this kind takes."""
    limits = PROTOCOLS[kind]
    allowed = f"{kind} takes {limits.fewest_experts} to {limits.most_experts} experts"
    if _NUMBER.fullmatch(text.strip()):
        if not limits.fewest_experts <= int(text) <= limits.most_experts:
            raise Unfit(f"--experts {text}: {allowed}")
        return int(text)
    agents = [agent.strip() for agent in text.split(",") if agent.strip()]
    for agent in agents:
        try:
            _AGENT.validate_python(agent)
        except ValidationError:
            raise Unfit(f"--experts {text}: {agent!r} is no number and no expert's id; {allowed}") from None
    if not agents:
        raise Unfit(f"--experts {text!r} names nobody; {allowed}")
    return agents


def panel_id(text: str) -> str:
    """As the API takes it. Raises Unfit."""
    try:
        return str(UUID(text))
    except ValueError:
        raise Unfit(
            f"{text!r} is no panel's id: that is like c253fbc7-b828-58dd-97aa-8ddf1a2a0e83, "
            "and `ask` shows it when a panel begins"
        ) from None
