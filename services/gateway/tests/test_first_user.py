"""What docs/operating.md has people paste after they started the stack with Docker lets them in."""

import asyncio
import os
import re
import sys
from pathlib import Path

from services.gateway.tests.running import ISSUER, SECRET, Running

PAGE = Path(__file__).parents[3] / "docs" / "operating.md"
ROWS = re.compile(r"<<'SQL'\n(.*?)^SQL$", re.MULTILINE | re.DOTALL)
TENANT = re.compile(r"^TENANT=(\S+)$", re.MULTILINE)
SIGNING = re.compile(r"python3 -c '\n(import os, time, jwt\n.*?)'\)$", re.MULTILINE | re.DOTALL)


async def test_the_rows_and_the_token_of_the_page_let_the_first_user_in(gateway: Running) -> None:
    page = PAGE.read_text()
    rows, tenant, signing = (found.findall(page) for found in (ROWS, TENANT, SIGNING))
    await gateway.sql(*rows)
    signed = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        *signing,
        env=os.environ | {"ASKPANEL_JWT_ISSUER": ISSUER, "ASKPANEL_JWT_SECRET": SECRET},
        stdout=asyncio.subprocess.PIPE,
    )
    token = (await signed.communicate())[0].decode().strip()
    headers = {"Authorization": f"Bearer {token}", "X-Tenant-ID": tenant[0]}
    answer = await gateway.http.get("/api/v1/tenant", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["role"] == "owner"
