"""May this tenant have one more panel now? Pure, but for the memory of panels not yet in the tables.

| limit | kind | from |
|---|---|---|
| tenant status | status | tenants.status (and trial_ends_at) |
| panel type | feature | features.<type>_panel |
| panels this UTC month | month | settings.max_panels_per_month |
| panels running | running | the gateway's setting |
| money this month | budget | the tenant's monthly budget, where there is one |
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from askpanel.contracts.events import PanelType
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel.views import QuotaView, TenantView

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


def barred(tenant: TenantView, panel_type: PanelType) -> Refusal | None:
    """What no amount of waiting changes: the tenant's status, and what it has."""
    if not tenant.may_create:
        return Refusal("status", f"The tenant is {tenant.status}: it can read, but not ask.")
    feature = f"{panel_type}_panel"
    if not tenant.features.get(feature, False):
        return Refusal("feature", f"This tenant does not have {panel_type} panels.", feature=feature)
    return None


def exhausted(
    quota: QuotaView, *, pending: int, per_month: int, running: int, budget: Decimal | None
) -> Refusal | None:
    """What is used up now. `pending` panels were accepted and are not in `quota` yet."""
    month, active = quota.panels_this_month + pending, quota.running_panels + pending
    if month >= per_month:
        detail = f"The tenant has had its {per_month} panels of this month."
        return Refusal("month", detail, per_month, month, quota.month_ends_at)
    if active >= running:
        return Refusal("running", f"{active} panels are running; at most {running} may.", running, active)
    if budget is not None and quota.spent_usd_this_month >= budget:
        detail = "The tenant's budget of this month is used up."
        return Refusal("budget", detail, budget, quota.spent_usd_this_month, quota.month_ends_at)
    return None


@dataclass(slots=True)
class Reservation:
    """A panel whose append is under way; `sequence` is where the log put it."""

    sequence: int | None = None


class Pending:
    """Panels accepted by this process that the tables did not show at the last look, by tenant.

    Without it a burst of requests would all be counted against the same rows.
    """

    def __init__(self) -> None:
        self._panels: dict[UUID, dict[UUID, Reservation]] = {}

    @contextmanager
    def reserved(self, panel: PanelRef) -> Generator[Reservation]:
        """Count a panel from before its append; no longer if that fails (its outcome may be unknown)."""
        panels = self._panels.setdefault(panel.tenant_id, {})
        reservation = panels[panel.panel_id] = Reservation()
        try:
            yield reservation
        finally:
            if reservation.sequence is None:
                panels.pop(panel.panel_id, None)

    def beyond(self, tenant_id: UUID, projected: int) -> int:
        """How many are not in tables that show the log up to `projected`; the others are forgotten."""
        panels = self._panels.get(tenant_id, {})
        shown = [
            panel_id
            for panel_id, reservation in panels.items()
            if reservation.sequence is not None and reservation.sequence <= projected
        ]
        for panel_id in shown:
            del panels[panel_id]
        return len(panels)
