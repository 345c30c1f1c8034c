"""Who may do what in a tenant: the one table in code. `docs/api.md` shows it to people.

Only active memberships get here. Row-level security says the same for reading, one layer below.
"""

from collections.abc import Mapping
from typing import Literal

Role = Literal["guest", "member", "admin", "owner"]
Action = Literal[
    "read", "create", "act_on_own", "act_on_any", "see_all_usage", "manage_experts", "manage_webhooks"
]

_EVERYBODY: frozenset[Role] = frozenset({"guest", "member", "admin", "owner"})
_MEMBERS = _EVERYBODY - {"guest"}
_ADMINS = _MEMBERS - {"member"}

ALLOWED: Mapping[Action, frozenset[Role]] = {
    "read": _EVERYBODY,
    "create": _MEMBERS,
    "act_on_own": _MEMBERS,
    "act_on_any": _ADMINS,
    "see_all_usage": _ADMINS,
    "manage_experts": _ADMINS,
    "manage_webhooks": _ADMINS,
}
"""`act` is to cancel a panel, or to answer as its human; `own` is a panel the user created."""


def may(role: Role, action: Action) -> bool:
    """Whether the role allows the action."""
    return role in ALLOWED[action]


def may_act(role: Role, *, own: bool) -> bool:
    """Whether the role may cancel this panel or answer as its human."""
    return may(role, "act_on_any") or (own and may(role, "act_on_own"))
