"""Finished panels on a log of one's own, and everybody past them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from nats.aio.client import Client
from nats.js.api import AckPolicy, DeliverPolicy

from askpanel.contracts.archive import bucket_subject, projected_key
from askpanel.contracts.envelope import Recorded, encode
from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import ARCHIVE, PANELS
from askpanel.runtime.archiver import Archiver, Report, Told
from askpanel.runtime.log import EventLog
from tests.contract.made import some_panel
from tests.simulation import golden

AT_ONCE = timedelta(0)


def finished(panel: PanelRef, history: str = "structured-calm") -> list[Recorded]:
    """A panel that ran to its end, under this address."""
    kept = golden.read(golden.FOLDER / f"{history}.jsonl.gz")
    return [
        replace(event, envelope=replace(event.envelope, panel=panel, id=uuid4()), sequence=0)
        for event in kept.events
    ]


async def put(client: Client, events: Sequence[Recorded]) -> list[Recorded]:
    """Publish in this order; as they stand then."""
    stored: list[Recorded] = []
    for event in events:
        subject, headers, body = encode(event)
        ack = await client.jetstream().publish(subject, body, headers=headers)
        stored.append(event.at(ack.seq))
    return stored


async def everybody_is_past(client: Client) -> None:
    """Consumers and tables have handled all that is on the log now."""
    jetstream = client.jetstream(timeout=60)  # a consumer of a long log counts what waits for it
    position = await EventLog(client).position()
    for consumer in await jetstream.consumers_info(PANELS.name):
        if consumer.config.ack_policy != AckPolicy.NONE:
            await jetstream.delete_consumer(PANELS.name, consumer.name)
            config = consumer.config.evolve(deliver_policy=DeliverPolicy.NEW, opt_start_seq=None)
            await jetstream.add_consumer(PANELS.name, config)
    await projected(client, position.sequence, position.epoch)


async def projected(client: Client, sequence: int, epoch: str) -> None:
    """As a projector would tell it."""
    value = json.dumps({"sequence": sequence, "epoch": epoch}).encode()
    await client.jetstream().publish(bucket_subject(projected_key("panels")), value)


async def archived(client: Client, told: Told = lambda _: None, *, older_than: timedelta = AT_ONCE) -> Report:
    """One run of the archiver."""
    return await Archiver(client, older_than=older_than, in_both=0.0, told=told).run()


class Killed(Exception):
    """As if the process had died here."""


def dies_at(step: str) -> Callable[[str], None]:
    def told(reached: str) -> None:
        if reached == step:
            raise Killed(step)

    return told


async def on_log(client: Client) -> int:
    """Messages on the log."""
    return (await client.jetstream().stream_info(PANELS.name)).state.messages


async def three_panels(client: Client) -> dict[PanelRef, list[Recorded]]:
    """Three finished panels of two tenants, side by side on the log, and everybody past them."""
    tenant = uuid4()
    refs = [PanelRef(tenant, uuid4()), PanelRef(tenant, uuid4()), some_panel()]
    histories = ["structured-calm", "open-troubled", "delphi-calm"]
    told = [iter(finished(ref, history)) for ref, history in zip(refs, histories, strict=True)]
    mixed: list[Recorded] = []
    while told:
        for events in list(told):
            event = next(events, None)
            if event is None:
                told.remove(events)
            else:
                mixed.append(event)
    stored = await put(client, mixed)
    await everybody_is_past(client)
    return {ref: [event for event in stored if event.envelope.panel == ref] for ref in refs}


async def copies(client: Client) -> int:
    """Messages in ARCHIVE."""
    return (await client.jetstream().stream_info(ARCHIVE.name)).state.messages
