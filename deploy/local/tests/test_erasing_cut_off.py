"""An erasure whose purge takes NATS long, or that was cut off: the same command goes on, and the audit has its end."""

import asyncio
import subprocess
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client

from askpanel.contracts.envelope import encode
from askpanel.runtime import letters
from askpanel.runtime.log import EventLog
from services.gateway.tests.stories import Story
from tests.contract.proxy import Proxy, proxy_to
from tests.contract.servers import OwnNats, emptied, own_nats
from tests.harness.databases import Database
from tests.harness.stack import command_line

PURGED = b"stream_purge_response"
STORY = Story("a panel that has ended").whole()
EVENTS = len(STORY.events)
COMMANDS = (("erase-panel", str(STORY.ref.panel_id)), ("erase-tenant", str(STORY.tenant_id)))


@pytest.fixture(scope="module")
def log_server() -> Generator[OwnNats]:
    with own_nats() as server:
        yield server


@dataclass
class Place:
    """One panel on a log behind a proxy, and the tables' database, to which it has not been projected."""

    client: Client
    direct_url: str
    proxy: Proxy
    database: Database
    folder: Path

    async def erase(
        self, *command: str, url: str | None = None, confirmed: bool = True
    ) -> "subprocess.CompletedProcess[str]":
        """The command, through the proxy unless told otherwise; NATS may take a second for a purge."""
        said = (*command, "--because", "ticket 4711", *(("--yes",) if confirmed else ()))
        servers = {
            "ASKPANEL_NATS_URL": url or self.proxy.url,
            "ASKPANEL_DATABASE_URL": self.database.migrator,
            "ASKPANEL_PURGE_SECONDS": "1",
        }
        return await asyncio.to_thread(partial(command_line, self.folder, *said, **servers))

    async def audit(self) -> list[dict[str, Any]]:
        return await letters.read_audit(self.client.jetstream())


@pytest.fixture
async def place(log_server: OwnNats, database: Database, tmp_path: Path) -> AsyncGenerator[Place]:
    client = await nats.connect(log_server.url)
    await emptied(client)
    for event in STORY.events:
        subject, headers, body = encode(event)
        await client.jetstream().publish(subject, body, headers=headers)
    async with proxy_to(log_server.port) as proxy:
        proxy.words = PURGED
        yield Place(client, log_server.url, proxy, database, tmp_path)
    await client.close()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
async def test_a_purge_that_does_not_answer_in_time_is_waited_for(
    command: tuple[str, ...], place: Place
) -> None:
    place.proxy.lose = "acknowledgement"
    done = await place.erase(*command)
    assert done.returncode == 0, done.stderr
    assert place.proxy.lost == 1
    assert f": {EVENTS} events" in done.stdout
    assert await EventLog(place.client).read(STORY.ref) == []
    begun, ended = await place.audit()
    assert (begun["action"], ended["action"]) == ("erasure.started", "erasure.done")
    assert ended["erased"]["events"] == EVENTS


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
async def test_an_erasure_that_was_cut_off_after_its_last_find_is_ended_by_the_same_command(
    command: tuple[str, ...], place: Place
) -> None:
    place.proxy.lose = "silence"
    cut_off = await place.erase(*command)
    assert (cut_off.returncode, len(cut_off.stderr.splitlines())) == (1, 1), cut_off.stderr
    assert "ASKPANEL_PURGE_SECONDS" in cut_off.stderr
    assert "give the same command again" in cut_off.stderr
    assert await EventLog(place.client).read(STORY.ref) == [], "the server has purged on"
    assert [line["action"] for line in await place.audit()] == ["erasure.started"]

    asked = await place.erase(*command, url=place.direct_url, confirmed=False)
    assert (asked.returncode, "was cut off" in asked.stderr, "--yes" in asked.stderr) == (1, True, True)
    again = await place.erase(*command, url=place.direct_url)
    assert again.returncode == 0, again.stderr
    *_, ended = audit = await place.audit()
    assert ended["action"] == "erasure.done"

    third = await place.erase(*command, url=place.direct_url)
    assert (third.returncode, "there is n" in third.stderr) == (1, True), third.stderr
    assert await place.audit() == audit
