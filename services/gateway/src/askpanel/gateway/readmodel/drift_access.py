"""Drift rules for row-level security, policies, grants, functions and roles. Pure."""

from collections.abc import Iterator

from askpanel.gateway.readmodel.drift_finding import Finding
from askpanel.gateway.readmodel.expected import (
    DEFINER_FUNCTIONS,
    FILLED,
    FUNCTIONS,
    HARDENING,
    OWN_TABLES,
    POLICIES,
    READABLE,
    REALTIME,
    ROLES,
    TABLES,
    Policy,
)
from askpanel.gateway.readmodel.observed import Observed, PolicyFound

MIGRATE = "run the migrations (the Job `migration`) as the tables' owner"
HARDEN = "apply deploy/supabase/hardening.sql (the web app that shares the tables feels it)"


def row_security(observed: Observed) -> Iterator[Finding]:
    """Off: a table is open to everybody with a grant, and the platform grants everything to anon."""
    for table in observed.tables.values():
        where = f"public.{table.name}"
        if not table.row_security:
            yield Finding(
                "error",
                where,
                "row-level security on",
                "off",
                f"alter table {where} enable row level security",
            )
        elif not table.forced:
            yield Finding(
                "warning",
                where,
                "row-level security forced",
                "not forced: its owner's statements skip the policies",
                f"alter table {where} force row level security, if its owner is no program's login",
            )


def policies(observed: Observed) -> Iterator[Finding]:
    """Ours are there as written; without hardening, what the known weaknesses let through."""
    found = {(policy.table, policy.name): policy for policy in observed.policies}
    for policy in POLICIES:
        if policy.table in observed.tables and not _is_there(policy, found, permissive=True):
            yield Finding(
                "error",
                f"public.{policy.table} policy {policy.name}",
                f"{policy.command} to {policy.role}",
                _told(found.get((policy.table, policy.name))),
                MIGRATE,
            )
    still_open = {
        (policy.table, policy.command)
        for policy in HARDENING
        if not _is_there(policy, found, permissive=False)
    }
    yield from _open_inserts(observed, still_open)
    for table in READABLE:
        if table in observed.tables and (table, "SELECT") in still_open:
            yield Finding(
                "warning",
                f"public.{table}",
                "only active members read",
                "older policies do not test the membership's status",
                HARDEN,
            )


def _open_inserts(observed: Observed, still_open: set[tuple[str, str]]) -> Iterator[Finding]:
    for policy in observed.policies:
        open_to = policy.roles & {"public", "anon", "authenticated"}
        if (
            policy.permissive
            and policy.table in FILLED
            and policy.command in ("INSERT", "ALL")
            and open_to
            and policy.check == "true"
            and (policy.table, "INSERT") in still_open
        ):
            yield Finding(
                "warning",
                f"public.{policy.table} policy {policy.name}",
                "inserts by the projector only",
                f"{', '.join(sorted(open_to))} may insert for any tenant",
                HARDEN,
            )


def _is_there(policy: Policy, found: dict[tuple[str, str], PolicyFound], *, permissive: bool) -> bool:
    seen = found.get((policy.table, policy.name))
    return (
        seen is not None
        and seen.permissive is permissive
        and seen.command == policy.command
        and seen.roles == frozenset(policy.role.split(","))
    )


def _told(policy: PolicyFound | None) -> str:
    if policy is None:
        return "none"
    kind = "" if policy.permissive else "restrictive "
    return f"{kind}{policy.command} to {', '.join(sorted(policy.roles))}"


def own_tables(observed: Observed) -> Iterator[Finding]:
    """A database of an earlier release lacks what a later one keeps there."""
    for table in OWN_TABLES:
        if table not in observed.own_tables:
            yield Finding("error", f"askpanel.{table}", "table", "none", MIGRATE)


def functions(observed: Observed) -> Iterator[Finding]:
    """A definer function without a fixed search_path runs whatever its caller put in the way."""
    for signature in FUNCTIONS:
        function = observed.functions.get(signature)
        if function is None:
            yield Finding("error", signature, "function", "none", MIGRATE)
            continue
        if signature in DEFINER_FUNCTIONS and not function.definer:
            yield Finding("error", signature, "security definer", "security invoker", MIGRATE)
        if 'search_path=""' not in function.settings:
            yield Finding(
                "error",
                signature,
                "search_path fixed to ''",
                ", ".join(function.settings) or "not fixed",
                f"alter function {signature} set search_path = ''",
            )
        if function.public_may_call:
            yield Finding(
                "error",
                signature,
                "callable by authenticated only",
                "callable by everybody",
                f"revoke execute on function {signature} from public",
            )


def roles(observed: Observed) -> Iterator[Finding]:
    """Our logins see what policies show them, and nothing makes an exception of them."""
    for name in ROLES:
        if name not in observed.roles:
            yield Finding("error", f"role {name}", "role", "none", MIGRATE)
    for role in observed.roles.values():
        if role.superuser or role.bypasses_row_security:
            yield Finding(
                "error",
                f"role {role.name}",
                "neither superuser nor bypassrls",
                "superuser" if role.superuser else "bypassrls",
                f"alter role {role.name} nobypassrls"
                if role.name in ROLES
                else "log in as panel_api or panel_projector: never as the tables' owner",
            )


def grants(observed: Observed) -> Iterator[Finding]:
    """The projector writes four tables and deletes nothing; the gateway's login has nothing itself."""
    for table in observed.tables:
        wanted = {"SELECT", "INSERT", "UPDATE"} if table in FILLED else set[str]()
        has = {p for role, of, p in observed.grants if role == "panel_projector" and of == table}
        if "panel_projector" in observed.roles and has != wanted:
            yield Finding(
                "error",
                f"public.{table} grants to panel_projector",
                ", ".join(sorted(wanted)) or "none",
                ", ".join(sorted(has)) or "none",
                MIGRATE if wanted - has else f"revoke {', '.join(sorted(has - wanted))} on it",
            )
    for table in READABLE:
        if table in observed.tables and ("authenticated", table, "SELECT") not in observed.grants:
            yield Finding("error", f"public.{table} grants to authenticated", "SELECT", "not SELECT", MIGRATE)
    of_its_own = sorted(
        {table for role, table, _ in observed.grants if role == "panel_api" and table in TABLES}
    )
    if of_its_own:
        yield Finding(
            "error",
            "role panel_api",
            "no grants of its own",
            "grants on " + ", ".join(of_its_own),
            "revoke them: it reads as `authenticated` only",
        )


def realtime(observed: Observed) -> Iterator[Finding]:
    """The web app listens for new answers and consensus."""
    for table in REALTIME:
        if table in observed.tables and table not in observed.realtime:
            yield Finding(
                "warning",
                "publication supabase_realtime",
                f"has public.{table}",
                "does not",
                f"alter publication supabase_realtime add table public.{table}",
            )
