"""Fitting blocks into a budget: the longest texts are shortened first, and the prompt says so.

One cap for all texts is found by bisection, so short texts stay whole and long ones share what is left
alike. The question and what is debated may be four times as long as any other text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from askpanel.contracts.blocks import Block
from askpanel.expert_runner.prompts.quote import quoted

CUT = "[cut]"

_NEVER_CUT = frozenset({"id", "label", "unit", "item", "side", "stance", "option", "dimensions"})
_MAIN = frozenset({"question", "proposition", "custom_prompt", "item"})
_NOT_SHOWN = frozenset({"kind", "rank_options", "ask_human", "explain"})
_LEFT_OUT_FIRST = ("evidence", "peer_answer", "debate_text", "theme", "opponent_text", "parent", "human_text")
_SMALLEST = 24


@dataclass(frozen=True, slots=True)
class Fitted:
    """The blocks as (kind, text) in their order, and the names of those that are not whole."""

    blocks: tuple[tuple[str, str], ...]
    cut: tuple[str, ...] = ()


class NoRoom(Exception):
    """Not even the shortest form of what must be shown fits the model's window."""


def fit(blocks: Sequence[Block], room: int) -> Fitted:
    """Render the blocks within `room` bytes of UTF-8; raises NoRoom."""
    kept, dropped = list(blocks), list[str]()
    largest = max((_longest(_payload(block)) for block in kept), default=_SMALLEST)
    whole = _rendered(kept, largest)
    if _bytes(whole) <= room:
        return _fitted(kept, whole)
    while _bytes(_rendered(kept, _SMALLEST)) > room:
        victim = _least_needed(kept)
        if victim is None:
            raise NoRoom(f"the question and its fields need more than {room} bytes")
        dropped.append(_name(kept.pop(victim)))
    texts = _rendered(kept, _largest_cap(kept, room, largest))
    whole = _rendered(kept, largest)
    shortened = [_name(block) for block, now, full in zip(kept, texts, whole, strict=True) if now != full]
    return _fitted(kept, texts, (*shortened, *dropped))


def _fitted(blocks: Sequence[Block], texts: Sequence[str], cut: tuple[str, ...] = ()) -> Fitted:
    pairs = zip(blocks, texts, strict=True)
    return Fitted(tuple((block.kind, text) for block, text in pairs), cut)


def shorten(text: str, most: int, mark: str = f" {CUT}") -> str:
    """At most `most` bytes of UTF-8, cut at a sentence or word end and marked, or the text as it is."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) <= most:
        return text
    head = raw[: max(0, most - len(mark))].decode("utf-8", "ignore")
    for end in (head.rfind(". ") + 1, head.rfind(" ")):
        if end > len(head) // 2:
            head = head[:end]
            break
    return f"{head.rstrip()}{mark}"


def _largest_cap(blocks: Sequence[Block], room: int, largest: int) -> int:
    low, high = _SMALLEST, largest
    while high - low > 8:
        middle = (low + high) // 2
        low, high = (middle, high) if _bytes(_rendered(blocks, middle)) <= room else (low, middle)
    return low


def _rendered(blocks: Sequence[Block], cap: int) -> list[str]:
    return [_render(block, cap * 4 if block.kind in _MAIN else cap) for block in blocks]


def _render(block: Block, cap: int) -> str:
    return quoted(block.kind, {key: _capped(key, value, cap) for key, value in _payload(block).items()})


def _payload(block: Block) -> Mapping[str, Any]:
    """The block's fields without its kind, its switches, and what is empty or false."""
    fields = block.model_dump(mode="json", exclude_none=True)
    return {key: value for key, value in fields.items() if key not in _NOT_SHOWN and not _is_empty(value)}


def _is_empty(value: Any) -> bool:
    return value is False or value in ("", [])


def _capped(key: str, value: Any, cap: int) -> Any:
    if isinstance(value, str):
        return value if key in _NEVER_CUT else shorten(value, cap)
    if isinstance(value, list):
        return [_capped(key, entry, cap) for entry in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: _capped(name, entry, cap) for name, entry in cast("dict[str, Any]", value).items()}
    return value


def _longest(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, list):
        return max((_longest(entry) for entry in cast("list[Any]", value)), default=0)
    if isinstance(value, Mapping):
        return max((_longest(entry) for entry in cast("Mapping[str, Any]", value).values()), default=0)
    return 0


def _least_needed(blocks: Sequence[Block]) -> int | None:
    """The last block of the kind that is given up first."""
    for kind in _LEFT_OUT_FIRST:
        found = [position for position, block in enumerate(blocks) if block.kind == kind]
        if found:
            return found[-1]
    return None


def _name(block: Block) -> str:
    return getattr(block, "label", None) or getattr(block, "id", None) or block.kind


def _bytes(texts: Sequence[str]) -> int:
    return sum(len(text.encode("utf-8", "surrogatepass")) + 2 for text in texts)
