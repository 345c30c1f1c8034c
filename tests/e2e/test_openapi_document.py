"""The API against its own document, by Schemathesis: requests made up from the document, good and bad.

Every answer must be one that the document names, in the form it gives, and never a 500; what the document
forbids must be refused, and no route may answer without the token it says it needs.
"""

import asyncio
import os
import re
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from tests.deploy.tools import Unavailable, python_of
from tests.harness.stack import RunningStack, stack

pytestmark = pytest.mark.e2e

SEED = "20261122"
EXAMPLES = "20"
SECONDS = 540
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
)
HOOKS = """
import schemathesis

@schemathesis.hook
def filter_case(context, case):
    headers = dict(case.headers or {})
    unknown = any(name.lower().startswith("x-schemathesis-unknown") for name in headers)
    least = str(headers.get("X-Min-Sequence", "0"))
    return not unknown and not (least.isdigit() and int(least) > 0)
"""
"""What is no fault: HTTP has servers ignore headers they do not know (RFC 9110, section 5.1), and a read that asks
for a sequence that the tables have not reached is told 503 by design."""
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def schemathesis() -> str:
    """The interpreter of an environment of its own that has it; skips where it cannot be fetched."""
    try:
        return str(python_of("schemathesis"))
    except Unavailable as why:
        pytest.skip(str(why))


@pytest.fixture(scope="module")
def own() -> Generator[RunningStack]:
    """A stack for thousands of odd requests; its models answer at once."""
    with stack("scripted:latency=0") as started:
        yield started


@pytest.mark.slow
async def test_the_api_keeps_to_its_document(own: RunningStack, schemathesis: str, tmp_path: Path) -> None:
    headers = [f"--header={name}: {value}" for name, value in own.headers("owner").items()]
    (tmp_path / "hooks.py").write_text(HOOKS)
    process = await asyncio.create_subprocess_exec(
        *(schemathesis, "-m", "schemathesis.cli", "run", f"{own.url}/openapi.json", *headers),
        *("--checks", ",".join(CHECKS), "--max-examples", EXAMPLES, "--seed", SEED),
        *("--phases", "examples,coverage,fuzzing", "--request-timeout", "20", "--no-color"),
        cwd=tmp_path,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        told, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = told.decode()
    assert process.returncode == 0, text[-12_000:]


@pytest.mark.slow
async def test_the_gateway_is_well_after_all_of_it(own: RunningStack) -> None:
    async with httpx.AsyncClient(base_url=own.url) as client:
        ready = await client.get("/readyz")
    assert ready.status_code == 200, ready.text
    errors = [
        line for line in (own.data / "logs" / "gateway.log").read_text().splitlines()
        if '"level": "error"' in line or '"level": "critical"' in line
    ]  # fmt: skip
    assert errors == []


def test_every_test_that_the_security_page_names_is_there() -> None:
    """A row that says what holds it says it of a file that exists."""
    page = (ROOT / "docs" / "security.md").read_text()
    missing: list[str] = []
    found = 0
    for row in page.splitlines():
        folder = ""
        for named in re.findall(r"`([\w./-]+/)?(test_\w+\.py|[\w.]+\.test\.tsx?)`", row):
            folder = named[0] or folder
            found += 1
            if not (ROOT / folder / named[1]).is_file():
                missing.append(f"{folder}{named[1]}")
    assert missing == []
    assert found > 20
