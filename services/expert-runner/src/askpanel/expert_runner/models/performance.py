"""What the scripted model says: an answer for any JSON schema of ours, from the script and the call. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from askpanel.expert_runner.models.script import Cue, Script, chance, pick, weights

_FOR = (
    "The benefits can be measured within the first year.",
    "The main risks are known and can be contained with a staged start.",
    "The people who have to carry it out are available.",
    "Waiting would cost more than a controlled first step.",
    "The evidence at hand points the same way in most comparable cases.",
    "The step can be reversed if the first figures disappoint.",
)
_AGAINST = (
    "The costs fall early while the benefits are uncertain.",
    "The evidence at hand comes from cases that differ in kind.",
    "Those who would bear the risk have not been asked.",
    "A smaller step would teach as much for less.",
    "The rules that apply may change before it pays off.",
    "Nobody is named who would stop it if it goes wrong.",
)
_PROSE = (
    "The question turns on what can be known now and what can only be learned by acting.",
    "A first step should be small enough to undo and large enough to measure.",
    "Those who are affected should see the criteria before the result.",
    "Figures from comparable cases help, as long as the differences are named.",
    "The order of the steps matters more than their number.",
    "A review after a fixed time keeps the decision honest.",
)
_VERB = {
    "support": "support",
    "conditional": "support with conditions",
    "oppose": "oppose",
    "abstain": "cannot judge",
}


def answer_text(script: Script, cue: Cue, schema: Mapping[str, Any]) -> str:
    """The JSON text of a valid answer to `schema`."""
    properties = cast("Mapping[str, Mapping[str, Any]]", schema["properties"])
    stance, changed = _stance(script, cue)
    values = _Values(script, cue, stance, changed)
    return json.dumps(
        {name: values.of(name, field) for name, field in properties.items()}, ensure_ascii=False
    )


def _stance(script: Script, cue: Cue) -> tuple[str, bool]:
    """The stance of this round, and whether it differs from the first round's."""
    first = script.weighted("stance", cue, chance(script, cue, "stance"))
    choices = weights(script.value("stance", cue))
    leading = max(choices, key=lambda name: choices[name])
    moves = cue.round_number > 1 and first != leading
    if moves and chance(script, cue, "change") < script.number("change", cue):
        return leading, True
    return first, False


class _Values:
    """The value of each field of one answer."""

    def __init__(self, script: Script, cue: Cue, stance: str, changed: bool) -> None:
        self._script, self._cue, self._stance, self._changed = script, cue, stance, changed

    def of(self, name: str, field: Mapping[str, Any]) -> Any:
        match name:
            case "content":
                return self._content()
            case "key_points":
                return self._points(field)
            case "position":
                return f"{self._cue.agent}: I {_VERB[self._stance]} this in round {self._cue.round_number}."
            case "stance":
                return self._stance
            case "option":
                return self._option(field)
            case "ranking":
                return self._ranking(field)
            case "ratings":
                return [self._rating(item) for item in range(cast("int", field["maxItems"]))]
            case "value" | "low" | "high":
                return {"low": 40, "value": 50, "high": 60}[name] + round(10 * self._chance("value"))
            case "changed":
                return self._changed
            case "cause":
                return "Response A: the first step can be undone." if self._changed else None
            case "confidence":
                stated = self._script.value("confidence", self._cue)
                return None if stated == "none" else float(stated)
            case "citations":
                return field["items"]["enum"][:1]
            case "conditions":
                return ["a review after the first quarter"] if self._stance == "conditional" else []
            case "questions":
                about = ("evidence", "assumption", "consequence")
                return [
                    f"Which {word} would change your mind most, seen from {self._cue.agent}?"
                    for word in about
                ]
            case "unresolved":
                return ["How soon the first figures will be known."]
            case _:
                return f"Response A: {self._pool()[0]}"

    def _chance(self, *what: object) -> float:
        return chance(self._script, self._cue, *what)

    def _pool(self) -> Sequence[str]:
        return _AGAINST if self._stance == "oppose" else _FOR

    def _content(self) -> str:
        """Prose of the wished number of words that says it is scripted."""
        cue, wished = self._cue, int(self._script.value("words", self._cue))
        words = (
            f"Scripted answer of {cue.agent}, round {cue.round_number}: I {_VERB[self._stance]} this.".split()
        )
        words += " ".join(self._chosen()).split()
        start = int(self._chance("prose", cue.round_number) * len(_PROSE))
        prose = [word for at in range(len(_PROSE)) for word in _PROSE[(start + at) % len(_PROSE)].split()]
        while len(words) < wished:
            words += prose[: wished - len(words)]
        return " ".join(words[:wished])

    def _chosen(self) -> list[str]:
        """The key points: the first two of the side are everybody's, the rest are the expert's own draw."""
        pool, count = self._pool(), int(self._script.value("points", self._cue))
        own = sorted(pool[2:], key=lambda point: self._chance("point", point))
        return [*pool[:2], *own][:count]

    def _points(self, field: Mapping[str, Any]) -> list[Any]:
        item = field["items"]
        if item["type"] == "string":
            return list(self._chosen())
        names = cast("Sequence[str]", item["properties"]["dimension"]["enum"])
        return [{"text": text, "dimension": names[at % len(names)]} for at, text in enumerate(self._chosen())]

    def _option(self, field: Mapping[str, Any]) -> str | None:
        ids = cast("Sequence[str]", field["anyOf"][0]["enum"])
        wished = {
            name: weight
            for name, weight in weights(self._script.value("option", self._cue)).items()
            if name in ids
        }
        return pick(wished, self._chance("option")) if wished else ids[0]

    def _ranking(self, field: Mapping[str, Any]) -> list[str]:
        ids = cast("list[str]", field["items"]["enum"])
        return [ids[0], *sorted(ids[1:], key=lambda name: self._chance("rank", name))]

    def _rating(self, item: int) -> int:
        wished = self._script.value("rating", self._cue)
        centre = int(wished) if wished else {"oppose": 3, "abstain": 5, "conditional": 6}.get(self._stance, 7)
        return min(9, max(1, centre + round(2 * self._chance("rating", item) - 1)))
