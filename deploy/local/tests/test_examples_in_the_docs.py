"""What the pages tell people to paste: bodies that the API takes, experts that there are."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from askpanel.contracts.configuration import PROTOCOLS
from askpanel.expert_runner.catalogue import load_catalogue
from askpanel.gateway.api.own_experts import NewExpert
from askpanel.gateway.bodies import Cancellation, HumanInput, NewPanel, Selection
from askpanel.local import question
from askpanel.local.welcome import BROWSER, OPTIONS, QUESTION, ask_example, curl_example

REPOSITORY = Path(__file__).parents[3]
PAGES = {name: (REPOSITORY / name).read_text() for name in ("README.md", "docs/api.md")}
HINT = "\n".join(curl_example("http://127.0.0.1:8080", "d6079553-da19-532d-87d2-0f20932a24cb", "askpanel"))
BODIES: dict[str, type[BaseModel]] = {
    "/panels": NewPanel,
    "/panels/$PANEL/cancel": Cancellation,
    "/panels/$PANEL/human-input": HumanInput,
    "/agents/select": Selection,
    "/agents": NewExpert,
}
CHECKPOINT = "9b1e0000-0000-4000-8000-000000000000"
"""In place of the one that the page leaves to the reader."""


def requests() -> Iterator[tuple[str, str, str]]:
    """Page, path and body of every curl with a body, its words as a shell takes them."""
    for page, text in (PAGES | {"the hint": f"```\n{HINT}\n```"}).items():
        for block in re.findall(r"^```[a-z]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            _, *calls = re.split(r"^curl ", block, flags=re.MULTILINE)
            for words in (shlex.split(call, comments=True) for call in calls):
                if "-d" in words:
                    url = next(word for word in words if "/api/v1/" in word)
                    yield page, url.partition("/api/v1")[2], words[words.index("-d") + 1]


def test_every_body_on_the_pages_is_found() -> None:
    found = [(page, path) for page, path, _ in requests()]
    assert len(found) == sum(text.count("-d '") for text in (*PAGES.values(), HINT))
    assert {path for page, path in found if page == "docs/api.md"} == set(BODIES)
    assert {("README.md", "/panels"), ("the hint", "/panels")} <= set(found)


@pytest.mark.parametrize(("page", "path", "body"), tuple(requests()))
def test_a_body_is_one_that_the_api_takes(page: str, path: str, body: str) -> None:
    given = json.loads(body)
    if path.endswith("human-input"):
        given |= {"checkpoint_id": CHECKPOINT}
    read = BODIES[path].model_validate(given)
    if isinstance(read, NewPanel):
        assert question.remark(read.query, read.panel_type, given.get("options", [])) is None
        limits = PROTOCOLS[read.panel_type]
        assert read.agents is None or limits.fewest_experts <= len(read.agents) <= limits.most_experts


def test_every_expert_on_the_pages_is_in_the_catalogue() -> None:
    text = "\n".join(PAGES.values())
    lists = (json.loads(found) for found in re.findall(r'"agents": (\["[^{}]*?\])', text))
    named = {agent for agents in lists for agent in agents}
    named |= set(re.findall(r'"agent_id": ?"([^"]+)"', text)) | set(re.findall(r"/agents/([a-z-]+)", text))
    made = {json.loads(body)["agent_id"] for _, path, body in requests() if path == "/agents"}
    named -= {"…", "select", *made}
    assert len(named) >= 3
    assert named <= {expert.agent_id for expert in load_catalogue()}


def test_the_readme_shows_the_questions_of_the_hint() -> None:
    assert QUESTION in PAGES["README.md"]
    assert ask_example(".venv/bin/askpanel") in PAGES["README.md"]
    assert all(option in QUESTION for option in OPTIONS)


def test_the_readme_leads_to_the_link_that_is_signed_in() -> None:
    assert f"`{BROWSER}`" in " ".join(PAGES["README.md"].split())


def test_the_three_values_are_those_that_the_page_goes_on_with() -> None:
    names = [line.partition("=")[0] for line in HINT.splitlines()[:3]]
    assert names == ["URL", "TENANT", "TOKEN"]
    opening = PAGES["docs/api.md"].partition("```sh\n")[2].splitlines()[:3]
    assert [line.partition("=")[0] for line in opening] == names
