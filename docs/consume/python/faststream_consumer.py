"""The same with FastStream: a handler per durable; settle explicitly, never let it declare the stream.

Run with `faststream run faststream_consumer:app`. NATS_URL holds the login: nats://reader-billing:…@nats:4222
"""

import json
import os

from faststream import AckPolicy, FastStream
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.js.api import ConsumerConfig

ME = "reader-billing"
INBOX = f"_INBOX_{ME}".encode()

broker = NatsBroker(os.environ["NATS_URL"], inbox_prefix=INBOX)
app = FastStream(broker)


@broker.subscriber(
    durable=ME,
    config=ConsumerConfig(),  # the durable is there already: its filters count, not these
    stream=JStream("PANELS", declare=False),
    pull_sub=PullSub(batch_size=1),
    inbox_prefix=INBOX + b".",
    ack_policy=AckPolicy.MANUAL,
)
async def take(data: dict[str, object], message: NatsMessage) -> None:
    """One event: do the work, then acknowledge. An exception before that brings the event again."""
    print(message.headers["ce-id"], message.headers["ce-type"], json.dumps(data), flush=True)
    await message.ack()
