"""The web interface in a real browser against the real stack: the journeys are in journeys.test.mjs.

Needs node, a Chromium and the built interface (`npm ci && npm run build` in apps/web); what needs one that is
missing is skipped, with the reason. ASKPANEL_CHROMIUM names another browser than /usr/bin/chromium.

The main journeys are quick enough for every run; all of them, and the outages, are `slow`.
"""

import asyncio
import json
import os
import re
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


def _needs(*there: tuple[bool, str]) -> pytest.MarkDecorator:
    """Skipped, with the first reason, where one of these is not there."""
    missing = [reason for found, reason in there if not found]
    return pytest.mark.skipif(bool(missing), reason=missing[0] if missing else "")


NODE = (shutil.which("node") is not None, "node is not installed")
PACKAGES = ((WEB / "node_modules" / "playwright-core").is_dir(), "run `npm ci` in apps/web")
EXPORT = ((WEB / "out" / "index.html").is_file(), "run `npm run build` in apps/web")
BROWSER = (Path(CHROMIUM).exists(), f"there is no {CHROMIUM}: install chromium or set ASKPANEL_CHROMIUM")
needs_packages = _needs(NODE, PACKAGES)
needs_export = _needs(NODE, EXPORT)
needs_browser = _needs(NODE, PACKAGES, EXPORT, BROWSER)


@pytest.fixture(scope="module")
def served() -> Generator[RunningStack]:
    """A stack that serves the interface, with hybrid panels on and a colour for the second tenant."""
    # Who still writes at the end is not waited for.
    with stack(MODEL, ASKPANEL_WEB_ROOT=str(WEB / "out"), ASKPANEL_DRAIN_SECONDS="1") as running:
        asyncio.run(_prepare(running))
        yield running


async def _prepare(running: RunningStack) -> None:
    async with running.database() as database:
        await database.execute("update tenants set features = features || '{\"hybrid_panel\": true}'")
        await database.execute(
            "update tenants set branding = branding || '{\"primary_color\": \"#0F766E\"}' where slug = 'globex'"
        )


@needs_packages
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


@needs_export
def test_the_export_is_small_and_loads_from_nowhere_else() -> None:
    _run("budget.test.mjs", {})


@needs_browser
def test_the_main_journeys_work_in_a_real_browser(served: RunningStack) -> None:
    _run("journeys.test.mjs", _described(served), *MAIN_JOURNEYS, pictures=False)
    _run("outages.test.mjs", _described(served), "a lost network", pictures=False)


@needs_browser
@pytest.mark.slow
def test_every_journey_works_in_a_real_browser(served: RunningStack) -> None:
    _run("journeys.test.mjs", _described(served))


@needs_browser
@pytest.mark.slow
def test_nothing_is_missed_or_doubled_while_something_is_away(served: RunningStack) -> None:
    _run("outages.test.mjs", _described(served))


def _described(served: RunningStack) -> dict[str, Any]:
    """The stack as its first line tells it, and its folder: there stand the pids of now."""
    return served.told | {"data": str(served.data)}


def _run(journeys: str, told: dict[str, Any], *only: str, pictures: bool = True) -> None:
    """All journeys of a file, or `only` those whose names hold one of these; node itself is content with none."""
    options = ["--test-name-pattern", "|".join(only)] if only else []
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
    output = done.stdout.decode()
    assert done.returncode == 0, output
    assert [int(count) > 0 for count in re.findall(r"^ℹ pass (\d+)$", output, re.MULTILINE)] == [True], output
    passed = [line for line in output.splitlines() if line.lstrip().startswith("✔ ")]
    assert [name for name in only if not any(name in line for line in passed)] == []
