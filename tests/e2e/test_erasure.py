"""`askpanel erase-panel`, `erase-tenant` and `export-tenant` on a stack of their own."""

import asyncio
import base64
import hashlib
import json
import subprocess
import zipfile
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.client import Client

from askpanel.contracts.catalogue import BUCKET
from askpanel.contracts.topology import PANELS, TIMERS
from askpanel.runtime import letters
from tests.harness.invariants import usage_complete
from tests.harness.stack import EXPERTS, RunningStack, askpanel, create, follow, kill, projected, stack, until

pytestmark = pytest.mark.e2e

SECRET = "Shall Acme Health close the ward in Oostende before the elections?"
WORD = "Oostende"
BECAUSE = ("--because", "ticket 4711")
SLOW = "expert-4"
ANSWER_AFTER = 15
"""Seconds; in that time the command starts twice while other work keeps the machine busy."""
TABLES = ("panels", "panel_responses", "panel_consensus", "agent_usage")
EXPERT = {
    "agent_id": "oostende-insider",
    "name": "Oostende insider",
    "title": "Knows the ward in Oostende",
    "domain": "strategy",
    "summary": "Has worked in the ward in Oostende.",
    "instructions": "Oostende: weigh what the ward's people say, and what is missing.",
}


@dataclass(frozen=True, slots=True)
class Panels:
    """What is on the stack: two of acme, one of them a follow-up of the other; one of globex."""

    erased: str
    follow_up: str
    foreign: str


@pytest.fixture(scope="module")
def own() -> Generator[RunningStack]:
    """A stack whose tenants may be erased."""
    with stack(f"scripted:latency=0.02,latency.{SLOW}={ANSWER_AFTER}") as started:
        yield started


@pytest.fixture(scope="module")
def panels(own: RunningStack) -> Panels:
    """Three panels that have run to their ends, and whose usage is recorded."""

    async def ask(slug: str, **body: Any) -> str:
        async with own.http(slug=slug) as client:
            created = await create(client, **body)
            await follow(client, created["id"])
        events = await until(lambda: own.events(created["id"], slug), usage_complete)
        await projected(own, events[-1].sequence)
        return created["id"]

    async def make() -> Panels:
        async with own.http("admin") as client:
            assert (await client.post("/agents", json=EXPERT)).status_code == 201
        parent = await ask("acme", query=SECRET)
        child = await ask("acme", query="And what would that mean for the nurses?", parent_panel_id=parent)
        return Panels(parent, child, await ask("globex"))

    return asyncio.run(make())


async def said(own: RunningStack, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(partial(askpanel, own, *arguments, **environment))


async def refused(own: RunningStack, *arguments: str, **environment: str) -> str:
    """The one line of a refusal."""
    done = await said(own, *arguments, **environment)
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert WORD not in done.stdout + done.stderr
    return done.stderr


async def rows(own: RunningStack, column: str, value: object) -> int:
    """Rows of all four tables, by tenant or panel."""
    async with own.database() as connection:
        counts = [
            await connection.fetchval(
                f"select count(*) from public.{table} where {'id' if (table, column) == ('panels', 'panel_id') else column} = $1",
                value,
            )
            for table in TABLES
        ]
    return sum(counts)


async def everything_stored(own: RunningStack) -> str:
    """All that log, catalogue, dead letters, audit and tables hold, as one text."""
    parts: list[str] = []
    async with own.log() as log:
        for stream in (PANELS.name, TIMERS.name, "DEAD", "AUDIT", f"KV_{BUCKET}"):
            parts += [
                f"{message.subject} {message.headers} {message.data.decode(errors='replace')}"
                for message in await letters._all_of(log.jetstream, stream)
            ]
    async with own.database() as connection:
        for table in TABLES:
            parts += [
                row[0] for row in await connection.fetch(f"select to_jsonb(t)::text from public.{table} t")
            ]
    return "\n".join(parts)


async def bury(client: Client, own: RunningStack, panel_id: str) -> None:
    """A dead letter that quotes the panel."""
    letter: dict[str, Any] = {
        "reason": "poison", "error": "a bug", "durable": "usage", "stream": PANELS.name, "sequence": 1,
        "deliveries": 5, "subject": own.ref(panel_id).subject("expert.responded"), "headers": {},
        "body": base64.b64encode(SECRET.encode()).decode(),
    }  # fmt: skip
    await client.jetstream().publish("dead.usage", json.dumps(letter).encode())


async def audit(own: RunningStack) -> list[dict[str, Any]]:
    async with own.log() as log:
        return await letters.read_audit(log.jetstream)


async def nothing_comes_back(own: RunningStack) -> None:
    """The tables equal what the log says, in a rebuild and with a projector that remembers nothing."""
    done = await said(own, "replay")
    assert done.returncode == 0, done.stdout + done.stderr
    await kill(own, "projector")
    async with own.http(slug="globex") as client:
        created = await create(client)
        await follow(client, created["id"])
    await projected(own, (await own.events(created["id"], "globex"))[-1].sequence)
    done = await said(own, "replay")
    assert done.returncode == 0, done.stdout + done.stderr


async def test_export_holds_every_panel_and_expert_of_the_tenant_and_no_other(
    own: RunningStack, panels: Panels, tmp_path: Path
) -> None:
    file = tmp_path / "acme.zip"
    done = await said(own, "export-tenant", str(own.tenant()), str(file))
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(file) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(held.pop("manifest.json"))
    assert manifest["files"] == {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in held.items()
    }
    assert set(held) == {
        *(f"panels/{panel}.{kind}" for panel in (panels.erased, panels.follow_up) for kind in ("json", "md")),
        "experts/oostende-insider.json",
    }
    assert json.loads(held["experts/oostende-insider.json"])["instructions"] == EXPERT["instructions"]
    async with own.http() as client:
        for kind in ("json", "md"):
            shown = await client.get(f"/panels/{panels.erased}/export", params={"format": kind})
            exported = held[f"panels/{panels.erased}.{kind}"].decode()
            ignored = "- Exported:"
            assert [line for line in exported.splitlines() if ignored not in line] == [
                line for line in shown.text.splitlines() if ignored not in line
            ]
    assert "nothing" in await refused(own, "export-tenant", str(uuid4()), str(tmp_path / "none.zip"))
    assert [path.name for path in tmp_path.iterdir()] == ["acme.zip"]


async def test_nothing_is_erased_unless_it_is_said_twice(own: RunningStack, panels: Panels) -> None:
    before = await everything_stored(own)
    asked = await refused(own, "erase-panel", panels.erased, *BECAUSE)
    assert "--yes" in asked
    assert "events" in asked
    assert "--yes" in await refused(own, "erase-tenant", str(own.tenant()), *BECAUSE)
    for unknown in ("erase-panel", "erase-tenant"):
        assert "there is n" in await refused(own, unknown, str(uuid4()), *BECAUSE, "--yes")
    no_reason = await said(own, "erase-panel", panels.erased, "--yes")
    assert no_reason.returncode == 2
    assert await everything_stored(own) == before


@pytest.mark.parametrize("login", ["panel_projector", "panel_api"])
async def test_a_login_that_may_not_delete_rows_erases_nothing(
    own: RunningStack, panels: Panels, login: str
) -> None:
    before = await everything_stored(own)
    servers = {
        "ASKPANEL_NATS_URL": str(own.told["nats_url"]),
        "ASKPANEL_DATABASE_URL": f"{own.told['database_url']}?role={login}",
    }
    for command, what in (("erase-panel", panels.erased), ("erase-tenant", str(own.tenant()))):
        line = await refused(own, command, what, *BECAUSE, "--yes", **servers)
        assert f"login {login} may not erase rows of askpanel.panel_money" in line
        assert "ASKPANEL_DATABASE_URL to the login panel_migrator" in line
    assert await everything_stored(own) == before


async def test_a_panel_at_work_is_not_erased(own: RunningStack, panels: Panels) -> None:
    async with own.http() as client:
        created = await create(client, panel_type="open", agents=[*EXPERTS, SLOW])
        await until(lambda: own.events(created["id"]), lambda events: any(
            recorded.envelope.type == "expert.started" for recorded in events
        ))  # fmt: skip
        commands = (("erase-panel", created["id"]), ("erase-tenant", str(own.tenant())))
        for said_why in await asyncio.gather(
            *(refused(own, command, what, *BECAUSE, "--yes") for command, what in commands)
        ):
            assert "not ended" in said_why
        assert (await client.post(f"/panels/{created['id']}/cancel")).status_code == 202
        await follow(client, created["id"])
        assert "not returned" in await refused(own, "erase-panel", created["id"], *BECAUSE, "--yes")
        await until(lambda: own.events(created["id"]), lambda events: (
            Counter(recorded.envelope.type for recorded in events)["expert.responded"] == len(EXPERTS) + 1
            and usage_complete(events)
        ))  # fmt: skip
    done = await said(own, "erase-panel", created["id"], *BECAUSE, "--yes")
    assert done.returncode == 0, done.stderr


async def test_an_erased_panel_is_gone_from_log_tables_and_letters_and_stays_away(
    own: RunningStack, panels: Panels
) -> None:
    async with own.log() as log:
        await bury(log._client, own, panels.erased)
    child = await own.events(panels.follow_up)
    done = await said(own, "erase-panel", panels.erased, *BECAUSE, "--yes")
    assert done.returncode == 0, done.stderr
    assert panels.follow_up in done.stdout, "its follow-up quotes it, and is named"
    assert await own.events(panels.erased) == []
    assert await rows(own, "panel_id", panels.erased) == 0
    stored = await everything_stored(own)
    assert panels.erased not in "\n".join(line for line in stored.splitlines() if '"erasure.' not in line
                                          and panels.follow_up not in line)  # fmt: skip
    async with own.http() as client:
        for path in ("", "/events", "/export", "/stream"):
            assert (await client.get(f"/panels/{panels.erased}{path}")).status_code == 404
    assert [recorded.sequence for recorded in await own.events(panels.follow_up)] == [
        recorded.sequence for recorded in child
    ]
    begun, finished = [line for line in await audit(own) if line["panel_id"] == panels.erased]
    assert (begun["action"], finished["action"]) == ("erasure.started", "erasure.done")
    assert finished["because"] == "ticket 4711"
    assert finished["erased"]["events"] >= 10
    assert finished["erased"]["letters"] == 1
    assert WORD not in json.dumps([begun, finished])
    await nothing_comes_back(own)
    assert await rows(own, "panel_id", panels.erased) == 0


async def test_an_erased_follow_up_leaves_its_parent_as_if_it_had_not_been(own: RunningStack) -> None:
    async with own.http() as client:
        parent = (await create(client))["id"]
        await follow(client, parent)
        await projected(own, (await own.events(parent))[-1].sequence)
        child = (await create(client, parent_panel_id=parent))["id"]
        await follow(client, child)
        sibling = (await create(client, parent_panel_id=parent))["id"]
        await follow(client, sibling)
    events = await until(lambda: own.events(child), usage_complete)
    await projected(own, events[-1].sequence)
    await until(lambda: own.events(sibling), usage_complete)
    for gone, left in ((child, [sibling]), (sibling, [])):
        done = await said(own, "erase-panel", gone, *BECAUSE, "--yes")
        assert done.returncode == 0, done.stderr
        async with own.http() as client:
            assert (await client.get(f"/panels/{parent}")).json()["children"] == left
        replayed = await said(own, "replay")
        assert replayed.returncode == 0, replayed.stdout


async def test_an_erased_tenant_is_gone_and_its_neighbour_is_whole(own: RunningStack, panels: Panels) -> None:
    neighbour = [recorded.sequence for recorded in await own.events(panels.foreign, "globex")]
    kept = await rows(own, "tenant_id", own.tenant("globex"))
    done = await said(own, "erase-tenant", str(own.tenant()), *BECAUSE, "--yes")
    assert done.returncode == 0, done.stderr
    assert await rows(own, "tenant_id", own.tenant()) == 0
    stored = await everything_stored(own)
    assert WORD not in stored
    assert str(own.tenant()) not in "\n".join(line for line in stored.splitlines() if '"erasure.' not in line)
    assert [recorded.sequence for recorded in await own.events(panels.foreign, "globex")] == neighbour
    assert await rows(own, "tenant_id", own.tenant("globex")) == kept
    async with own.http() as client:

        async def experts() -> str:
            return (await client.get("/agents")).text

        await until(experts, lambda text: WORD not in text)
        assert (await client.get("/panels")).json()["total"] == 0
        assert (await create(client))["id"], "the tenant itself is the platform's, and goes on"
    await nothing_comes_back(own)
