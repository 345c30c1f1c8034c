"""`askpanel replay`: rebuild the tables from the log, compare, report."""

import asyncio

from rich.console import Console
from rich.progress import Progress

from askpanel.gateway.readmodel.replay import ReplayReport, replay
from askpanel.local.invocation import command
from askpanel.local.listing import line
from askpanel.local.operator import Servers, connected
from askpanel.runtime.log import EventLog

MOST_DIFFERENCES = 20
RECONNECTS = 5
"""A replay may take an hour, in which a node of NATS may be started anew."""


def replay_and_report(found: Servers, console: Console, *, restore: bool) -> bool:
    """Replay everything; True when the live rows equal the log's, byte for byte (or were restored)."""
    report = asyncio.run(_replay(found, console, restore=restore))
    rows = ", ".join(f"{count} {table}" for table, count in sorted(report.rows.items()))
    line(console, f"{report.events} events in {report.seconds:.1f} s: {rows}")
    for difference in report.differences[:MOST_DIFFERENCES]:
        line(console, f"  {difference}", style="red")
    if report.equal:
        line(console, "live rows equal the log's", style="green")
        return True
    if restore:
        line(console, f"restored {report.restored} panels")
        return True
    line(
        console,
        f"{len(report.differences)} rows differ: `{command()} replay --restore` puts the log's back",
        style="red",
    )
    return False


async def _replay(found: Servers, console: Console, *, restore: bool) -> ReplayReport:
    async with connected(found.nats_url, reconnects=RECONNECTS) as client:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("events", total=None)
            return await replay(
                EventLog(client),
                found.projector_url,
                restore=restore,
                progress=lambda done, of: bar.update(task, completed=done, total=of),
            )
