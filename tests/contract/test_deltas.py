"""Text that is shown while it is written: which attempt at which step it belongs to."""

import json
import time

from nats.aio.client import Client
from nats.aio.msg import Msg

from askpanel.contracts.events import ExpertRequested
from askpanel.expert_runner.worker import Deltas, Task
from tests.contract.archiving import finished
from tests.contract.made import some_panel
from tests.contract.waiting import until


async def test_typed_text_names_its_attempt_so_that_a_late_one_is_told_apart(client: Client) -> None:
    panel = some_panel()
    heard: list[dict[str, object]] = []

    async def hear(message: Msg) -> None:
        heard.append(json.loads(message.data))

    await client.subscribe(panel.deltas(), cb=hear)
    asked = next(one for one in finished(panel) if isinstance(one.event, ExpertRequested))
    assert isinstance(asked.event, ExpertRequested)
    task = Task(asked.event, asked.envelope, time.time(), time.monotonic())
    for attempt in (1, 2):
        deltas = Deltas(client, task, attempt)
        await deltas.write("Yes, ")
        await deltas.flush()
    await until(lambda: len(heard) == 2)
    assert [one["attempt"] for one in heard] == [1, 2]
    assert {(one["round_number"], one["step"], one["seat"]) for one in heard} == {
        (asked.event.round_number, asked.event.step, asked.event.seat)
    }
