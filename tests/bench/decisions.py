"""What a decision costs on the largest panels: `python -m tests.bench.decisions`.

Processor time of one fold step and one decision, best of five; the worst decision is the one that opens a
round and writes every seat's context.
"""

from statistics import median
from time import thread_time

from askpanel.contracts.configuration import PROTOCOLS
from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import HumanRequested, PanelType
from askpanel.orchestrator.decider import decide
from askpanel.orchestrator.state import PanelState, evolve, fold
from services.orchestrator.tests.simulator import begin, created, human, responded


def longest(panel_type: PanelType) -> list[Recorded]:
    """A panel of the most seats and rounds, each answer with 1,500 characters."""
    limits = PROTOCOLS[panel_type]
    configuration = {"max_rounds": limits.allowed_rounds[-1]}
    options = [f"o{n}" for n in range(9)] if panel_type == "delphi" else ()
    event = created(panel_type, limits.most_experts, configuration=configuration, options=options)
    panel = begin(event)
    text = "As Name 1 says, " + "a reason that others may find convincing. " * 35
    for _ in range(limits.allowed_rounds[-1] + 1):
        panel.run(
            lambda r: (
                responded(r, content=text, ratings=(((r.seat * 7 + r.round_number * 5) % 9 + 1),) * 9)
                if r.purpose == "rating"
                else responded(r, content=text)
            )
        )
        if panel_type == "hybrid" and panel.ending is None:
            asked: HumanRequested = panel.of(HumanRequested)[-1]
            panel.give(human(asked, "modify" if asked.kind == "ratify" else "answer", "Go on."))
    return panel.log


def main() -> None:
    """Print one row per protocol."""
    print(
        "| protocol | events | decision, median ms | worst ms | fold of the whole log, ms |\n|---|---|---|---|---|"
    )
    for panel_type in PROTOCOLS:
        log = longest(panel_type)
        times = [min(pair) for pair in zip(*(_steps(log) for _ in range(5)), strict=True)]
        whole = min(_timed(log) for _ in range(3))
        print(f"| {panel_type} | {len(log)} | {median(times):.2f} | {max(times):.2f} | {whole:.2f} |")


def _steps(log: list[Recorded]) -> list[float]:
    """Processor time of each fold step with its decision, in ms."""
    times: list[float] = []
    state: PanelState | None = None
    for recorded in log:
        begun = thread_time()
        state = evolve(state, recorded)
        assert state is not None
        decide(state, recorded.envelope.time)
        times.append((thread_time() - begun) * 1000)
    return times


def _timed(log: list[Recorded]) -> float:
    begun = thread_time()
    fold(log)
    return (thread_time() - begun) * 1000


if __name__ == "__main__":
    main()
