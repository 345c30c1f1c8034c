"""Streams and durables: created by the bootstrap step, asserted by services, missed when they are gone."""

import asyncio

import httpx
import pytest
from nats.aio.client import Client
from nats.js import api
from starlette.applications import Starlette

from askpanel.contracts.topology import (
    BUCKETS,
    DEAD,
    DURABLES,
    ORCHESTRATOR,
    PANELS,
    STREAMS,
    TIMERS,
    USAGE,
    WEBHOOK_DELIVERIES,
    WEBHOOKS,
    reader,
)
from askpanel.runtime import bootstrap
from askpanel.runtime.bootstrap import Sizing, _bucket_config, _consumer_config, _stream_config
from askpanel.runtime.ending import end
from askpanel.runtime.errors import LogMisconfigured, LogUnavailable
from askpanel.runtime.health import DurableGone, Readiness, durable_check, probe_routes, watch_durables
from askpanel.runtime.log import EventLog
from tests.contract.made import a_round, some_panel
from tests.contract.servers import connected, own_nats


async def test_what_is_created_is_as_declared_and_creating_again_keeps_everything(client: Client) -> None:
    jetstream = client.jetstream()
    await bootstrap.verify(jetstream, *DURABLES)
    log = EventLog(client)
    sequence = await log.append(a_round(some_panel()), expected=0)
    before = [await jetstream.consumer_info(durable.stream, durable.name) for durable in DURABLES]
    epoch = (await log.position()).epoch
    await bootstrap.create(jetstream)
    await bootstrap.verify(jetstream, *DURABLES)
    after = [await jetstream.consumer_info(durable.stream, durable.name) for durable in DURABLES]
    assert [info.created for info in after] == [info.created for info in before]
    assert (await log.position()).sequence == sequence
    assert (await log.position()).epoch == epoch
    assert await jetstream.key_value("experts")


async def test_a_limit_of_the_cluster_is_kept_on_the_log(client: Client) -> None:
    await bootstrap.create(client.jetstream(), Sizing(max_bytes=1_000_000))
    infos = {info.config.name: info.config for info in await client.jetstream().streams_info()}
    assert infos[PANELS.name].max_bytes == 1_000_000
    assert infos[TIMERS.name].max_bytes == 62_500
    await bootstrap.verify(client.jetstream(), *DURABLES)


async def test_counts_are_not_synced_one_by_one_and_outlive_a_single_server(client: Client) -> None:
    jetstream = client.jetstream()
    for bucket in BUCKETS:
        config = (await jetstream.stream_info(f"KV_{bucket.name}")).config
        assert (config.max_msgs_per_subject, config.max_age or 0.0) == (bucket.history, bucket.max_age)
        assert config.storage == api.StorageType.FILE
        assert (config.persist_mode == api.PersistMode.ASYNC) == (bucket.storage == "memory")
        of_three = _bucket_config(bucket, Sizing(replicas=3))
        assert (of_three.storage, of_three.num_replicas) == (api.StorageType(bucket.storage), 3)
        assert of_three.persist_mode is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"duplicate_window": 5.0}, "stream PANELS: duplicate_window"),
        ({"discard": api.DiscardPolicy.OLD}, "stream PANELS: discard"),
        ({"retention": api.RetentionPolicy.INTEREST}, "stream PANELS: retention"),
        ({"max_age": 60.0, "duplicate_window": 60.0}, "stream PANELS: max_age"),
        ({"allow_rollup_hdrs": True}, "stream PANELS: allow_rollup_hdrs"),
        ({"allow_msg_ttl": True}, "stream PANELS: allow_msg_ttl"),
        ({"subjects": ["panel.>"]}, "stream PANELS: subjects"),
    ],
)
async def test_services_refuse_a_log_that_has_drifted(
    client: Client, change: dict[str, object], named: str
) -> None:
    await client.jetstream().update_stream(_stream_config(PANELS, Sizing()).evolve(**change))
    with pytest.raises(LogMisconfigured, match=named):
        await bootstrap.verify(client.jetstream())


async def test_the_bootstrap_step_repairs_what_can_be_repaired_and_refuses_the_rest(client: Client) -> None:
    jetstream = client.jetstream()
    drifted = _stream_config(PANELS, Sizing()).evolve(duplicate_window=5.0)
    await jetstream.update_stream(drifted)
    await bootstrap.create(jetstream)
    await bootstrap.verify(jetstream, *DURABLES)
    await jetstream.update_stream(drifted.evolve(allow_msg_ttl=True))
    with pytest.raises(LogMisconfigured, match="refuses"):
        await bootstrap.create(jetstream)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"ack_wait": 1.0}, "ack_wait is 1"),
        ({"max_deliver": 2}, "max_deliver is 2"),
        ({"max_ack_pending": 3}, "max_ack_pending is 3"),
        ({"filter_subjects": ["usage.>"]}, "filters"),
    ],
)
async def test_services_refuse_a_durable_that_has_drifted(
    client: Client, change: dict[str, object], named: str
) -> None:
    await client.jetstream().add_consumer(USAGE.stream, _consumer_config(USAGE).evolve(**change))
    with pytest.raises(LogMisconfigured, match=named):
        await bootstrap.verify(client.jetstream(), USAGE)
    await bootstrap.create(client.jetstream())
    await bootstrap.verify(client.jetstream(), USAGE)


async def test_what_a_newer_version_has_added_or_raised_stops_no_older_process(client: Client) -> None:
    """As in a rolling update, and on the way back: the newer bootstrap step has run."""
    jetstream = client.jetstream()
    raised = _consumer_config(USAGE).evolve(
        filter_subjects=[*USAGE.filters, "panel.failed.>"],
        ack_wait=60.0,
        max_deliver=-1,
        max_ack_pending=2000,
    )
    await jetstream.add_consumer(USAGE.stream, raised)
    added = [*PANELS.subjects, "news.>"]
    await jetstream.update_stream(
        _stream_config(PANELS, Sizing()).evolve(subjects=added, duplicate_window=900.0)
    )
    await bootstrap.verify(jetstream, *DURABLES)
    await bootstrap.create(jetstream)
    info = await jetstream.consumer_info(USAGE.stream, USAGE.name)
    assert set(info.config.filter_subjects or ()) == set(USAGE.filters), (
        "the step of the older version takes it back"
    )


async def test_all_that_is_missing_is_named_at_once(client: Client) -> None:
    for durable in (USAGE, ORCHESTRATOR):
        await client.jetstream().delete_consumer(durable.stream, durable.name)
    await client.jetstream().delete_stream(TIMERS.name)
    with pytest.raises(LogMisconfigured) as refused:
        await bootstrap.verify(client.jetstream(), *DURABLES)
    for missing in (
        "consumer usage",
        "consumer orchestrator ",
        "stream TIMERS",
        "consumer orchestrator-timers",
    ):
        assert missing in str(refused.value)


async def test_a_server_that_does_not_answer_is_unavailable_and_not_misconfigured() -> None:
    with own_nats() as server:
        async with connected(server.url) as client:
            server.kill()
            with pytest.raises(LogUnavailable):
                await bootstrap.verify(client.jetstream(timeout=0.2), *DURABLES)
            server.start()


async def test_what_was_settled_leaves_a_stream_that_is_to_keep_only_what_waits(client: Client) -> None:
    """An installation of before kept settled orders, too, for seven days: they would count as waiting."""
    jetstream = client.jetstream()
    await bootstrap.add_durable(jetstream, WEBHOOK_DELIVERIES)
    before = _stream_config(WEBHOOKS, Sizing()).evolve(retention=api.RetentionPolicy.LIMITS)
    await jetstream.update_stream(before)
    subject = "webhook.delivery.tenant.endpoint"
    for number in range(5):
        await jetstream.publish(subject, b"%d" % number)
    orders = await jetstream.pull_subscribe_bind(WEBHOOK_DELIVERIES.name, WEBHOOKS.name)
    first, second, third = await orders.fetch(3)
    await first.ack_sync()
    await third.ack_sync()
    await second.nak(delay=60)
    assert (await jetstream.stream_info(WEBHOOKS.name)).state.messages == 5
    await bootstrap.create(jetstream)
    await bootstrap.verify(jetstream, WEBHOOK_DELIVERIES)
    found = await jetstream.stream_info(WEBHOOKS.name, subjects_filter="webhook.delivery.tenant.*")
    assert found.state.subjects == {subject: 3}
    assert (await jetstream.consumer_info(WEBHOOKS.name, WEBHOOK_DELIVERIES.name)).num_ack_pending == 1


async def test_another_teams_durable_is_made_from_the_same_declaration(client: Client) -> None:
    durable = reader("billing", "usage.recorded")
    await client.jetstream().add_consumer(durable.stream, _consumer_config(durable))
    await bootstrap.verify(client.jetstream(), durable)


async def test_dead_letters_and_advisories_are_kept_and_the_log_cannot_be_deleted_from(
    client: Client,
) -> None:
    jetstream = client.jetstream()
    sequence = await EventLog(client).append(a_round(some_panel()), expected=0)
    with pytest.raises(Exception, match="message delete not permitted"):
        await jetstream.delete_msg(PANELS.name, sequence)
    assert (await jetstream.stream_info(DEAD.name)).config.max_age == DEAD.max_age
    assert {stream.name for stream in STREAMS} == {"PANELS", "ARCHIVE", "TIMERS", "DEAD", "AUDIT", "WEBHOOKS"}


# ------------------------------------------------------------------------------------------ health


async def test_a_deleted_durable_ends_the_watch(client: Client) -> None:
    watch = asyncio.create_task(watch_durables(client, (USAGE, ORCHESTRATOR), every=0.02))
    await durable_check(client, USAGE)()
    assert not watch.done()
    await client.jetstream().delete_consumer(USAGE.stream, USAGE.name)
    with pytest.raises(DurableGone, match="usage"):
        await asyncio.wait_for(watch, 5)


async def test_an_outage_does_not_end_the_watch() -> None:
    with own_nats() as server:
        async with connected(server.url) as client:
            await bootstrap.create(client.jetstream())
            watch = asyncio.create_task(watch_durables(client, (USAGE,), every=0.02))
            server.kill()
            readiness = Readiness({"usage": durable_check(client, USAGE)}, timeout=0.2)
            assert set(await readiness.failures()) == {"usage"}
            server.start()
            async with asyncio.timeout(10):
                while await readiness.failures():
                    assert not watch.done()
            await end(watch)
            assert watch.cancelled()


async def test_the_probes_say_what_is_not_ready(client: Client) -> None:
    readiness = Readiness({durable.name: durable_check(client, durable) for durable in DURABLES})
    app = Starlette(routes=probe_routes(readiness))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://probe") as http:
        assert (await http.get("/livez")).text == "ok\n"
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"ready": True, "failures": {}})
        await client.jetstream().delete_consumer(USAGE.stream, USAGE.name)
        broken = await http.get("/readyz")
        assert broken.status_code == 503
        assert list(broken.json()["failures"]) == ["usage"]
        assert (await http.get("/livez")).status_code == 200
        readiness.draining = True
        assert (await http.get("/readyz")).json()["failures"] == {"process": "draining"}
        assert "askpanel_messages_handled_total" in (await http.get("/metrics")).text


async def test_a_check_that_hangs_is_not_ready_in_time() -> None:
    async def hangs() -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(5):
        failures = await Readiness({"slow": hangs}, timeout=0.05).failures()
    assert failures["slow"].startswith("TimeoutError")
