"""May this tenant have one more panel now, and for how much money? Pure.

| limit | kind | from |
|---|---|---|
| tenant status | status | tenants.status (and trial_ends_at) |
| panel type | feature | features.<type>_panel |
| panels this UTC month | month | settings.max_panels_per_month |
| panels running | running | settings.max_running_panels and the gateway's, the lower |
| money this month | budget | settings.max_cost_usd_per_month and the gateway's, the lower |
| money of one panel | (caps it) | settings.max_cost_usd_per_panel |

A panel is let in with all it may spend reserved (`configuration.max_cost_usd`), and ends when it has spent it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from askpanel.contracts.events import PanelType
from askpanel.gateway.readmodel.views import QuotaView, TenantSettings, TenantView

Kind = Literal["status", "feature", "month", "running", "budget"]
NAMES: Mapping[Kind, str] = {
    "status": "status",
    "feature": "panel_type",
    "month": "panels_per_month",
    "running": "running_panels",
    "budget": "cost_usd_per_month",
}
"""What `GET /tenant` calls each; a feature has a name of its own."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not. `limit` and `used` in panels, or in USD for `budget`; `resets_at` where time alone helps."""

    kind: Kind
    detail: str
    limit: int | Decimal | None = None
    used: int | Decimal | None = None
    resets_at: datetime | None = None
    feature: str | None = None

    @property
    def name(self) -> str:
        """As `GET /tenant` names what was met."""
        return self.feature or NAMES[self.kind]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tenant may have. Amounts in USD; None: no such limit."""

    per_month: int
    running: int
    month_usd: Decimal | None = None
    panel_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """A panel that was let in: all it may spend, and when, in seconds since the epoch."""

    panel_id: UUID
    usd: Decimal
    at: float


@dataclass(frozen=True, slots=True)
class Standing:
    """What a tenant has used, as tables tell, and the panels let in that they do not show yet."""

    quota: QuotaView
    waiting: Sequence[Admitted] = ()

    @property
    def committed_usd(self) -> Decimal:
        """What this month's panels have spent and may still spend."""
        reserved = sum((one.usd for one in self.waiting), self.quota.reserved_usd_this_month)
        return self.quota.spent_usd_this_month + reserved

    def left(self, limits: Limits) -> Decimal | None:
        """What a new panel may spend of this month's money; None without a limit."""
        if limits.month_usd is None:
            return None
        return max(limits.month_usd - self.committed_usd, Decimal(0))


def limits_of(settings: TenantSettings, *, running: int, month_usd: Decimal | None) -> Limits:
    """The tenant's limits under the installation's: the lower of both holds.

    A tenant's owner can change the tenant's row on the platform, but not what the operator set.
    """
    own, month = settings.max_running_panels, settings.max_cost_usd_per_month
    amounts = [amount for amount in (month, month_usd) if amount is not None]
    return Limits(
        per_month=settings.max_panels_per_month,
        running=running if own is None else min(own, running),
        month_usd=min(amounts, default=None),
        panel_usd=settings.max_cost_usd_per_panel,
    )


def barred(tenant: TenantView, panel_type: PanelType) -> Refusal | None:
    """What no amount of waiting changes: the tenant's status, and what it has."""
    if not tenant.may_create:
        return Refusal("status", f"The tenant is {tenant.status}: it can read, but not ask.")
    feature = f"{panel_type}_panel"
    if not tenant.features.get(feature, False):
        return Refusal("feature", f"This tenant does not have {panel_type} panels.", feature=feature)
    return None


def exhausted(standing: Standing, limits: Limits, needed: Decimal = Decimal(0)) -> Refusal | None:
    """What is used up now. `needed`: what the panel is expected to cost, at most what it may."""
    quota, waiting = standing.quota, len(standing.waiting)
    month, active = quota.panels_this_month + waiting, quota.running_panels + waiting
    if month >= limits.per_month:
        detail = f"The tenant has had its {limits.per_month} panels of this month."
        return Refusal("month", detail, limits.per_month, month, quota.month_ends_at)
    if active >= limits.running:
        detail = f"{active} panels are running; at most {limits.running} may."
        return Refusal("running", detail, limits.running, active)
    left = standing.left(limits)
    if left is not None and (left <= 0 or needed > left):
        detail = f"About USD {needed:f} are needed and USD {left:f} are left of this month's budget."
        if left <= 0:
            detail = "This month's budget is used up, or reserved by panels that run."
        return Refusal("budget", detail, limits.month_usd, standing.committed_usd, quota.month_ends_at)
    return None
