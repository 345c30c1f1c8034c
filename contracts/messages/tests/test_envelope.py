"""Subjects, ids, envelope and upcasts: what is written can be read, and nothing else is."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askpanel.contracts import envelope as envelopes
from askpanel.contracts import ids
from askpanel.contracts.envelope import Malformed, UnknownEvent, Unreadable, decode, encode, seal
from askpanel.contracts.events import EVENTS, Event, ExpertStarted, PanelFailed, PanelStarted, Plan
from askpanel.contracts.subjects import BadSubject, PanelRef, all_of, parse, tenant_filter
from askpanel.contracts.topology import DURABLES, PANELS
from tests.harness.subjects import covers

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
PANEL = PanelRef(UUID("3f0c1a52-7d0e-4d0f-9a43-1c2d3e4f5a6b"), UUID("9b1e77d0-52a6-5c8f-8e21-0a1b2c3d4e5f"))
FAILED = PanelFailed(reason="cancelled", detail="a person stopped it")

panels = st.builds(PanelRef, st.uuids(), st.uuids())
types = st.sampled_from(list(EVENTS))


# ---------------------------------------------------------------------------------------- subjects


@given(panels, types)
def test_a_subject_is_read_back_and_matches_the_filters_of_its_panel_tenant_and_type(
    panel: PanelRef, event_type: str
) -> None:
    subject = panel.subject(event_type)
    assert parse(subject) == (event_type, panel)
    for filter_ in (panel.filter, tenant_filter(panel.tenant_id), all_of(event_type)):
        assert covers(filter_, subject)
    assert sum(covers(stream_subject, subject) for stream_subject in PANELS.subjects) == 1


@given(panels, panels, types)
def test_a_filter_takes_no_other_panel(panel: PanelRef, other: PanelRef, event_type: str) -> None:
    assert covers(panel.filter, other.subject(event_type)) == (panel == other)
    assert covers(tenant_filter(panel.tenant_id), other.subject(event_type)) == (
        panel.tenant_id == other.tenant_id
    )


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "panel.created",
        "panel.created.x.y",
        f"panel.created.{PANEL.tenant_id}",
        f"panel.created.{PANEL.tenant_id}.{PANEL.panel_id}.more",
        f"panel.deleted.{PANEL.tenant_id}.{PANEL.panel_id}",
        f"timer.fired.{PANEL.tenant_id}.{PANEL.panel_id}",
        PANEL.deltas(),
        PANEL.timer("round-1", "fired"),
    ],
)
def test_a_subject_of_no_event_is_refused(subject: str) -> None:
    with pytest.raises(BadSubject):
        parse(subject)
    with pytest.raises(UnknownEvent):
        decode(subject, {}, b"{}", 1)


def test_timers_and_deltas_never_reach_the_log() -> None:
    for subject in (PANEL.deltas(), PANEL.timer("a", "scheduled"), PANEL.timer("a", "fired")):
        assert not any(covers(wanted, subject) for wanted in PANELS.subjects)
    assert covers(PANEL.timers(), PANEL.timer("a", "fired"))


def test_a_panel_reference_needs_two_uuids() -> None:
    assert PanelRef.of(str(PANEL.tenant_id), str(PANEL.panel_id)) == PANEL
    with pytest.raises(ValueError, match="badly formed"):
        PanelRef.of(str(PANEL.tenant_id), "1")


def test_every_durable_of_the_log_takes_known_events_only() -> None:
    known = {all_of(event_type) for event_type in EVENTS}
    for durable in DURABLES:
        if durable.stream == PANELS.name:
            assert set(durable.filters) <= known


# -------------------------------------------------------------------------------------------- ids


def test_ids_are_fixed_for_good() -> None:
    """These are on logs and in tables: another value for the same fact would be a second fact."""
    tenant = UUID("3f0c1a52-7d0e-4d0f-9a43-1c2d3e4f5a6b")
    panel = ids.panel_id(tenant, "key-1")
    assert panel == UUID("6f827cdf-f9b1-5abb-b074-4af0169606af")
    assert ids.event_id(panel, "round.started", 1) == UUID("db62cf00-b3f8-5410-b197-ccd392d1c392")
    assert ids.row_id(panel, "panel_responses", 1, "opening", 0) == UUID(
        "f5049c39-48b3-577b-b57a-7756cee72ab2"
    )


@given(st.uuids(), st.uuids(), st.text(), st.text())
def test_a_panel_id_belongs_to_one_tenant_and_key(a: UUID, b: UUID, one: str, other: str) -> None:
    same = (a, one) == (b, other)
    assert (ids.panel_id(a, one) == ids.panel_id(b, other)) == same


def test_the_type_the_panel_and_the_identity_are_in_the_id() -> None:
    panel = uuid4()
    made = {
        ids.event_id(panel, "panel.failed"),
        ids.event_id(panel, "panel.completed"),
        ids.event_id(uuid4(), "panel.failed"),
        ids.event_id(panel, "round.started", 1),
        ids.event_id(panel, "round.started", 2),
        ids.row_id(panel, "round.started", 1),
    }
    assert len(made) == 6


def test_an_answer_has_one_id_and_an_attempt_has_its_own() -> None:
    first, second = (
        ExpertStarted(
            round_number=1,
            step="opening",
            seat=0,
            purpose="opening",
            agent_id="a",
            agent_name="A",
            model="m",
            attempt=n,
        )
        for n in (1, 2)
    )
    assert seal(first, PANEL, time=AT).envelope.id != seal(second, PANEL, time=AT).envelope.id


# --------------------------------------------------------------------------------------- envelope


def test_an_event_inherits_from_its_cause() -> None:
    user = uuid4()
    cause = seal(FAILED, PANEL, time=AT, user_id=user, traceparent="00-a-b-01").envelope
    after = seal(PanelFailed(reason="rejected", detail=""), PANEL, time=AT, cause=cause).envelope
    assert (after.causation_id, after.correlation_id) == (cause.id, PANEL.panel_id)
    assert (after.user_id, after.traceparent) == (user, "00-a-b-01")


def test_times_are_written_in_utc() -> None:
    east = AT.astimezone(timezone(timedelta(hours=2)))
    _, headers, _ = encode(seal(FAILED, PANEL, time=east))
    assert headers["ce-time"] == "2026-01-02T03:04:05.678901Z"


def test_headers_are_a_fresh_dict_each_time() -> None:
    recorded = seal(FAILED, PANEL, time=AT)
    recorded.envelope.headers()["ce-id"] = "written by the client"
    assert recorded.envelope.headers()["ce-id"] == str(recorded.envelope.id)


def message(**changes: str | None) -> tuple[str, dict[str, str], bytes]:
    """A good message but for these headers; None removes one."""
    subject, headers, body = encode(seal(FAILED, PANEL, time=AT))
    merged = headers | {name.replace("_", "-"): value for name, value in changes.items()}
    return subject, {name: value for name, value in merged.items() if value is not None}, body


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ce_type": None}, "ce-type"),
        ({"ce_type": "panel.completed"}, "ce-type"),
        ({"ce_id": None}, "ce-id"),
        ({"ce_id": "1"}, "badly formed"),
        ({"ce_time": None}, "ce-time"),
        ({"ce_time": "yesterday"}, "isoformat"),
        ({"ce_time": "2026-01-02T03:04:05"}, "time zone"),
        ({"ce_dataschema": None}, "envelope"),
        ({"ce_dataschema": "urn:askpanel:schema:panel.failed:one"}, "envelope"),
        ({"ce_dataschema": "urn:askpanel:schema:panel.completed:1"}, "ce-dataschema"),
        ({"ce_userid": "nobody"}, "badly formed"),
        ({"ce_causationid": ""}, "badly formed"),
        ({"ce_correlationid": "\x00"}, "badly formed"),
    ],
)
def test_malformed_headers_say_what_is_wrong(changes: dict[str, str | None], reason: str) -> None:
    subject, headers, body = message(**changes)
    with pytest.raises(Malformed, match=reason):
        decode(subject, headers, body, 1)


@pytest.mark.parametrize("version", ["0", "2", "999999999999", "-1"])
def test_an_unknown_version_says_what_this_build_reads(version: str) -> None:
    subject, headers, body = message(ce_dataschema=f"urn:askpanel:schema:panel.failed:{version}")
    with pytest.raises(UnknownEvent, match="this build reads 1 to 1"):
        decode(subject, headers, body, 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"\x00",
        b'{"reason": "cancelled"}',
        b'{"reason": "bored", "detail": ""}',
        b'{"reason": "cancelled", "detail": 1}',
        b'{"reason": "cancelled", "detail": "\xc3"}',
        b'{"reason": "cancelled", "detail": ' + b"[" * 100_000,
        b"[" + b"0," * 500_000 + b"0]",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_body_that_is_not_the_data_is_malformed(body: bytes) -> None:
    subject, headers, _ = message()
    with pytest.raises(Malformed, match="body /") as refused:
        decode(subject, headers, body, 1)
    assert len(str(refused.value)) < 500, "the reason does not carry the content"


@given(st.binary(max_size=200), st.dictionaries(st.text(max_size=20), st.text(max_size=20)))
def test_whatever_comes_is_read_or_unreadable(body: bytes, extra: dict[str, str]) -> None:
    subject, headers, _ = message()
    for given_headers in (extra, headers | extra, {**headers, "ce-time": "".join(extra)}):
        try:
            decode(subject, given_headers, body, 1)
        except Unreadable:
            continue


# ---------------------------------------------------------------------------------------- upcasts


class StartedV3(PanelStarted):
    """A made-up third version: `plan` went flat, then the seats got another name."""

    VERSION: ClassVar[int] = 3

    experts: int


def to_v2(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "seats": data["plan"]["seats"]}


def to_v3(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "experts": data.pop("seats")}


@pytest.fixture
def third_version(monkeypatch: pytest.MonkeyPatch) -> None:
    events: dict[str, type[Event]] = {**EVENTS, "panel.started": StartedV3}
    monkeypatch.setattr(envelopes, "EVENTS", events)
    steps = {("panel.started", 1): to_v2, ("panel.started", 2): to_v3}
    monkeypatch.setattr(envelopes, "UPCASTS", steps)


STARTED = PanelStarted(protocol="open", plan=Plan(rounds=2, seats=5, threshold=0.6, deadline_at=AT))


@pytest.mark.usefixtures("third_version")
def test_an_old_version_is_lifted_step_by_step_and_keeps_its_envelope() -> None:
    old = seal(STARTED, PANEL, time=AT)
    read = decode(*encode(old), 9)
    assert read.event == StartedV3(**STARTED.model_dump(), experts=5)
    assert read.envelope == old.envelope
    assert read.envelope.version == 1


@pytest.mark.usefixtures("third_version")
@pytest.mark.parametrize("body", [b"{}", b"[]", b"{", b"\xff", b'{"plan": 1}', b'{"plan": {"seats": "x"}}'])
def test_an_old_version_that_cannot_be_lifted_is_malformed(body: bytes) -> None:
    subject, headers, _ = encode(seal(STARTED, PANEL, time=AT))
    with pytest.raises(Malformed):
        decode(subject, headers, body, 1)


@pytest.mark.usefixtures("third_version")
def test_the_new_version_is_read_as_it_is() -> None:
    new = seal(StartedV3(**STARTED.model_dump(), experts=5), PANEL, time=AT)
    assert json.loads(encode(new)[2])["experts"] == 5
    assert decode(*encode(new), 0) == new
