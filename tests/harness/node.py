"""Programs of node that tests run: which node, with which packages, and what it prints."""

import asyncio
import contextlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

OLDEST = 20
OFFLINE = re.compile(r"ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ENETUNREACH")


def installed() -> tuple[str, int]:
    """The path of node and its major version; skips where there is none, or only an older one."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    major = int(version.removeprefix("v").partition(".")[0])
    if major < OLDEST:
        pytest.skip(f"node {version.strip()} is older than these programs need ({OLDEST})")
    return program, major


def with_packages(folder: Path) -> str:
    """The path of a node, with the packages of `folder` as locked; skips where they cannot be had."""
    program, _ = installed()
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    there, lock = folder / "node_modules/.package-lock.json", folder / "package-lock.json"
    if not there.exists() or there.stat().st_mtime < lock.stat().st_mtime:
        command = [npm, "ci", "--ignore-scripts"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
        if done.returncode and OFFLINE.search(done.stderr):
            pytest.skip("the packages are not installed, and their registry cannot be reached")
        assert done.returncode == 0, done.stderr
    return program


async def printed(*command: str, folder: Path) -> str:
    """What the program prints until it ends well, within a minute."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, errors = await asyncio.wait_for(process.communicate(), 60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.returncode == 0, errors.decode()
    return out.decode()
