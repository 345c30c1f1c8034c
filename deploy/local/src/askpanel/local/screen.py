"""What a person sees of a panel in the terminal: a state folded from its SSE events, and its rendering."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from askpanel.local.client import SseEvent

STANCES = {"support": "green", "conditional": "yellow", "oppose": "red", "neutral": "blue", "abstain": "dim"}
TAIL_CHARACTERS = 400


@dataclass(slots=True)
class Speech:
    """One seat's turn in one step."""

    agent_name: str
    round_number: int
    text: str = ""
    stance: str = ""
    vote: str = ""
    state: str = "waiting"
    failure: str = ""


@dataclass(slots=True)
class Screen:
    """The panel so far."""

    speeches: dict[tuple[int, str, int], Speech] = field(default_factory=dict[tuple[int, str, int], Speech])
    names: dict[str, str] = field(default_factory=dict[str, str])
    options: dict[str, str] = field(default_factory=dict[str, str])
    round_number: int = 0
    ended: str = ""

    def take(self, event: SseEvent) -> str | None:
        """Fold one event; returns a line worth saying to somebody who reads a plain log."""
        data = event.data
        match event.name:
            case "panel_created":
                self.names = {seat["agent_id"]: seat["agent_name"] for seat in data.get("agents", [])}
                self.options = {option["id"]: option["text"] for option in data.get("options", [])}
                return f"panel {data['panel_id']}: {len(self.names)} experts"
            case "round_started":
                self.round_number = data["round_number"]
                return f"round {self.round_number}"
            case "expert_speaking":
                speech = self._speech(data)
                speech.agent_name, speech.state, speech.text = data["agent_name"], "speaking", ""
                again = f" (attempt {data['attempt']})" if data.get("attempt", 1) > 1 else ""
                return f"{speech.agent_name} is speaking{again}"
            case "response_delta":
                self._speech(data).text += data.get("text", "")
            case "response_added":
                return self._answered(data)
            case "expert_failed":
                speech = self._speech(data)
                speech.state, speech.failure = "failed", data["reason"]
                return f"{speech.agent_name or data['agent_id']} failed: {data['reason']}"
            case "consensus_calculated":
                return f"consensus of round {data['round_number']}: {data['consensus_level']:.0%} ({data['band']})"
            case "human_requested":
                return f"waiting for a person until {local_time(data['deadline_at'])}: {data['question']}"
            case "panel_completed" | "panel_failed":
                self.ended = event.name
                return None
            case _:
                pass
        return None

    def live(self) -> RenderableType:
        """The speeches of the running round."""
        return Group(
            *(
                speech_panel(s, live=True)
                for s in self.speeches.values()
                if s.round_number == self.round_number
            )
        )

    def _answered(self, data: dict[str, Any]) -> str:
        speech = self._speech(data)
        speech.agent_name = data.get("agent_name") or speech.agent_name
        speech.text, speech.state = data["content"], "answered"
        speech.stance = data.get("stance") or ""
        speech.vote = self.options.get(str(data.get("option"))) or speech.stance or data.get("action") or ""
        return f"{speech.agent_name} answered ({speech.vote}): {speech.text}"

    def _speech(self, data: dict[str, Any]) -> Speech:
        key = (data.get("round_number", 0), str(data.get("step", "")), data.get("seat", -1))
        agent = str(data.get("agent_id", ""))
        name = str(data.get("agent_name") or self.names.get(agent, agent))
        return self.speeches.setdefault(key, Speech(name, data.get("round_number", 0)))


def local_time(moment: str) -> str:
    """An instant of the API as the clock on the wall has it."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def speech_panel(speech: Speech, *, live: bool = False) -> RenderableType:
    """One expert's card."""
    colour = STANCES.get(speech.stance, "cyan")
    status = {"speaking": "speaking …", "answered": speech.vote, "failed": f"failed: {speech.failure}"}.get(
        speech.state, "waiting"
    )
    text = speech.text[-TAIL_CHARACTERS:] if live and speech.state == "speaking" else speech.text
    title = f"[bold]{escape(speech.agent_name)}[/bold] · {escape(status)}"
    return Panel(Text(text), title=title, title_align="left", border_style=colour)


def result(panel: dict[str, Any]) -> Iterator[RenderableType]:
    """The finished panel of `GET /panels/{id}`: what to know first stands first."""
    yield Rule("[bold]Result")
    failure, consensus = panel.get("failure"), panel.get("consensus")
    if panel["status"] == "failed" and failure:
        yield Text(f"Failed: {failure['reason']}. {failure.get('detail') or ''}", style="bold red")
        for one in panel["failures"]:
            yield Text(f"  {one['agent_name']}, attempt {one['attempt']}: {one['reason']}", style="red")
    if panel.get("degraded"):
        yield Text("Degraded: " + "; ".join(panel["degraded"]), style="bold yellow")
    labels = sorted({r["model_label"] for r in panel["responses"] if r.get("model_label")})
    if labels:
        yield Text(f"Answers by a {' and a '.join(labels)}: a demonstration, not advice.", style="yellow")
    if consensus:
        yield from _consensus(consensus, {r["agent_id"]: r["agent_name"] for r in panel["responses"]})
    usage = panel["usage"]
    yield Text(
        f"\n{usage['tokens_used']} tokens in {usage['calls']} calls, cost {_money(usage)}, "
        f"stopped by {panel.get('stop_reason') or panel['status']}",
        style="dim",
    )
    if usage["uncosted_calls"]:
        yield Text(
            f"{usage['uncosted_calls']} calls are not costed yet: the cost will be higher.", style="dim"
        )


def _consensus(consensus: dict[str, Any], names: Mapping[str, str]) -> Iterator[RenderableType]:
    yield Text(
        f"Consensus {consensus['consensus_level']:.0%}, {consensus['band']} (method {consensus['method']})",
        style="bold",
    )
    for title, points, colour in (
        ("They agree", _points(consensus, "agreement", names), "green"),
        ("They disagree", _points(consensus, "disagreement", names), "red"),
        (
            "Dissent",
            [f"{d['agent_name']}: {d['opinion']}" for d in consensus["dissenting_opinions"]],
            "magenta",
        ),
    ):
        if points:
            yield Text(f"\n{title}", style=f"bold {colour}")
            table = Table.grid(padding=(0, 1))
            for point in points:
                table.add_row("•", Text(point))
            yield table
    yield Panel(Text(consensus["recommendation"]), title="[bold]Recommendation", title_align="left")


def _points(consensus: dict[str, Any], kind: str, names: Mapping[str, str]) -> list[str]:
    """Each point, and who stands where: "text (A, B)", or "text (support: A; oppose: B, C)"."""

    def named(agents: Sequence[str]) -> str:
        return ", ".join(names.get(agent, agent) for agent in agents)

    return [
        f"{point['text']} ({'; '.join(f'{side}: {named(agents)}' for side, agents in point['sides'].items())})"
        if point["sides"]
        else f"{point['text']} ({named(point['supporters'])})"
        for point in consensus["points"]
        if point["kind"] == kind
    ]


def _money(usage: dict[str, Any]) -> str:
    if usage.get("unpriced_calls"):
        return (
            f"at least {usage['cost_usd'] or 0} USD ({usage['unpriced_calls']} calls without a known price)"
        )
    return f"{usage['cost_usd'] or 0} USD"
