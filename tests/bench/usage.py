"""How long `GET /usage` takes on a month of 100,000 calls: `python -m tests.bench.usage`.

The rows are written by SQL into an embedded Postgres, as the projector would have written them, and counted as
it counts. Then the real gateway is asked over HTTP as the tenant's owner under row-level security, and its query
alone is timed beside. Sums are compared with those of the rows, digit by digit. Read medians: whoever else uses
the machine is in every number.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from statistics import median, quantiles
from typing import Any

import asyncpg
import httpx
import nats
import psutil

from askpanel.contracts.catalogue import BUCKET, catalogue_key, encode_expert
from askpanel.gateway.app import create_app
from askpanel.gateway.auth.membership import claims_of
from askpanel.gateway.readmodel.money import count_anew
from askpanel.gateway.readmodel.queries import open_read_model
from askpanel.gateway.readmodel.statements import begin_as_user, usage
from askpanel.gateway.readmodel.views import GroupBy, UsageFilter
from askpanel.gateway.settings import GatewaySettings
from askpanel.local.demo import TENANTS, seed
from askpanel.runtime import bootstrap
from services.gateway.tests.running import ISSUER, SECRET, experts, serving, token, until_ready
from tests.harness.databases import Database, Databases
from tests.harness.servers import nats_at, postgres_at

TENANT = TENANTS[0]
OWNER = TENANT.user("owner").id
GROUPS: tuple[GroupBy, ...] = ("day", "agent", "model", "panel_type")
CALLS_A_PANEL = 10

FILL = r"""
with made as (
  insert into public.panels (id, tenant_id, user_id, query, panel_type, status, created_at, configuration, metadata)
  select gen_random_uuid(), $1, ($2::uuid[])[1 + n % cardinality($2::uuid[])], 'Question ' || n,
         (array['structured', 'open', 'socratic', 'adversarial', 'delphi'])[1 + n % 5], 'completed',
         date_trunc('month', now(), 'UTC') + (n % 28) * interval '1 day' + n * interval '1 second',
         '{"max_cost_usd": "1.00"}', jsonb_build_object('sequence', n)
  from generate_series(1, $3::int) n
  returning id, user_id, created_at
)
insert into public.agent_usage (id, tenant_id, user_id, agent_id, panel_id, tokens_used, execution_time_ms,
                                cost_usd, created_at, metadata)
select gen_random_uuid(), $1, made.user_id, 'expert-' || ((call + hashtext(made.id::text)) & 31), made.id,
       700 + call, 900, 0.0123, made.created_at + call * interval '2 seconds',
       jsonb_build_object('model', (array['openai:a', 'anthropic:b', 'google:c'])[1 + call % 3],
         'input_tokens', 500, 'output_tokens', 200 + call, 'unpriced', false,
         'cost_usd_exact', '0.0123456789' || (hashtext(made.id::text) & 1023) || call)
from made, generate_series(0, $4::int - 1) call
"""
EXACT = "select sum((metadata ->> 'cost_usd_exact')::numeric), count(*) from public.agent_usage where tenant_id = $1"


async def fill(database: Database, calls: int) -> tuple[Decimal, int]:
    """A month of one tenant; its exact cost and how many rows the sums have."""
    await seed(database.admin)
    connection = await asyncpg.connect(database.admin)
    try:
        users = [user.id for user in TENANT.users]
        await connection.execute(FILL, TENANT.id, users, calls // CALLS_A_PANEL, CALLS_A_PANEL)
        async with connection.transaction():
            await count_anew(connection)
        for table in ("public.agent_usage", "public.panels", "askpanel.usage_daily", "askpanel.panel_money"):
            await connection.execute(f"vacuum analyze {table}")
        cost, rows = await connection.fetchrow(EXACT, TENANT.id) or (Decimal(0), 0)
        assert rows == calls
        return cost, await connection.fetchval("select count(*) from askpanel.usage_daily")
    finally:
        await connection.close()


async def timed(work: Callable[[], Awaitable[object]], times: int) -> str:
    """Median and 95th percentile in ms."""
    took: list[float] = []
    for _ in range(times):
        begun = time.perf_counter()
        await work()
        took.append((time.perf_counter() - begun) * 1000)
    return f"{median(took):.1f} / {quantiles(took, n=20)[-1]:.1f}"


async def processor(
    database: Database, group_by: GroupBy, start: datetime, end: datetime, times: int
) -> float:
    """Processor time that Postgres needs for the query, in ms on average: who else is there does not matter."""
    connection = await asyncpg.connect(database.api, statement_cache_size=0)
    claims = json.dumps({**claims_of(OWNER), "role": "authenticated"})
    try:
        backend = psutil.Process(connection.get_server_pid())
        before = backend.cpu_times()
        for _ in range(times):
            await connection.execute(begin_as_user(claims, "60s"))
            await connection.fetch(usage(group_by), TENANT.id, start, end)
            await connection.execute("rollback")
        after = backend.cpu_times()
    finally:
        await connection.close()
    return (after.user + after.system - before.user - before.system) * 1000 / times


async def measure(database: Database, nats_url: str, cost: Decimal, times: int) -> None:
    """Print one row per grouping."""
    client = await nats.connect(nats_url)
    await bootstrap.create(client.jetstream())
    bucket = await client.jetstream().key_value(BUCKET)
    expert = experts()[0]  # a gateway without any is not ready
    await bucket.put(catalogue_key(expert.agent_id), encode_expert(expert))
    await client.close()
    wanted: dict[str, Any] = {
        "NATS_URL": nats_url,
        "DATABASE_URL": database.api,
        "jwt_issuer": ISSUER,
        "jwt_secret": SECRET,
        "limits": "off",
        "local": True,
    }
    settings = GatewaySettings(**wanted)
    headers = {"Authorization": f"Bearer {token(OWNER)}", "X-Tenant-ID": str(TENANT.id)}
    now = datetime.now(UTC)
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = start.replace(year=now.year + now.month // 12, month=now.month % 12 + 1)
    async with (
        open_read_model(database.api) as model,
        serving(create_app(settings)) as server,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        ) as http,
    ):
        await until_ready(http)

        async def query(group_by: GroupBy) -> None:
            async with model.session(claims_of(OWNER), TENANT.id) as session:
                await session.usage(UsageFilter(start=start, end=end, group_by=group_by))

        async def endpoint(group_by: GroupBy) -> httpx.Response:
            period = {"from": start.isoformat(), "to": end.isoformat()}
            return await http.get("/api/v1/usage", params=period | {"group_by": group_by}, headers=headers)

        print(
            "| group by | groups | query p50 / p95 ms | of Postgres's processor ms | endpoint p50 / p95 ms |"
        )
        print("|---|---|---|---|---|", flush=True)
        for group_by in GROUPS:
            report = (await endpoint(group_by)).raise_for_status().json()
            assert Decimal(report["cost_usd"]) == cost, "sums are exact"
            assert sum(Decimal(group["cost_usd"]) for group in report["groups"]) == cost
            alone = await timed(lambda by=group_by: query(by), times)
            whole = await timed(lambda by=group_by: endpoint(by), times)
            busy = await processor(database, group_by, start, end, times)
            print(f"| {group_by} | {len(report['groups'])} | {alone} | {busy:.1f} | {whole} |", flush=True)


async def main() -> None:
    """Fill, then measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.usage", description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=50)
    given = parser.parse_args()
    with postgres_at() as postgres, nats_at() as log:
        databases = Databases(postgres.admin_url)
        try:
            database = await databases.create()
            cost, rows = await fill(database, given.calls)
            print(f"{given.calls:,} calls in {given.calls // CALLS_A_PANEL:,} panels, {rows:,} rows of sums")
            await measure(database, log.url, cost, given.times)
        finally:
            await databases.drop_all()


if __name__ == "__main__":
    asyncio.run(main())
