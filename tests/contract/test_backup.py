"""A backup of every stream by the server's own snapshots, restored on an empty server: what docs/operating.md promises of it.

These are the requests that `nats account backup` and `nats account restore` make.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

from askpanel.contracts.topology import BUCKETS, CONSENSUS, DURABLES, STREAMS, TIMERS
from askpanel.runtime import bootstrap
from askpanel.runtime.bootstrap import Sizing
from askpanel.runtime.log import EventLog
from tests.contract.archiving import finished, put
from tests.contract.made import some_panel
from tests.contract.servers import connected, own_nats
from tests.contract.waiting import until

NAMES = (*(stream.name for stream in STREAMS), *(f"KV_{bucket.name}" for bucket in BUCKETS))
DUE = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the server says of a stream, and its chunks."""

    head: Mapping[str, Any]
    chunks: list[bytes]


async def taken(client: Client, stream: str) -> Snapshot:
    inbox, chunks, whole = client.new_inbox(), list[bytes](), asyncio.Event()

    async def take(message: Msg) -> None:
        if not message.data:
            whole.set()
        else:
            chunks.append(message.data)
            await message.respond(b"")

    subscription = await client.subscribe(inbox, cb=take)
    head = await asked(client, f"$JS.API.STREAM.SNAPSHOT.{stream}", {"deliver_subject": inbox})
    await asyncio.wait_for(whole.wait(), 10)
    await subscription.unsubscribe()
    return Snapshot(head, chunks)


async def restored(client: Client, stream: str, snapshot: Snapshot) -> None:
    head = {name: snapshot.head[name] for name in ("config", "state")}
    to = (await asked(client, f"$JS.API.STREAM.RESTORE.{stream}", head))["deliver_subject"]
    for chunk in snapshot.chunks:
        await client.request(to, chunk, timeout=10)
    end = await client.request(to, b"", timeout=10)
    assert "error" not in json.loads(end.data)


async def asked(client: Client, subject: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    answer = json.loads((await client.request(subject, json.dumps(request).encode(), timeout=10)).data)
    assert "error" not in answer, answer
    return answer


async def schedule(client: Client) -> None:
    at = (datetime.now(UTC) + DUE).strftime("%Y-%m-%dT%H:%M:%SZ")
    headers = {"Nats-Schedule": f"@at {at}", "Nats-Schedule-Target": "timer.fired.tenant.panel.round"}
    await client.jetstream().publish("timer.scheduled.tenant.panel.round", b"", headers=headers)


async def test_everything_comes_back_running_panels_have_their_alarms_and_the_log_counts_as_another() -> None:
    panel = some_panel()
    with own_nats() as lost, own_nats() as new:
        async with connected(lost.url) as client:
            await bootstrap.create(client.jetstream())
            events = await put(client, finished(panel))
            await (await client.jetstream().key_value("experts")).put("tenant.expert", b"an own expert")
            await schedule(client)
            epoch = (await EventLog(client).position()).epoch
            kept = {name: await taken(client, name) for name in NAMES}
        lost.server.stop()
        async with connected(new.url) as client:
            jetstream = client.jetstream()
            for name, snapshot in kept.items():
                await restored(client, name, snapshot)
            await bootstrap.verify(jetstream, *DURABLES, sizing=Sizing())
            assert await EventLog(client).read(panel) == events
            assert (
                await (await jetstream.key_value("experts")).get("tenant.expert")
            ).value == b"an own expert"
            assert (await jetstream.consumer_info(CONSENSUS.stream, CONSENSUS.name)).num_ack_pending == 0

            async def fired() -> bool:
                info = await jetstream.stream_info(TIMERS.name, subjects_filter="timer.fired.>")
                return bool(info.state.subjects)

            await until(fired)
            assert (await EventLog(client).position()).epoch != epoch, "the projector asks an operator"
