"""`askpanel dead`, `reset` and `reader` beside a running stack, as an operator would use them."""

import asyncio
import base64
import json
import subprocess
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest

from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import DEAD, PANELS
from askpanel.runtime.log import EventLog
from tests.harness.stack import RunningStack, askpanel, create, follow, until

pytestmark = pytest.mark.e2e

TAKEN_BY = {
    "panel.created": "orchestrator",
    "expert.requested": "expert-runner",
    "consensus.requested": "consensus",
    "expert.responded": "usage",
    "panel.started": "projector",
}


async def asked(running: RunningStack, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(askpanel, running, *arguments)


async def letters(running: RunningStack, panel: str) -> list[dict[str, Any]]:
    """The letters about one panel, as the command lists them."""
    done = await asked(running, "dead", "list", "--json")
    assert done.returncode == 0, done.stderr
    listed = [json.loads(line) for line in done.stdout.splitlines()]
    return [letter for letter in listed if panel in letter["subject"]]


async def give_up_on(log: EventLog, panel: PanelRef) -> None:
    """Letters for messages of a panel that ended well, as if each service had given up on its own."""
    async for subject, headers, body, sequence in log.read_raw(panel.filter):
        durable = TAKEN_BY.get(".".join(subject.split(".")[:2]))
        if durable is not None:
            letter = {
                "reason": "poison",
                "error": "a bug that is mended now",
                "durable": durable,
                "stream": PANELS.name,
                "sequence": sequence,
                "deliveries": 5,
                "subject": subject,
                "headers": headers,
                "body": base64.b64encode(body).decode(),
            }
            await log.jetstream.publish(f"dead.{durable}", json.dumps(letter).encode())


async def test_every_service_handles_again_what_is_retried_and_nothing_happens_twice(
    running: RunningStack,
) -> None:
    async with running.http() as client, running.log() as log:
        panel = (await create(client))["id"]
        await follow(client, panel)
        ref = PanelRef(running.tenant(), PanelRef.of(panel, panel).panel_id)

        async def ended() -> Sequence[str]:
            return [event.envelope.type for event in await log.read(ref)]

        await until(ended, lambda types: types.count("usage.recorded") == types.count("expert.responded"))
        before = await log.read(ref)
        await give_up_on(log, ref)
        given_up = await letters(running, panel)
        assert {letter["durable"] for letter in given_up} == set(TAKEN_BY.values())

        numbers = [str(letter["letter"]) for letter in given_up]
        done = await asked(running, "dead", "retry", *numbers)
        assert done.returncode == 0, done.stdout + done.stderr
        assert await letters(running, panel) == []
        assert await log.read(ref) == before
    audit = [json.loads(line) for line in (await asked(running, "dead", "history")).stdout.splitlines()]
    retried = [line["letter"] for line in audit if line["action"] == "dead.retried"]
    assert set(map(int, numbers)) <= set(retried)
    assert all(line["by"] for line in audit)


async def test_what_cannot_be_handled_says_why_stays_and_can_be_dropped(running: RunningStack) -> None:
    panel = str(uuid4())
    async with running.log() as log:
        await log.jetstream.publish(f"expert.failed.{running.tenant()}.{panel}", b"no event")

        async def durables() -> set[str]:
            return {letter["durable"] for letter in await letters(running, panel)}

        await until(durables, lambda found: found == {"usage", "orchestrator", "projector"})
    given_up = await letters(running, panel)
    numbers = [str(letter["letter"]) for letter in given_up]
    shown = json.loads((await asked(running, "dead", "show", numbers[0])).stdout)
    assert "body" not in shown
    shown = json.loads((await asked(running, "dead", "show", numbers[0], "--body")).stdout)
    assert shown["body"] == "no event"

    refused = await asked(running, "dead", "retry", *numbers)
    assert refused.returncode == 1
    assert refused.stdout.count("refused") == 2, "usage and orchestrator"
    assert "cannot project" in refused.stdout
    assert len(await letters(running, panel)) == 3

    missing = await asked(running, "dead", "drop", *numbers)
    assert missing.returncode == 2, "a reason is asked for"
    dropped = await asked(running, "dead", "drop", *numbers, "--because", "sent by a test")
    assert dropped.returncode == 0, dropped.stderr
    assert await letters(running, panel) == []
    gone = await asked(running, "dead", "show", numbers[0])
    assert gone.returncode == 1
    assert len(gone.stderr.splitlines()) == 1


async def test_a_consumer_that_is_reset_goes_through_the_log_again_and_adds_nothing(
    running: RunningStack,
) -> None:
    async with running.http() as client, running.log() as log:
        panel = (await create(client))["id"]
        await follow(client, panel)

        async def settled() -> tuple[int, int]:
            info = await log.jetstream.consumer_info(PANELS.name, "usage")
            return info.num_pending or 0, info.num_ack_pending or 0

        await until(settled, lambda left: left == (0, 0))
        before = await log.position()
        done = await asked(running, "reset", "usage", "--after", "0")
        assert done.returncode == 0, done.stderr
        await until(settled, lambda left: left == (0, 0))
        assert await log.position() == before
    unknown = await asked(running, "reset", "nobody")
    assert unknown.returncode == 1
    assert "expert-runner" in unknown.stderr


async def test_letters_are_named_or_all_of_them(running: RunningStack) -> None:
    for arguments in ((), ("1", "--all")):
        done = await asked(running, "dead", "retry", *arguments)
        assert done.returncode == 1
        assert "--all" in done.stderr
    async with running.log() as log:
        assert (await log.jetstream.stream_info(DEAD.name)).config.max_age == DEAD.max_age


async def test_another_team_gets_a_durable_and_the_line_of_its_user(running: RunningStack) -> None:
    done = await asked(running, "reader", "billing", "--type", "usage.recorded", "--type", "panel.completed")
    assert done.returncode == 0, done.stderr
    assert 'user: "reader-billing", password: $NATS_READER_BILLING_PASSWORD' in done.stdout
    async with running.log() as log:
        made = (await log.jetstream.consumer_info(PANELS.name, "reader-billing")).config
        assert sorted(made.filter_subjects or ()) == ["panel.completed.>", "usage.recorded.>"]
        await log.jetstream.delete_consumer(PANELS.name, "reader-billing")
    for arguments in (("Billing!",), ("billing", "--type", "usage.forgotten")):
        refused = await asked(running, "reader", *arguments)
        assert refused.returncode == 1
        assert len(refused.stderr.splitlines()) == 1
