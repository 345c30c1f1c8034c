"""Permissions follow from owners and durables; what a server makes of them is tested against a server."""

import re

import pytest

from askpanel.contracts.events import EVENTS
from askpanel.contracts.permissions import (
    OPTIONAL_SERVICES,
    SERVICES,
    STEPS,
    authorization,
    password_variable,
    permissions,
    reader_permissions,
)
from askpanel.contracts.topology import DURABLES, PANELS, owners, reader, retry_subject
from tests.harness.subjects import covers

USERS = (*SERVICES, *OPTIONAL_SERVICES, *STEPS)
WORKERS = tuple(dict.fromkeys(durable.service for durable in DURABLES))


def may_publish(user: str, subject: str) -> bool:
    """As the server decides it."""
    rights = permissions(user)
    return any(covers(one, subject) for one in rights.publish) and not any(
        covers(one, subject) for one in rights.refuse
    )


@pytest.mark.parametrize("user", USERS)
def test_a_user_publishes_the_events_it_owns_and_no_other(user: str) -> None:
    allowed = [event_type for event_type in EVENTS if may_publish(user, f"{event_type}.tenant.panel")]
    assert sorted(allowed) == sorted(owners().get(user, ()))
    strange = (
        "panel",
        "panel.created",
        "panel.created.tenant",
        "panel.created.tenant.panel.more",
        "$JS.API.x",
    )
    assert not [subject for subject in strange if may_publish(user, subject)]


def test_every_event_has_exactly_one_writer() -> None:
    written = [event_type for service in SERVICES for event_type in owners().get(service, ())]
    assert sorted(written) == sorted(EVENTS)


CHANGED = (
    *("CREATE.{log}", "CREATE.{log}.spy", "CREATE.{log}.spy.panel.created.*.*", "DURABLE.CREATE.{log}.spy"),
    *("DELETE.{log}.orchestrator", "PAUSE.{log}.orchestrator"),
)
"""What creates, changes or ends a consumer."""


@pytest.mark.parametrize("service", WORKERS)
@pytest.mark.parametrize("action", CHANGED)
def test_no_worker_creates_or_changes_consumers_of_the_log(service: str, action: str) -> None:
    assert not may_publish(service, f"$JS.API.CONSUMER.{action.format(log=PANELS.name)}")


@pytest.mark.parametrize("action", ["UPDATE", "DELETE", "CREATE", "MSG.DELETE", "SNAPSHOT", "RESTORE"])
def test_nobody_may_change_the_log(action: str) -> None:
    subject = f"$JS.API.STREAM.{action}.{PANELS.name}"
    assert not [user for user in USERS if may_publish(user, subject)]


def test_the_archiver_alone_takes_from_the_log_and_writes_no_event() -> None:
    purge = f"$JS.API.STREAM.PURGE.{PANELS.name}"
    assert [user for user in USERS if may_publish(user, purge)] == ["archiver"]
    granted = permissions("archiver").publish
    written = [subject for subject in granted if not subject.startswith("$JS.API.")]
    assert written == ["archive.*", "$KV.archive.page.*", "$KV.archive.progress"]
    assert not [subject for subject in granted if ".CREATE." in subject or ".UPDATE." in subject]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_hears_only_its_own_replies_and_retries(service: str) -> None:
    extra = {"live.delta.>"} if service == "gateway" else set[str]()
    extra |= {"$KV.experts.>"} if service in ("gateway", "expert-runner") else set[str]()
    extra |= {retry_subject(durable.name) for durable in DURABLES if durable.service == service}
    assert set(permissions(service).subscribe) == {f"_INBOX_{service}.>"} | extra


def test_who_talks_to_strangers_servers_makes_no_consumer_and_writes_no_event_or_endpoint() -> None:
    granted = permissions("webhooks")
    assert not [subject for subject in granted.publish if ".CREATE." in subject or ".PURGE." in subject]
    assert {
        subject for subject in granted.publish if not subject.startswith(("$JS.", "dead.", "retried."))
    } == {
        "webhook.delivery.*.*",
        "$KV.webhook_attempts.>",
    }


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_asks_for_a_retry_or_writes_the_audit(service: str) -> None:
    published = permissions(service).publish
    assert not [subject for subject in published if subject.startswith(("retry.", "audit."))]


@pytest.mark.parametrize("service", WORKERS)
def test_a_worker_uses_its_own_durables_only(service: str) -> None:
    own = {durable.name for durable in DURABLES if durable.service == service}
    named = {
        subject.split(".")[6]
        for subject in permissions(service).publish
        if subject.startswith("$JS.API.CONSUMER.MSG.NEXT.")
    }
    assert named == own


def test_a_reader_takes_and_looks_back_and_publishes_no_event() -> None:
    durable = reader("billing", "usage.recorded")
    granted = reader_permissions(durable)
    assert durable.filters == ("usage.recorded.>",)
    assert all(subject.startswith("$JS.") for subject in granted.publish)
    assert granted.subscribe == ("_INBOX_reader-billing.>",)


def test_a_reader_of_an_unknown_event_is_refused() -> None:
    with pytest.raises(ValueError, match=r"usage\.forgotten"):
        reader("billing", "usage.forgotten")


def test_only_who_has_a_password_becomes_a_user() -> None:
    block = authorization({"usage": 'se"cret', "admin": "$NATS_ADMIN_PASSWORD"})
    assert re.findall(r'user: "([^"]+)"', block) == ["usage", "admin"]
    assert '"se\\"cret"' in block
    assert "password: $NATS_ADMIN_PASSWORD }" in block


def test_a_bcrypt_hash_is_a_password_and_no_variable() -> None:
    assert 'password: "$2a$11$abc"' in authorization({"usage": "$2a$11$abc"})


def test_password_variables_are_fit_for_an_environment() -> None:
    assert password_variable("expert-runner") == "NATS_EXPERT_RUNNER_PASSWORD"
