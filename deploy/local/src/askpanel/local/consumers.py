"""Consumers of the log, by hand: `askpanel reset` for ours, `askpanel reader` for another team's.

A reset lets a durable go through the log again from a place on; the server does it in one step. Every handler
stands being given a message twice, and the log takes every fact once, so it repeats work and no effect. What was
in the durable's hands comes again too.
"""

import asyncio
import json
import re

import nats.errors

from askpanel.contracts.permissions import reader_user
from askpanel.contracts.topology import DURABLES, Durable
from askpanel.contracts.topology import reader as reader_durable
from askpanel.local.operator import connected, servers, who
from askpanel.runtime import bootstrap, letters

TEAM = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class NoDurable(Exception):
    """No durable has this name, or can have it, or the server refuses."""


def reset(name: str, after: int | None) -> int:
    """Start again after sequence `after`, or after what was acknowledged in full. Returns what waits then.

    Raises NoDurable, NoStack and NoServer.
    """
    return asyncio.run(_reset(_durable(name), after))


def _durable(name: str) -> Durable:
    for durable in DURABLES:
        if durable.name == name:
            return durable
    raise NoDurable(f"no durable {name!r}; there are {', '.join(durable.name for durable in DURABLES)}")


async def _reset(durable: Durable, after: int | None) -> int:
    async with connected(servers().nats_url) as client:
        subject = f"$JS.API.CONSUMER.RESET.{durable.stream}.{durable.name}"
        body = b"" if after is None else json.dumps({"seq": after + 1}).encode()
        try:
            answer = json.loads((await client.request(subject, body, timeout=5)).data)
        except (nats.errors.Error, TimeoutError) as error:
            raise NoDurable(f"NATS did not answer the reset of {durable.name}: {error!r}") from None
        if "error" in answer:
            raise NoDurable(f"NATS refuses the reset of {durable.name}: {answer['error'].get('description')}")
        facts = {"durable": durable.name, "from_sequence": answer["reset_seq"], "by": who()}
        await letters.record(client.jetstream(), "consumer.reset", facts)
        return int(answer["num_pending"])


def add_reader(team: str, event_types: list[str]) -> str:
    """Make a team's durable, or bring it up to date. Returns its user's line for NATS' configuration.

    Raises NoDurable for a team or type that cannot be, NoStack and NoServer.
    """
    if not TEAM.fullmatch(team):
        raise NoDurable(f"{team!r} is no name for a team: lower case, digits and hyphens")
    try:
        durable = reader_durable(team, *event_types)
    except ValueError as error:
        raise NoDurable(f"{error}; docs/events.md lists them") from None
    asyncio.run(_add(durable))
    return reader_user(durable)


async def _add(durable: Durable) -> None:
    async with connected(servers().nats_url) as client:
        await bootstrap.add_durable(client.jetstream(), durable)
        facts = {"durable": durable.name, "filters": durable.filters, "by": who()}
        await letters.record(client.jetstream(), "reader.added", facts)
