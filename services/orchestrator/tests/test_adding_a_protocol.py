"""The protocol shown in docs/adding-a-protocol.md runs as it stands there."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from askpanel.contracts.events import ConsensusRequested
from askpanel.orchestrator import decider
from askpanel.orchestrator.protocols import PROTOCOLS

from .simulator import begin, created, kinds, shape

REPOSITORY = Path(__file__).parents[3]
PAGE = REPOSITORY / "docs" / "adding-a-protocol.md"
SOURCES = (
    "contracts/*/src/**/*",
    "services/*/src/**/*",
    "deploy/local/src/**/*",
    "deploy/supabase/**/*",
    "apps/web/src/**/*",
    "*/*/tests/**/*",
    "tests/**/*",
)


def test_the_documented_protocol_needs_nothing_but_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    example = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert example is not None
    module: dict[str, Any] = {}
    exec(example.group(1), module)  # our own documentation
    protocols = {**PROTOCOLS, "structured": replace(module["REVERSAL"], name="structured")}
    monkeypatch.setattr(decider, "PROTOCOLS", protocols)
    panel = begin(created("structured", 3)).run()
    assert {tuple(kinds(request)) for request in panel.requests("2a")} == {("question", "own_answer")}
    assert [len(request.responses) for request in panel.of(ConsensusRequested)] == [3, 3]
    assert shape(panel.events)[-1] == "panel.completed max_rounds"


def test_every_file_that_lists_the_protocols_is_on_the_page() -> None:
    named = set(re.findall(r"`((?:contracts|services|deploy|apps|tests)/\S+\.[a-z]+)`", PAGE.read_text()))
    assert {path for path in named if not (REPOSITORY / path).is_file()} == set()
    sources = [
        file
        for pattern in SOURCES
        for file in REPOSITORY.glob(pattern)
        if file.suffix in (".py", ".sql", ".ts", ".tsx") and file.name != "schema.ts"  # which is generated
    ]
    listing = {
        str(file.relative_to(REPOSITORY))
        for file in sources
        if set(PROTOCOLS) <= set(re.findall(r"\w+", file.read_text()))
    }
    assert len(listing) >= 5
    assert listing - named == set()
