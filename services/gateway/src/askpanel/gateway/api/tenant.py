"""The caller's tenant, its limits and what it spends."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from askpanel.contracts.configuration import PROTOCOLS
from askpanel.gateway.admission import Limits, Standing
from askpanel.gateway.api.access import Gateway, Member, Parts, Reads, limits_in
from askpanel.gateway.api.documents import problems
from askpanel.gateway.api.problems import invalid
from askpanel.gateway.bodies import LONGEST_QUERY, SHORTEST_QUERY, Moment
from askpanel.gateway.readmodel.views import BudgetView, QuotaView, TenantView, UsageFilter, UsageReport

router = APIRouter()

DAY = timedelta(days=1)

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
    own = limits_in(parts, tenant.settings)
    budget = _budget(own, quota)
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
            "limit": own.per_month,
            "remaining": max(own.per_month - quota.panels_this_month, 0),
            "resets_at": quota.month_ends_at,
        },
        "running_panels": {
            "limit": own.running,
            "remaining": max(own.running - quota.running_panels, 0),
        },
        "cost_usd_per_month": {
            **budget.model_dump(),
            "resets_at": quota.month_ends_at,
        },
        "cost_usd_per_panel": {"limit": None if own.panel_usd is None else f"{own.panel_usd:f}"},
    }


def _budget(limits: Limits, quota: QuotaView) -> BudgetView:
    """As the tables tell; a panel asked a moment ago may not be in it yet."""
    return BudgetView(
        limit=limits.month_usd,
        spent=quota.spent_usd_this_month,
        reserved=quota.reserved_usd_this_month,
        remaining=Standing(quota).left(limits),
    )


@router.get("/usage", responses=problems(422), tags=["usage"])
async def get_usage(
    parts: Parts,
    member: Member,
    reads: Reads,
    start: Annotated[
        Moment | None, Query(alias="from", description="From this UTC day on; default: this month")
    ] = None,
    end: Annotated[
        Moment | None,
        Query(alias="to", description="Up to this moment, to the end of its UTC day; default: now"),
    ] = None,
    group_by: GroupBy = "day",
) -> UsageReport:
    """Tokens and cost by whole UTC days. Members see their own, admins and owners the whole tenant's."""
    if start and end and start >= end:
        raise invalid(("query/to", "must be after from"))
    until = _day_after(end or datetime.now(UTC))
    since = _day(start) if start else (until - DAY).replace(day=1)
    if since >= until:
        raise invalid(("query/to", "must be after from"))
    async with reads.session() as session:
        report = await session.usage(UsageFilter(start=since, end=until, group_by=group_by))
        quota = await session.quota()
    limits = limits_in(parts, member.membership.tenant.settings)
    return report.model_copy(update={"budget": _budget(limits, quota)})


def _day(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _day_after(moment: datetime) -> datetime:
    """The end of the UTC day of the last instant before the moment."""
    return _day(moment - timedelta(microseconds=1)) + DAY
