"""Does this database have the schema we rely on? Asked once at start; an error refuses readiness.

Pure rules over what `observe` read; what is expected is in `expected`. An error means that rows of
ours would be refused, lost or shown to the wrong people; a warning, that somebody should know; a note
states which of two known shapes was found.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import asyncpg

from askpanel.gateway.readmodel import drift_access, drift_columns
from askpanel.gateway.readmodel.drift_finding import Finding
from askpanel.gateway.readmodel.observe import observe
from askpanel.gateway.readmodel.observed import Observed
from askpanel.gateway.readmodel.shape import Shape, shape_of

RULES: tuple[Callable[[Observed], Iterator[Finding]], ...] = (
    drift_columns.columns,
    drift_columns.values,
    drift_columns.keys,
    drift_columns.triggers,
    drift_access.row_security,
    drift_access.policies,
    drift_access.own_tables,
    drift_access.functions,
    drift_access.roles,
    drift_access.grants,
    drift_access.realtime,
)
_ORDER = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What was found, errors first. `shape` is None if there are errors: then nothing may be written."""

    findings: tuple[Finding, ...]
    shape: Shape | None

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.level == "error")

    def render(self) -> str:
        """The diff for a terminal or a log: one block per finding, then the count; no row's content."""
        blocks = [
            f"{finding.level}: {finding.object}\n"
            f"  expected  {finding.expected}\n"
            f"  found     {finding.found}\n"
            f"  fix       {finding.fix}"
            for finding in self.findings
        ]
        counts = ", ".join(
            f"{sum(finding.level == level for finding in self.findings)} {level}s" for level in _ORDER
        )
        return "\n".join([*blocks, f"schema check: {counts}"])


async def check_schema(connection: asyncpg.Connection) -> DriftReport:
    """Compare the database behind `connection` with what we rely on. Any login will do; reads only."""
    return compare(await observe(connection))


def compare(observed: Observed) -> DriftReport:
    """The report on one observation. A table that is not ours gets one finding, its inside none."""
    inside = _narrowed(observed, drift_columns.usable(observed))
    found = [*drift_columns.tables(observed), *(finding for rule in RULES for finding in rule(inside))]
    findings = tuple(sorted(found, key=lambda finding: (_ORDER.index(finding.level), finding.object)))
    failed = any(finding.level == "error" for finding in findings)
    return DriftReport(findings, None if failed else shape_of(observed))


def _narrowed(observed: Observed, tables: frozenset[str]) -> Observed:
    return replace(
        observed,
        tables={name: table for name, table in observed.tables.items() if name in tables},
        columns={place: column for place, column in observed.columns.items() if place[0] in tables},
        keys=tuple(key for key in observed.keys if key.table in tables),
        checks=tuple(check for check in observed.checks if check.table in tables),
        triggers=tuple(trigger for trigger in observed.triggers if trigger.table in tables),
        policies=tuple(policy for policy in observed.policies if policy.table in tables),
        grants=frozenset(grant for grant in observed.grants if grant[1] in tables),
    )
