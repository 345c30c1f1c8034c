"""The name by which a hint calls the command, and what else a command says in passing."""

import re
from pathlib import Path

import httpx
import pytest

from askpanel.gateway.readmodel.drift_finding import Finding
from askpanel.local.client import problem
from askpanel.local.doctor import as_expected
from askpanel.local.invocation import as_typed
from askpanel.local.screen import local_time


@pytest.fixture
def script(tmp_path: Path) -> Path:
    script = tmp_path / "my tools" / "bin" / "askpanel"
    script.parent.mkdir(parents=True)
    script.touch()
    return script


def test_a_command_on_the_search_path_is_called_by_its_name(script: Path, tmp_path: Path) -> None:
    linked = tmp_path / "askpanel"
    linked.symlink_to(script)
    assert as_typed(str(script), python="/usr/bin/python", found=str(script)) == "askpanel"
    assert as_typed(str(script), python="/usr/bin/python", found=str(linked)) == "askpanel"


def test_a_command_elsewhere_is_called_as_it_was(script: Path) -> None:
    assert as_typed(".venv/bin/askpanel", python="/usr/bin/python", found=None) == ".venv/bin/askpanel"
    assert as_typed(".venv/bin/askpanel", python="/usr/bin/python", found=str(script)) == ".venv/bin/askpanel"
    assert as_typed(str(script), python="/usr/bin/python", found=None) == f"'{script}'"


def test_a_module_is_called_by_the_script_beside_its_python() -> None:
    typed = as_typed("/src/askpanel/local/__main__.py", python="/venv/bin/python", found=None)
    assert typed == "/venv/bin/askpanel"


def test_a_moment_is_told_by_the_clock_on_the_wall_without_fractions() -> None:
    told = local_time("2026-11-29T06:10:00.250731Z")
    assert re.fullmatch(r"2026-11-(28|29|30) \d\d:\d\d:00 \S+", told)


def test_a_refusal_names_the_place_in_the_body() -> None:
    errors = [
        {"pointer": "/configuration/max_rounds", "detail": "must be 1 to 5"},
        {"detail": "and something else"},
    ]
    refused = httpx.Response(422, json={"title": "Unprocessable Entity", "errors": errors})
    assert problem(refused) == (
        "422 Unprocessable Entity: configuration.max_rounds: must be 1 to 5; and something else"
    )


def test_remarks_on_a_schema_are_shown_and_counted() -> None:
    assert as_expected([]) == "as expected"
    one = Finding("note", "public.panels.mode", "a", "no such column", "none needed")
    text = as_expected([one])
    assert text.startswith("as expected, with 1 remark\n")
    assert "public.panels.mode: no such column; none needed" in text
    assert "2 remarks" in as_expected([one, one])
