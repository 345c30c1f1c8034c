"""What a default panel of each type does, step by step, as released: a change here changes old replays.

To accept a change, delete the golden file and run this test once: it writes the file and fails.
"""

from pathlib import Path

import pytest

from askpanel.contracts.configuration import PROTOCOLS
from askpanel.contracts.events import Event, ExpertRequested, HumanRequested, PanelType

from .simulator import begin, created, human, shape

GOLDEN = Path(__file__).parent / "golden"


def lines(event: Event) -> list[str]:
    """The event in short; a request with the label or kind of each block."""
    short = shape([event])
    if isinstance(event, ExpertRequested):
        shown = (getattr(block, "label", block.kind) for block in event.context.blocks)
        return [f"{short[0]}: {', '.join(shown)}"]
    return short


@pytest.mark.parametrize("panel_type", PROTOCOLS)
def test_a_default_panel_does_what_it_did_when_released(panel_type: PanelType) -> None:
    panel = begin(created(panel_type)).run()
    while panel.ending is None:
        asked: HumanRequested = panel.of(HumanRequested)[-1]
        panel.give(human(asked, "approve" if asked.kind == "ratify" else "answer", "Go on.", "support"))
        panel.run()
    told = "\n".join(line for event in panel.events for line in lines(event)) + "\n"
    path = GOLDEN / f"{panel_type}.txt"
    if not path.exists():
        path.write_text(told)
        pytest.fail(f"{path.name} was missing and has been written: read it, then run again")
    assert told == path.read_text()
