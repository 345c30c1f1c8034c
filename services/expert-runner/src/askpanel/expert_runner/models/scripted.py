"""The scripted model in process: deterministic answers, latencies and failures for tests and benchmarks.

It is chosen by name only, never as a fallback, and every answer carries the model `scripted`. Its answers
pass through the same parser as a real model's.
"""

import asyncio
import json
import os
import re

from askpanel.contracts.events import FailureReason, TokenUsage
from askpanel.expert_runner.answers import MAX_OUTPUT, BadOutput, ContentStream, parse
from askpanel.expert_runner.models.performance import answer_text
from askpanel.expert_runner.models.port import Failure, Label, OnDelta, Reply
from askpanel.expert_runner.models.script import Cue, FailureKind, Script, latency
from askpanel.expert_runner.prompts.prompt import HOSTED, Budget, Prompt
from askpanel.expert_runner.shape import json_schema

LABEL = Label("scripted", "scripted", "scripted (no model: canned text)", scripted=True)
PATIENCE = 60.0
"""Seconds until a model that never answers is given up, when the caller sets no limit."""

_CANARY = re.compile(r"canary-[A-Za-z0-9-]+")

_REASONS: dict[FailureKind, FailureReason] = {
    "429": "rate_limited",
    "500": "provider_error",
    "529": "provider_error",
    "401": "misconfigured",
    "404": "misconfigured",
    "connect": "network",
    "hang": "timeout",
    "stall": "timeout",
    "drip": "timeout",
    "cut": "bad_output",
    "length": "truncated",
    "refusal": "refused",
}
_BAD_TEXT: dict[FailureKind, str] = {
    "empty": "",
    "html": "<html><body>Bad gateway</body></html>",
    "text": "I would rather answer in prose.",
    "schema": '{"reply": 42}',
    "huge": '{"content": "' + "x" * (MAX_OUTPUT + 1),
}


class ScriptedModel:
    """Plays a script. Holds no state, so one instance serves any number of calls at once."""

    label = LABEL
    budget: Budget = HOSTED
    concurrency = 0

    def __init__(self, script: Script) -> None:
        self._script = script

    async def ask(
        self, prompt: Prompt, *, on_delta: OnDelta | None = None, seconds: float | None = None
    ) -> Reply | Failure:
        """Play one call; see `models.port.Model`."""
        try:
            async with asyncio.timeout(PATIENCE if seconds is None else seconds):
                return await self._play(prompt, on_delta)
        except TimeoutError:
            return Failure("timeout", "scripted: no answer in time")

    async def aclose(self) -> None:
        """Nothing to let go of."""

    async def _play(self, prompt: Prompt, on_delta: OnDelta | None) -> Reply | Failure:
        cue, script = cue_of(prompt), self._script
        if path := script.value("record", cue):
            record(path, prompt)
        if (delay := latency(script, cue)) > 0:
            await asyncio.sleep(delay)
        failure = script.failure(cue)
        if failure is None or failure in ("stall", "cut", "drip", "length", "refusal"):
            text = answer_text(script, cue, json_schema(prompt.shape))
            sent = text if failure is None else text[: len(text) // 3]
            await self._write(cue, sent, on_delta)
        else:
            text = _BAD_TEXT.get(failure, "")
        usage = usage_of(script, cue, prompt.system + prompt.user, text)
        if failure in _REASONS:
            return await _failed(failure, script, cue, usage)
        try:
            parsed = parse(text, prompt.shape)
        except BadOutput as bad:
            return Failure("bad_output", f"scripted: {bad}", usage=usage)
        return Reply(parsed.content, parsed.answer, usage)

    async def _write(self, cue: Cue, text: str, on_delta: OnDelta | None) -> None:
        """Send `text` in pieces, at the script's speed."""
        pace, stream = self._script.number("tps", cue), ContentStream(every=1)
        pieces = max(1, len(text.split()) // 4) if pace else int(self._script.value("deltas", cue))
        if on_delta is None:
            await asyncio.sleep(len(text.split()) / pace if pace else 0)
            return
        size = -(-len(text) // pieces)
        for start in range(0, len(text), size):
            piece = text[start : start + size]
            await asyncio.sleep(len(piece.split()) / pace if pace else 0)
            if shown := stream.feed(piece):
                await on_delta(shown)


def record(path: str, prompt: Prompt) -> None:
    """Append the call to a file as one JSON line: whose turn it is, and the words of the prompt that begin
    with `canary-`. Written at once and before anything is answered, so it outlives a killed process."""
    call = prompt.call
    line = {
        "panel_id": call.panel_id,
        "agent_id": call.agent_id,
        "round_number": call.round_number,
        "step": call.step,
        "seat": call.seat,
        "purpose": call.purpose,
        "attempt": call.attempt,
        "canaries": sorted(set(_CANARY.findall(prompt.system + prompt.user))),
    }
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, json.dumps(line).encode() + b"\n")
    finally:
        os.close(file)


def cue_of(prompt: Prompt) -> Cue:
    """Whose turn the prompt is."""
    call = prompt.call
    return Cue(call.panel_id, call.agent_id, call.round_number, f"{call.step}/{call.purpose}", call.attempt)


def usage_of(script: Script, cue: Cue, asked: str, answered: str) -> TokenUsage | None:
    """The tokens the script reports: none, fixed, or the words counted."""
    wished = script.value("usage", cue)
    if wished == "none":
        return None
    if wished:
        read, written = wished.split("/")
        return TokenUsage(input_tokens=int(read), output_tokens=int(written))
    return TokenUsage(input_tokens=len(asked.split()), output_tokens=len(answered.split()))


async def _failed(failure: FailureKind, script: Script, cue: Cue, usage: TokenUsage | None) -> Failure:
    reason = _REASONS[failure]
    if reason == "timeout":
        await asyncio.Event().wait()
    after = script.number("retry_after", cue) if reason == "rate_limited" else None
    known = usage if reason in ("truncated", "refused", "bad_output") else None
    return Failure(reason, f"scripted: {failure}", after, known)
