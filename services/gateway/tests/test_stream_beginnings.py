"""What is known of a young panel without reading its log, and for how long."""

from uuid import uuid4

import pytest

from askpanel.contracts.envelope import Recorded, encode
from askpanel.contracts.events import TERMINAL
from askpanel.contracts.subjects import PanelRef, type_of
from askpanel.gateway.history import history_of
from askpanel.gateway.stream.beginnings import YOUNG, Beginnings
from askpanel.gateway.stream.replay import Replay, replay_of
from askpanel.runtime.tail import RawEvent
from services.gateway.tests.stories import Story


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def raw(recorded: Recorded, sequence: int) -> RawEvent:
    subject, headers, body = encode(recorded)
    return RawEvent(subject, dict(headers), body, sequence, 0.0)


def told(name: str = "told") -> tuple[PanelRef, list[RawEvent]]:
    story = Story(name=name).whole()
    return story.ref, [raw(recorded, number) for number, recorded in enumerate(story.events, 11)]


def from_log(events: list[RawEvent]) -> Replay:
    return replay_of(history_of(event.message for event in events))


def test_it_is_what_the_log_tells_after_every_event() -> None:
    beginnings = Beginnings()
    panel, events = told()

    end = next(number for number, event in enumerate(events) if type_of(event.subject) in TERMINAL)
    for number, event in enumerate(events[:end], 1):
        beginnings.passed(event, panel.address)
        assert beginnings.of(panel) == from_log(events[:number])
    assert beginnings.of(PanelRef(uuid4(), panel.panel_id)) is None


def test_a_panel_that_has_ended_is_the_logs_to_tell_for_it_may_be_erased() -> None:
    beginnings = Beginnings()
    panel, events = told()

    for event in events:
        beginnings.passed(event, panel.address)

    assert beginnings.of(panel) is None


def test_a_panel_whose_first_event_was_before_the_tail_is_not_known() -> None:
    beginnings = Beginnings()
    panel, events = told()

    for event in events[1:]:
        beginnings.passed(event, panel.address)

    assert beginnings.of(panel) is None


def test_all_who_ask_before_the_next_event_share_one_answer() -> None:
    beginnings = Beginnings()
    panel, events = told()
    beginnings.passed(events[0], panel.address)

    first, second = beginnings.of(panel), beginnings.of(panel)
    beginnings.passed(events[1], panel.address)

    assert first is second is not None
    assert beginnings.of(panel) != first


def test_a_panel_is_kept_for_a_moment_and_none_of_it_comes_back() -> None:
    clock = Clock()
    beginnings = Beginnings(clock=clock)
    (old, events), (new, others) = told("old"), told("new")
    beginnings.passed(events[0], old.address)
    clock.now += YOUNG / 2
    beginnings.passed(others[0], new.address)
    clock.now += YOUNG / 2

    assert beginnings.of(old) is None, "also while nothing happens"
    beginnings.passed(events[1], old.address)
    assert beginnings.of(old) is None
    assert beginnings.of(new) == from_log(others[:1])


def test_the_oldest_give_way_where_there_is_too_much() -> None:
    (old, events), (new, others) = told("old"), told("new")
    beginnings = Beginnings(room=sum(len(event.body) for event in events[:6]))
    for event in events[:6]:
        beginnings.passed(event, old.address)
    for event in others[:2]:
        beginnings.passed(event, new.address)

    assert beginnings.of(old) is None
    assert beginnings.of(new) == from_log(others[:2])


def test_a_first_event_that_cannot_be_read_is_left_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    beginnings = Beginnings()
    panel, events = told()
    first = events[0]
    beginnings.passed(RawEvent(first.subject, first.headers, b"\xff", first.sequence, 0.0), panel.address)

    assert beginnings.of(panel) is None
    assert f"event {first.sequence}" in caplog.text


def test_after_a_clear_nothing_is_known() -> None:
    beginnings = Beginnings()
    panel, events = told()
    beginnings.passed(events[0], panel.address)
    beginnings.clear()
    beginnings.passed(events[1], panel.address)

    assert beginnings.of(panel) is None
