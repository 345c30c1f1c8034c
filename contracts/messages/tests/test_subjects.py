"""Which filters are a panel's."""

from uuid import UUID

import pytest

from askpanel.contracts.subjects import PanelRef, panel_of, tenant_filter

PANEL = PanelRef(UUID(int=1), UUID(int=2))


def test_a_panels_filter_tells_its_panel() -> None:
    assert panel_of(PANEL.filter) == PANEL


@pytest.mark.parametrize(
    "other",
    [
        ">",
        "panel.>",
        PANEL.subject("panel.created"),
        PANEL.filter_of("panel"),
        tenant_filter(PANEL.tenant_id),
        f"*.*.{PANEL.tenant_id}.*",
        PANEL.timers(),
    ],
)
def test_any_other_filter_is_no_panels(other: str) -> None:
    assert panel_of(other) is None
