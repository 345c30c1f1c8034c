"""The web interface in a real browser against the real stack: the journeys are in journeys.test.mjs.

Needs node, a Chromium and the built interface (`npm ci && npm run build` in apps/web); skipped, with the
reason, where one of them is missing. ASKPANEL_CHROMIUM names another browser than /usr/bin/chromium.

The main journeys are quick enough for every run; all of them, and the outages, are `slow`.
"""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.stack import RunningStack, stack

HERE = Path(__file__).parent
MAIN_JOURNEYS = (
    "a question becomes a panel",
    "a guest reads",
    "says who says what",
    "of another tenant",
    "several panels at work",
    "to the sign-in is small",
    "to the dashboard is small",
)
WEB = HERE.parents[1] / "apps" / "web"
CHROMIUM = os.environ.get("ASKPANEL_CHROMIUM", "/usr/bin/chromium")
# The operations leader writes for two minutes: a panel with that seat is seen at work however slow the machine is.
MODEL = (
    "scripted:latency=0.3,spread=0.5,tps=110,words=110,tps.operations-leader=1,"
    "stance=support:0.5/conditional:0.2/oppose:0.3,change=0.35,fail.finance-director=refusal"
)


def _missing() -> str | None:
    if shutil.which("node") is None:
        return "node is not installed"
    if not (WEB / "node_modules" / "playwright-core").is_dir():
        return "run `npm ci` in apps/web"
    if not (WEB / "out" / "index.html").is_file():
        return "run `npm run build` in apps/web"
    if not Path(CHROMIUM).exists():
        return f"there is no {CHROMIUM}: install chromium or set ASKPANEL_CHROMIUM"
    return None


pytestmark = pytest.mark.skipif(_missing() is not None, reason=_missing() or "")


@pytest.fixture(scope="module")
def served() -> Generator[RunningStack]:
    """A stack that serves the interface, with hybrid panels on and a colour for the second tenant."""
    with stack(MODEL, ASKPANEL_WEB_ROOT=str(WEB / "out")) as running:
        asyncio.run(_prepare(running))
        yield running


async def _prepare(running: RunningStack) -> None:
    async with running.database() as database:
        await database.execute("update tenants set features = features || '{\"hybrid_panel\": true}'")
        await database.execute(
            "update tenants set branding = branding || '{\"primary_color\": \"#0F766E\"}' where slug = 'globex'"
        )


def test_the_parts_of_the_interface_work() -> None:
    done = subprocess.run(
        ["npm", "test", "--silent", "--", "--reporter=dot"],
        cwd=WEB,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()


def test_the_export_is_small_and_loads_from_nowhere_else() -> None:
    _run("budget.test.mjs", {})


def test_the_main_journeys_work_in_a_real_browser(served: RunningStack) -> None:
    pattern = "|".join(MAIN_JOURNEYS)
    _run("journeys.test.mjs", _described(served), "--test-name-pattern", pattern, pictures=False)
    _run("outages.test.mjs", _described(served), "--test-name-pattern", "a lost network", pictures=False)


@pytest.mark.slow
def test_every_journey_works_in_a_real_browser(served: RunningStack) -> None:
    _run("journeys.test.mjs", _described(served))


@pytest.mark.slow
def test_nothing_is_missed_or_doubled_while_something_is_away(served: RunningStack) -> None:
    _run("outages.test.mjs", _described(served))


def _described(served: RunningStack) -> dict[str, Any]:
    """The stack as its first line tells it, and its folder: there stand the pids of now."""
    return served.told | {"data": str(served.data)}


def _run(journeys: str, told: dict[str, Any], *options: str, pictures: bool = True) -> None:
    done = subprocess.run(
        ["node", "--test", "--test-reporter=spec", *options, str(HERE / journeys)],
        env=os.environ
        | {
            "ASKPANEL_STACK": json.dumps(told),
            "ASKPANEL_CHROMIUM": CHROMIUM,
            "ASKPANEL_PICTURES": "on" if pictures else "off",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
