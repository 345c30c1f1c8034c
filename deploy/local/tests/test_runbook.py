"""docs/operating.md keeps what others link to and type: a section per alert, commands that exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from askpanel.local.cli import app

REPOSITORY = Path(__file__).parents[3]
PAGE = (REPOSITORY / "docs" / "operating.md").read_text()
RULES = REPOSITORY / "deploy" / "helm" / "ask-panel" / "files"
COMMAND = re.compile(r"\baskpanel ((?:dead )?[a-z-]*[a-z])\b((?: --[a-z]+)?)")
LINK = re.compile(r"\]\(#([^)]+)\)")


def alerts() -> Iterator[str]:
    for file in sorted(RULES.glob("alerts*.yaml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from (rule["alert"] for rule in group["rules"])


def sections() -> dict[str, str]:
    """Text by heading, of the third level."""
    parts = re.split(r"^### (.+)$", PAGE, flags=re.MULTILINE)
    return {
        heading: text.partition("\n## ")[0] for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }


@pytest.mark.parametrize("alert", tuple(alerts()))
def test_every_alert_has_a_section_with_a_command(alert: str) -> None:
    assert "```\n" in sections()[alert] or "](#" in sections()[alert]


def test_no_section_is_of_an_alert_that_is_gone() -> None:
    assert {heading for heading in sections() if heading.startswith("AskPanel")} == set(alerts())


def test_links_within_the_page_lead_somewhere() -> None:
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)}
    links = set(LINK.findall(PAGE))
    assert links
    assert links <= headings


def test_commands_and_options_in_the_page_exist() -> None:
    group: Any = typer.main.get_command(app)
    known = dict(group.commands)
    known |= {f"dead {name}": command for name, command in known["dead"].commands.items()}
    named = COMMAND.findall(re.sub(r"`askpanel dead`", "", PAGE))
    assert any(option for _, option in named)
    for name, option in named:
        assert name in known, name
        options = [flag for parameter in known[name].params for flag in parameter.opts]
        assert not option or option.strip() in options, f"{name} {option}"
