"""Folds that are kept: the latest of those under way, and few of those that have ended."""

from uuid import UUID, uuid4

import pytest

from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel.panel import Panel, project
from askpanel.gateway.readmodel.remembered import Remembered
from services.gateway.tests.stories import Story

TENANT = UUID(int=1)


@pytest.fixture(scope="module")
def stages() -> tuple[Panel, Panel]:
    """A panel as it began, and as it ended."""
    began: Panel | None = None
    panel: Panel | None = None
    for recorded in Story().whole().events:
        panel, _ = project(panel, recorded)
        began = began or panel
    assert began is not None
    assert panel is not None
    assert not began.ended
    assert panel.ended
    return began, panel


def test_a_panel_that_ends_makes_room_for_those_under_way(stages: tuple[Panel, Panel]) -> None:
    began, ended = stages
    kept = Remembered(running=2, ended=1)
    first, second, third = (PanelRef(TENANT, uuid4()) for _ in range(3))
    for ref in (first, second):
        kept.keep(ref, began)
    kept.keep(first, ended)
    kept.keep(third, began)
    assert kept.get(first) is ended
    assert (kept.get(second), kept.get(third)) == (began, began)


def test_a_panel_that_begins_again_is_not_remembered_as_it_ended(stages: tuple[Panel, Panel]) -> None:
    began, ended = stages
    kept = Remembered(running=1, ended=1)
    first, second = (PanelRef(TENANT, uuid4()) for _ in range(2))
    kept.keep(first, ended)
    kept.keep(first, began)
    assert kept.get(first) is began
    kept.keep(second, began)
    assert kept.get(first) is None


def test_the_longest_unchanged_goes_first_of_either_kind(stages: tuple[Panel, Panel]) -> None:
    began, ended = stages
    kept = Remembered(running=2, ended=1)
    refs = [PanelRef(TENANT, uuid4()) for _ in range(5)]
    for ref in refs[:2]:
        kept.keep(ref, began)
    kept.keep(refs[0], began)
    kept.keep(refs[2], began)
    assert kept.get(refs[1]) is None, "the others changed later"
    for ref in refs[3:]:
        kept.keep(ref, ended)
    assert (kept.get(refs[3]), kept.get(refs[4])) == (None, ended)
    kept.clear()
    assert all(kept.get(ref) is None for ref in refs)
