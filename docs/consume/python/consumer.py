"""A team's consumer with nats-py. NATS_URL holds the login: nats://reader-billing:…@nats:4222"""

import asyncio
import contextlib
import os

import nats


async def main(me: str = "reader-billing") -> None:
    client = await nats.connect(os.environ["NATS_URL"], inbox_prefix=f"_INBOX_{me}".encode())
    mine = await client.jetstream().pull_subscribe_bind(me, "PANELS", f"_INBOX_{me}.".encode())
    while True:
        with contextlib.suppress(TimeoutError):
            for event in await mine.fetch(100, timeout=30):
                print(event.headers["ce-id"], event.headers["ce-type"], event.data.decode(), flush=True)
                await event.ack()


asyncio.run(main())
