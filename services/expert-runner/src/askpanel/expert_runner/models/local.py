"""The local demo model: its weights, and a server process of our own on loopback.

Demo only: fluent and often wrong, so its label says so and its confidence means nothing.
"""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from askpanel.expert_runner.models.local_server import KEY_VARIABLE
from askpanel.expert_runner.models.published import QWEN_CODER_1_5B, OnProgress
from askpanel.expert_runner.models.weights import fetch

SLOTS, SLOT_TOKENS = 4, 2048
_READY_WITHIN = 120.0
_GGUF = b"GGUF"


class LocalModelError(Exception):
    """The local model cannot run; the message says why and what to do."""


@dataclass(slots=True)
class LocalServer:
    """A running server process: where it listens, the key it wants, and how to end it."""

    base_url: str
    key: str
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """Of the server process."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self.process.returncode is None

    async def died(self, within: float = 1.0) -> bool:
        """Whether the process has ended, or does so within some seconds."""
        try:
            await asyncio.wait_for(self.process.wait(), within)
        except TimeoutError:
            return False
        return True

    async def aclose(self) -> None:
        """End the process and wait for it."""
        if self.running:
            self.process.kill()
        await self.process.wait()


def check_installed() -> None:
    """Raises LocalModelError where what serves the model is not installed."""
    if find_spec("xllamacpp") is None:
        raise LocalModelError(
            "install askpanel-expert-runner[local]: No module named 'xllamacpp'; build the image with "
            "--build-arg EXTRA=local, or set ASKPANEL_MODEL or a provider's key"
        )


async def weights_path(
    cache: Path,
    gguf: Path | None,
    *,
    hub: bool = True,
    report: OnProgress = lambda _progress: None,
    notice: Callable[[str], None] = lambda _text: None,
) -> Path:
    """The file to serve: the user's own `gguf`, else the published weights, fetched when missing.

    Raises LocalModelError for a `gguf` that is none, `weights.WeightsError` when fetching fails.
    """
    if gguf is None:
        published = QWEN_CODER_1_5B if hub else QWEN_CODER_1_5B.without_hub()
        return await asyncio.to_thread(fetch, cache, published, report=report, notice=notice)
    if not await asyncio.to_thread(_is_gguf, gguf):
        raise LocalModelError(f"ASKPANEL_LOCAL_GGUF={gguf} is not a readable GGUF file")
    return gguf


async def start_server(model: Path, log: Path) -> LocalServer:
    """Start serving `model`; ready in about 4 s. The server's own words go to `log`.

    Call it from a thread that lives as long as the server shall (on Linux the kernel ends the server
    with the thread that started it): the event loop's. Raises LocalModelError.
    """
    key = secrets.token_urlsafe(24)
    with log.open("wb") as words:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "askpanel.expert_runner.models.local_server",
            str(model),
            f"--slots={SLOTS}",
            f"--slot-tokens={SLOT_TOKENS}",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=words,
            env={**os.environ, KEY_VARIABLE: key},
        )
    try:
        base_url = await asyncio.wait_for(_base_url(process), _READY_WITHIN)
    except (TimeoutError, ValueError) as error:
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise LocalModelError(
            f"the local model's server did not start; its last words are in {log}"
        ) from error
    except asyncio.CancelledError:
        process.kill()
        raise
    return LocalServer(base_url, key, process)


async def _base_url(process: asyncio.subprocess.Process) -> str:
    """The server's first line; ValueError when it ends without one."""
    if process.stdout is None:
        raise ValueError("no standard output")
    return str(json.loads(await process.stdout.readline())["base_url"])


def _is_gguf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_GGUF)) == _GGUF
    except OSError:
        return False
