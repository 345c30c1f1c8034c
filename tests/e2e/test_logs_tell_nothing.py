"""No log and no span holds a secret, a token, an address of a person, or what people and models wrote.

Everything is logged down to `debug` and every trace is recorded, everything goes wrong that can, and then the
files and what a collector got are searched.
"""

import asyncio
import json
import re
from collections.abc import Collection, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from askpanel.contracts.events import ExpertResponded, PanelCompleted
from tests.harness.cast import BROKEN, LOCKED_OUT, OPPOSED, REFUSING, SHARED_MODEL
from tests.harness.collector import Collector, collecting
from tests.harness.invariants import usage_complete
from tests.harness.stack import EXPERTS, RunningStack, askpanel, create, follow, kill, stack, until

pytestmark = pytest.mark.e2e

WORDS = {
    "question": "zebrafinch-question",
    "option": "zebrafinch-option",
    "evidence": "zebrafinch-evidence",
    "wish": "zebrafinch-wish",
    "instructions": "zebrafinch-instructions",
    "reason": "zebrafinch-reason",
    "refused": "zebrafinch-refused",
    "key": "zebrafinch-key",
}
"""A word for each place in which people write, so that a find says where it came from."""
SHORTEST_QUOTE = 24
"""Characters of an answer that cannot stand in a log by chance."""


@pytest.fixture(scope="module")
def collector() -> Generator[Collector]:
    """Where its spans and metrics go."""
    with collecting() as started:
        yield started


@pytest.fixture(scope="module")
def talkative(collector: Collector) -> Generator[RunningStack]:
    """A stack that tells all it ever tells."""
    often = {"OTEL_BSP_SCHEDULE_DELAY": "100", "ASKPANEL_METRICS_SECONDS": "1"}
    with stack(
        SHARED_MODEL, ASKPANEL_LOG_LEVEL="debug", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **often
    ) as started:
        yield started


def logs(running: RunningStack) -> dict[str, str]:
    """Every log file of the stack: services, servers, launcher."""
    found = {
        str(path.relative_to(running.data)): path.read_text(errors="replace")
        for path in running.data.rglob("*.log")
    }
    assert {Path(name).stem for name in found} >= {
        "gateway", "projector", "orchestrator", "expert-runner", "consensus", "usage", "sign-in", "nats",
        "postgres", "askpanel",
    }, sorted(found)  # fmt: skip
    return found


async def everything_that_can_go_right(running: RunningStack) -> list[str]:
    """A panel of all that people can write; what its experts said and the tokens it took."""
    body = {
        "query": f"Should we do what {WORDS['question']} says, now or later?",
        "options": [f"{WORDS['option']} first", "later"],
        "evidence": [{"title": WORDS["evidence"], "text": f"{WORDS['evidence']} is known."}],
        "configuration": {"custom_prompt": f"Mind {WORDS['wish']}."},
        "agents": [*EXPERTS, OPPOSED, REFUSING[0], LOCKED_OUT[0], BROKEN],
    }
    expert = {
        "agent_id": "zebra-expert", "name": "Zebra", "title": "Knows zebras", "domain": "law",
        "summary": "Knows zebras and finches.", "instructions": f"{WORDS['instructions']}: be brief, be kind.",
    }  # fmt: skip
    async with running.http("owner") as client:
        assert (await client.post("/agents", json=expert)).status_code == 201
        client.headers["Idempotency-Key"] = WORDS["key"]
        created = await create(client, **body)
        ticket = (await client.post(f"/panels/{created['id']}/stream-tickets")).json()["ticket"]
        async with httpx.AsyncClient() as bare:
            url = f"{running.url}/api/v1/panels/{created['id']}/stream"
            assert (await bare.get(url, params={"ticket": ticket}, timeout=60)).status_code == 200
        await follow(client, created["id"])
    events = await until(lambda: running.events(created["id"]), usage_complete)
    said = [recorded.event.content for recorded in events if isinstance(recorded.event, ExpertResponded)]
    ends = [recorded.event for recorded in events if isinstance(recorded.event, PanelCompleted)]
    assert said
    return [ticket, *said, *(end.recommendation for end in ends if end.recommendation)]


async def everything_that_can_go_wrong(running: RunningStack) -> None:
    """Refusals of every kind with something secret in each, and services that die in between."""
    word = WORDS["refused"]
    async with running.http() as client:
        for content in (f'{{"query": "{word}', json.dumps({"query": word, word: word, "panel_type": word})):
            headers = {"Content-Type": "application/json"}
            assert (await client.post("/panels", content=content, headers=headers)).status_code in (400, 422)
        await client.get("/panels", params={"q": word, "cursor": word})
        await client.get(f"/agents/{word}")
        await client.post(f"/panels/{uuid4()}/cancel", json={"reason": WORDS["reason"]})
        await client.get("/tenant", headers={"Authorization": f"Bearer {word}.{word}.{word}"})
        await client.get(f"/panels/{uuid4()}/stream", params={"ticket": word})
    auth = f"{running.told['auth_url']}/auth/v1/token"
    async with httpx.AsyncClient(headers={"apikey": running.told["anon_key"]}) as client:
        user = running.user()
        for email, password in ((user["email"], word), (f"{word}@acme.example", word)):
            body = {"email": email, "password": password}
            assert (await client.post(auth, params={"grant_type": "password"}, json=body)).status_code == 400
    for name in ("gateway", "expert-runner", "postgres"):
        await kill(running, name)
    await until(lambda: _answers(running), lambda ready: ready)
    async with running.http() as client:
        created = await create(client, query=f"Should {WORDS['question']} be asked once more?")
        await follow(client, created["id"])


async def _answers(running: RunningStack) -> bool:
    try:
        async with running.http() as client:
            return (await client.get("/tenant")).status_code == 200
    except httpx.TransportError:
        return False


def secrets_of(running: RunningStack) -> Iterator[str]:
    """Passwords, keys and tokens of the stack, and its people's addresses."""
    kept: dict[str, Any] = json.loads((running.data / "secrets.json").read_text())
    for value in kept.values():
        yield from value.values() if isinstance(value, dict) else (value,)
    for tenant in running.told["tenants"]:
        for user in tenant["users"]:
            yield from (user["token"], user["email"], user["password"])


SOME_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJl"
TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.eyJ")


def search(told: Mapping[str, str], wanted: Collection[str]) -> list[str]:
    """Every line that holds one of these, or anybody's bearer token."""
    return [
        f"{name}: {line[:300]}"
        for name, text in told.items()
        for line in text.splitlines()
        if TOKEN.search(line) or any(each in line for each in wanted)
    ]


async def test_logs_and_spans_hold_no_secret_no_token_and_nothing_that_anybody_wrote(
    talkative: RunningStack, collector: Collector
) -> None:
    said = await everything_that_can_go_right(talkative)
    await everything_that_can_go_wrong(talkative)
    await asyncio.to_thread(askpanel, talkative, "replay")
    quotes = {text[:SHORTEST_QUOTE] for text in said if len(text) >= SHORTEST_QUOTE}
    wanted = {*secrets_of(talkative), *WORDS.values(), *quotes, *(text for text in said if "." in text)}
    told = logs(talkative) | {"spans and metrics": collector.text()}
    assert search(told, wanted) == []
    for name, text in told.items():
        planted = [f"… {one} …" for one in (*wanted, SOME_TOKEN)]
        assert len(search({name: "\n".join([text, *planted])}, wanted)) == len(planted), name


async def test_there_was_something_to_search(talkative: RunningStack, collector: Collector) -> None:
    """Services did log, as JSON lines, and spans were collected."""
    names = {span.name for span in await collector.all()}
    assert names >= {"POST /api/v1/panels", "GET /api/v1/panels/{panel_id}/stream", "chat scripted"}
    gateway = logs(talkative)["logs/gateway.log"]
    assert len([json.loads(line) for line in gateway.splitlines() if line.startswith("{")]) > 3
