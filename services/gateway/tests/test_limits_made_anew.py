"""Gateways that run while the bootstrap step goes from one copy to three: the counts lie in new buckets then."""

import asyncio

from nats.aio.client import Client

from askpanel.contracts.catalogue import BUCKET, catalogue_key, encode_expert
from askpanel.local.demo import seed
from askpanel.runtime.bootstrap import Sizing
from services.gateway.tests.processes import GatewayProcess, gateways, headers, spoken_to
from services.gateway.tests.running import experts
from services.gateway.tests.test_limits_shared import until
from tests.contract.servers import brought_up, connected, three_nodes
from tests.harness.databases import Database


async def prepare(client: Client) -> None:
    await brought_up(client, Sizing(replicas=1))
    bucket = await client.jetstream().key_value(BUCKET)
    for expert in experts():
        await bucket.put(catalogue_key(expert.agent_id), encode_expert(expert))


async def test_streams_are_counted_together_again_and_no_request_notices(database: Database) -> None:
    await seed(database.admin)
    limits = {"requests_per_second": 500, "request_burst": 1000, "streams_per_user": 2}
    with three_nodes() as nodes:
        async with connected(nodes.url().split(",")) as client:
            await prepare(client)
            with gateways(2, nodes.url(), database, **limits) as running:
                async with spoken_to(running) as (first, second):
                    await changed_meanwhile(client, first, second)


async def changed_meanwhile(client: Client, first: GatewayProcess, second: GatewayProcess) -> None:
    panel_id = await first.ask()

    async def left(gateway: GatewayProcess) -> int:
        return (await gateway.tenant())["streams_per_user"]["remaining"]

    async with first.stream(panel_id) as held:
        assert held.response.status_code == 200
        assert await left(second) == 1
        making = asyncio.create_task(brought_up(client, Sizing(replicas=3)))
        statuses: set[int] = set()
        while not making.done():
            for each in (first, second):
                answer = await each.http.get("/api/v1/panel-types", headers=headers("admin"))
                statuses.add(answer.status_code)
        await making

        async def counted_again() -> bool:
            return await left(second) == 1

        await until(counted_again)
        async with second.stream(panel_id) as other:
            assert other.response.status_code == 200
            for each in (first, second):  # once the other one's sign of life is written again, too
                await until(lambda each=each: refused(each, panel_id))
    assert statuses == {200}


async def refused(gateway: GatewayProcess, panel_id: str) -> bool:
    async with gateway.http.stream("GET", f"/api/v1/panels/{panel_id}/stream") as third:
        return third.status_code == 429
