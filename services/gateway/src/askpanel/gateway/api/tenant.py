"""The caller's tenant, its limits and what it spends."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from askpanel.contracts.configuration import PROTOCOLS
from askpanel.gateway.api.access import Gateway, Member, Parts, Reads
from askpanel.gateway.api.documents import problems
from askpanel.gateway.api.problems import invalid
from askpanel.gateway.bodies import LONGEST_QUERY, SHORTEST_QUERY, Moment
from askpanel.gateway.readmodel.views import BudgetView, QuotaView, TenantView, UsageFilter, UsageReport

router = APIRouter()

GroupBy = Literal["day", "agent", "model", "panel_type"]


@router.get("/tenant", responses=problems(), tags=["tenant"])
async def get_tenant(parts: Parts, member: Member, reads: Reads) -> TenantView:
    """Settings, features and branding, your role, every limit and what is left of it."""
    async with reads.session() as session:
        tenant = await session.tenant()
    if tenant is None:
        raise reads.missing("tenant")
    counted = parts.limits
    streams_left = await counted.streams.left(member.user_id)
    requests_left = None if counted.requests is None else counted.requests.left(member.user_id)
    limits = _limits(tenant, parts) | {
        "requests_per_second": {
            "limit": parts.settings.requests_per_second,
            "burst": parts.settings.request_burst,
            "remaining": requests_left,
        },
        "streams_per_user": {"limit": parts.settings.streams_per_user, "remaining": streams_left},
    }
    return tenant.model_copy(update={"limits": limits})


def _limits(tenant: TenantView, parts: Gateway) -> dict[str, object]:
    settings, quota = parts.settings, tenant.quota
    month, most_running = tenant.settings.max_panels_per_month, settings.running_panels
    return {
        "enforced": settings.limits == "on",
        "body_bytes": {"limit": settings.max_body_bytes},
        "query_characters": {"min": SHORTEST_QUERY, "limit": LONGEST_QUERY},
        "experts": {
            "min": min(limits.fewest_experts for limits in PROTOCOLS.values()),
            "limit": tenant.settings.max_experts_per_panel,
        },
        "rounds": {"limit": max(max(limits.allowed_rounds) for limits in PROTOCOLS.values())},
        "panels_per_month": {
            "limit": month,
            "remaining": max(month - quota.panels_this_month, 0),
            "resets_at": quota.month_ends_at,
        },
        "running_panels": {
            "limit": most_running,
            "remaining": max(most_running - quota.running_panels, 0),
        },
        "cost_usd_per_month": {
            "limit": settings.monthly_budget_usd,
            "remaining": _remaining(settings.monthly_budget_usd, quota),
            "resets_at": quota.month_ends_at,
        },
    }


def _remaining(budget: Decimal | None, quota: QuotaView) -> Decimal | None:
    return None if budget is None else max(budget - quota.spent_usd_this_month, Decimal(0))


@router.get("/usage", responses=problems(422), tags=["usage"])
async def get_usage(
    parts: Parts,
    reads: Reads,
    start: Annotated[
        Moment | None, Query(alias="from", description="Inclusive; default: this UTC month")
    ] = None,
    end: Annotated[Moment | None, Query(alias="to", description="Exclusive; default: now")] = None,
    group_by: GroupBy = "day",
) -> UsageReport:
    """Tokens and cost. Members see their own rows, admins and owners the whole tenant's."""
    until = end or datetime.now(UTC)
    since = start or until.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if since >= until:
        raise invalid(("query/to", "must be after from"))
    async with reads.session() as session:
        report = await session.usage(UsageFilter(start=since, end=until, group_by=group_by))
        quota = await session.quota()
    budget = parts.settings.monthly_budget_usd
    spent = quota.spent_usd_this_month
    view = BudgetView(limit=budget, spent=spent, remaining=_remaining(budget, quota))
    return report.model_copy(update={"budget": view})
