"""What we rely on in the existing schema, as data: the other side of the drift check.

Not a copy of the platform's DDL. A column is listed because we read or write it, a rule because a row
of ours would be refused, or shown to the wrong people, without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from askpanel.contracts.configuration import PANEL_TYPES

Family = Literal["uuid", "text", "integer", "number", "time", "json", "json or json list"]
"""Kinds of types one cast serves: `text` is text, varchar or an enum; `number` numeric or float."""

Writes = Literal["never", "always", "sometimes null"]
"""Whether the projector fills a column, and whether it may fill it with NULL."""


@dataclass(frozen=True, slots=True)
class Column:
    """`values`: what we write, as text, where a CHECK or an enum may refuse it. `optional`: may be absent."""

    family: Family
    writes: Writes = "never"
    values: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """One of our policies: its table, command and role. Names are ours, so equal names mean ours."""

    table: str
    name: str
    command: str
    role: str


LEVELS = ("0", "0.5", "1")
COUNTS = ("0", "1", "2000000000")
ROUNDS = ("1", "5")

TABLES: Mapping[str, Mapping[str, Column]] = {
    "tenants": {
        "id": Column("uuid"),
        "name": Column("text"),
        "slug": Column("text"),
        "status": Column("text"),
        "settings": Column("json"),
        "features": Column("json"),
        "branding": Column("json"),
        "trial_ends_at": Column("time", optional=True),
    },
    "tenant_users": {
        "tenant_id": Column("uuid"),
        "user_id": Column("uuid"),
        "role": Column("text"),
        "status": Column("text"),
    },
    "panels": {
        "id": Column("uuid", "always"),
        "tenant_id": Column("uuid", "always"),
        "user_id": Column("uuid", "always"),
        "query": Column("text", "always"),
        "panel_type": Column("text", "always", PANEL_TYPES),
        "status": Column("text", "always", ("created", "running", "completed", "failed")),
        "configuration": Column("json", "always"),
        "agents": Column("json or json list", "always"),
        "created_at": Column("time", "always"),
        "updated_at": Column("time"),
        "started_at": Column("time", "sometimes null"),
        "completed_at": Column("time", "sometimes null"),
        "metadata": Column("json", "always"),
    },
    "panel_responses": {
        "id": Column("uuid", "always"),
        "tenant_id": Column("uuid", "always"),
        "panel_id": Column("uuid", "always"),
        "agent_id": Column("text", "always"),
        "agent_name": Column("text", "always"),
        "round_number": Column("integer", "always", ROUNDS),
        "response_type": Column("text", "always", ("analysis", "statement", "rebuttal", "question")),
        "content": Column("text", "always"),
        "confidence_score": Column("number", "sometimes null", LEVELS),
        "created_at": Column("time", "always"),
        "metadata": Column("json", "always"),
    },
    "panel_consensus": {
        "id": Column("uuid", "always"),
        "tenant_id": Column("uuid", "always"),
        "panel_id": Column("uuid", "always"),
        "round_number": Column("integer", "always", ROUNDS),
        "consensus_level": Column("number", "always", LEVELS),
        "agreement_points": Column("json", "always"),
        "disagreement_points": Column("json", "always"),
        "recommendation": Column("text", "always"),
        "dissenting_opinions": Column("json", "always"),
        "created_at": Column("time", "always"),
    },
    "agent_usage": {
        "id": Column("uuid", "always"),
        "tenant_id": Column("uuid", "always"),
        "user_id": Column("uuid", "always"),
        "panel_id": Column("uuid", "always"),
        "agent_id": Column("text", "always"),
        "tokens_used": Column("integer", "always", COUNTS),
        "execution_time_ms": Column("integer", "sometimes null", COUNTS),
        "cost_usd": Column("number", "sometimes null", ("0", "0.0001", "100")),
        "created_at": Column("time", "always"),
        "metadata": Column("json", "always"),
    },
}

FILLED = ("panels", "panel_responses", "panel_consensus", "agent_usage")
"""In the order the projector writes them: foreign keys always hold."""

KNOWN_VALUES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("tenants", "status"): ("active", "trial", "suspended", "cancelled"),
    ("tenant_users", "role"): ("owner", "admin", "member", "guest"),
    ("tenant_users", "status"): ("active", "inactive", "invited"),
}
"""Closed sets we read but do not write: another value is no right to do anything."""

SCALES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("panel_responses", "confidence_score"): ("double precision", "numeric(5,2)"),
    ("panel_consensus", "consensus_level"): ("double precision", "numeric(5,2)"),
    ("agent_usage", "cost_usd"): ("numeric(10,4)",),
}
"""Types that keep what the documents say; another one rounds differently, which is worth a word."""

FOREIGN_KEYS: tuple[tuple[str, str, str], ...] = (
    ("tenant_users", "tenant_id", "public.tenants"),
    ("tenant_users", "user_id", "auth.users"),
    ("panels", "tenant_id", "public.tenants"),
    ("panels", "user_id", "auth.users"),
    ("panel_responses", "tenant_id", "public.tenants"),
    ("panel_responses", "panel_id", "public.panels"),
    ("panel_consensus", "tenant_id", "public.tenants"),
    ("panel_consensus", "panel_id", "public.panels"),
    ("agent_usage", "tenant_id", "public.tenants"),
    ("agent_usage", "user_id", "auth.users"),
    ("agent_usage", "panel_id", "public.panels"),
)

READABLE = ("tenants", "panels", "panel_responses", "panel_consensus", "agent_usage")

POLICIES: tuple[Policy, ...] = (
    Policy("tenant_users", "askpanel_membership", "SELECT", "panel_membership"),
    *(Policy(table, "askpanel_read", "SELECT", "authenticated") for table in READABLE),
    *(Policy(table, "askpanel_project_select", "SELECT", "panel_projector") for table in FILLED),
    *(Policy(table, "askpanel_project_insert", "INSERT", "panel_projector") for table in FILLED),
    *(Policy(table, "askpanel_project_update", "UPDATE", "panel_projector") for table in FILLED),
    Policy("panels", "askpanel_erase_update", "UPDATE", "panel_migrator"),
)

HARDENING: tuple[Policy, ...] = (
    *(
        Policy(table, "askpanel_no_user_insert", "INSERT", "anon,authenticated")
        for table in FILLED
        if table != "panels"
    ),
    *(Policy(table, "askpanel_members_only", "SELECT", "authenticated") for table in READABLE),
    *(Policy(table, "askpanel_no_anonymous_read", "SELECT", "anon") for table in READABLE),
)

OWN_TABLES = ("projection_checkpoint", "panel_money", "usage_daily")
"""Tables of ours, in schema askpanel, without which rows cannot be written or counted."""
DEFINER_FUNCTIONS = ("askpanel.active_tenant_ids(text[])", "askpanel.role_in(uuid)")
FUNCTIONS = ("askpanel.current_user_id()", *DEFINER_FUNCTIONS)
ROLES = ("panel_api", "panel_projector", "panel_migrator", "panel_membership")
REALTIME = ("panel_responses", "panel_consensus")
