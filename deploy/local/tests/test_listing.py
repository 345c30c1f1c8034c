"""Lists of users and experts: whole at every width, and lines with tabs where no person reads."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from askpanel.local.demo import TENANTS
from askpanel.local.listing import line, show_experts, show_rows, show_users

EMAILS = [user.email for tenant in TENANTS for user in tenant.users]
PASSWORDS = {email: f"secret-of-{place:06}" for place, email in enumerate(EMAILS)}
ADDRESSES = {"address": "http://127.0.0.1:41007", "anon key": "k" * 190}
AGENTS: list[dict[str, Any]] = [
    {
        "id": "public-policy-analyst-of-health",
        "name": "Prof. Maximiliane von Hohenstein",
        "domain": "public policy",
        "summary": "Weighs what a rule does [to whom] and says so in many words.",
    },
    {"id": "ip-attorney", "name": "Ann", "domain": "law", "summary": "Patents."},
]


def shown(show: Callable[[Console], None], *, width: int, terminal: bool) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    show(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def users(console: Console) -> None:
    show_users(console, PASSWORDS, ADDRESSES)


def experts(console: Console) -> None:
    show_experts(console, AGENTS)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_nothing_that_is_to_be_copied_is_cut_or_broken(width: int) -> None:
    text = shown(users, width=width, terminal=True)
    for whole in (*EMAILS, *PASSWORDS.values(), *ADDRESSES.values(), *(str(t.id) for t in TENANTS)):
        assert whole in text
    listed = shown(experts, width=width, terminal=True)
    for agent in AGENTS:
        assert agent["id"] in listed


def test_users_fit_into_eighty_columns() -> None:
    lines = shown(users, width=80, terminal=True).splitlines()
    assert max(len(line) for line in lines if "anon key" not in line) <= 80


def test_a_narrow_terminal_shows_words_and_no_columns_of_two_letters() -> None:
    lines = shown(experts, width=40, terminal=True).splitlines()
    assert "  name: Ann" in lines
    assert "  domain: public policy" in lines
    assert max(map(len, lines)) <= 40


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("terminal", [True, False])
def test_what_reads_like_markup_is_shown_as_it_is(width: int, terminal: bool) -> None:
    rows = [("7", "[/red] no [such] tag")]
    text = shown(
        lambda console: show_rows(console, ("letter", "error"), rows), width=width, terminal=terminal
    )
    assert "[/red] no [such] tag" in text


def test_a_line_is_one_line_at_every_width() -> None:
    words = "[/] " + "word " * 40
    assert shown(lambda console: line(console, words), width=40, terminal=False) == f"{words}\n"


def test_what_an_expert_says_of_itself_is_folded_and_kept() -> None:
    assert "[to whom]" in shown(experts, width=200, terminal=True)
    assert "…" not in shown(experts, width=80, terminal=True)


def test_through_a_pipe_a_line_is_a_row_and_a_tab_ends_a_cell() -> None:
    rows = [line.split("\t") for line in shown(users, width=80, terminal=False).splitlines()]
    tenant, owner = TENANTS[0], TENANTS[0].user("owner")
    assert rows[0] == [
        tenant.slug, str(tenant.id), "owner", owner.email, PASSWORDS[owner.email], "owner", "active"
    ]  # fmt: skip
    assert [row[3] for row in rows[:-2]] == EMAILS
    assert rows[-2:] == [[name, value] for name, value in ADDRESSES.items()]
    listed = [line.split("\t") for line in shown(experts, width=80, terminal=False).splitlines()]
    assert listed == [[agent[key] for key in ("id", "name", "domain", "summary")] for agent in AGENTS]
