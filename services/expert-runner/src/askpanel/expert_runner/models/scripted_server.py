"""The scripted model as a loopback server: Chat Completions with SSE, the same script, real HTTP failures.

    python -m askpanel.expert_runner.models.scripted_server [scripted:latency=0.2,fail=429:0.1] [--port 0]

prints its base URL. Whose turn a request is, it reads from the header `X-Askpanel-Call` (which the
provider adapter sends to loopback servers only); without it, from a hash of the body, with the number of
times that body came as the attempt. It checks nothing else and must never listen beyond loopback.
"""

import argparse
import asyncio
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Any, cast

from askpanel.expert_runner.models.performance import answer_text
from askpanel.expert_runner.models.port import CALL_HEADER
from askpanel.expert_runner.models.script import Cue, FailureKind, Script, latency, parse_script
from askpanel.expert_runner.models.scripted import usage_of

_JSON, _HTML, _EVENTS = "application/json", "text/html", "text/event-stream"
_STATUS: Mapping[FailureKind, tuple[int, str]] = {
    "429": (429, "Too Many Requests"),
    "500": (500, "Internal Server Error"),
    "529": (529, "Overloaded"),
    "401": (401, "Unauthorized"),
    "404": (404, "Not Found"),
}
_DRIP_EVERY = 0.05
HUGE = 10_000_000
"""Characters of a `huge` answer."""


class ScriptedServer:
    """An async context manager: `async with ScriptedServer(script) as server: server.base_url`.

    `requests` counts the chat completions asked for, whatever became of them; `asked` is set by the first.
    """

    def __init__(self, script: Script, port: int = 0) -> None:
        self._script, self._port = script, port
        self._seen: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.requests = 0
        self.asked = asyncio.Event()

    @property
    def base_url(self) -> str:
        """Where clients find it, `/v1` included."""
        return f"http://127.0.0.1:{self._port}/v1"

    async def __aenter__(self) -> "ScriptedServer":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            for connection in self._open:
                connection.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._open.add(connection)
        connection.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:])
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            if head[0].startswith("GET") and head[0].split(" ")[1].endswith("/models"):
                listing = {"object": "list", "data": [{"id": "scripted", "object": "model"}]}
                await _answer(writer, 200, "OK", _JSON, json.dumps(listing))
            elif head[0].startswith("POST"):
                self.requests += 1
                self.asked.set()
                await self._complete(writer, headers, body)
            else:
                await _answer(writer, 404, "Not Found", _JSON, '{"error": {"message": "no such path"}}')
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away: that is what some tests do
        finally:
            writer.close()

    def _cue(self, headers: Mapping[str, str], body: bytes) -> Cue:
        if call := headers.get(CALL_HEADER.lower()):
            panel, agent, round_number, step, attempt = call.split(" ")
            return Cue(panel, agent, int(round_number), step, int(attempt))
        mark = hashlib.sha256(body).hexdigest()[:16]
        self._seen[mark] += 1
        return Cue(mark, "anonymous", attempt=self._seen[mark])

    async def _complete(self, writer: asyncio.StreamWriter, headers: Mapping[str, str], body: bytes) -> None:
        cue, request = self._cue(headers, body), cast("Mapping[str, Any]", json.loads(body))
        failure = self._script.failure(cue)
        if failure == "hang":
            await asyncio.Event().wait()
        await asyncio.sleep(latency(self._script, cue))
        if failure == "connect":
            writer.transport.abort()
        elif failure is not None and failure in _STATUS:
            await self._refuse_by_status(writer, cue, failure)
        elif failure == "html":
            await _answer(writer, 200, "OK", _HTML, "<html><body>Bad gateway</body></html>")
        elif failure == "empty":
            await _answer(writer, 200, "OK", _JSON, "")
        else:
            await self._write(writer, cue, request, failure)

    async def _refuse_by_status(self, writer: asyncio.StreamWriter, cue: Cue, failure: FailureKind) -> None:
        status, phrase = _STATUS[failure]
        after = f"Retry-After: {self._script.number('retry_after', cue):g}\r\n" if failure == "429" else ""
        error = json.dumps({"error": {"message": f"scripted {status}", "type": "scripted", "code": status}})
        await _answer(writer, status, phrase, _JSON, error, after)

    async def _write(
        self, writer: asyncio.StreamWriter, cue: Cue, request: Mapping[str, Any], failure: FailureKind | None
    ) -> None:
        text = _text(self._script, cue, request, failure)
        finish = {"length": "length", "refusal": "content_filter"}.get(failure or "", "stop")
        asked = " ".join(str(message["content"]) for message in request["messages"])
        usage = usage_of(self._script, cue, asked, text[:10_000])
        counts = None if usage is None else {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
        }  # fmt: skip
        base = {"id": "scripted-1", "created": 1, "model": request["model"]}
        if not request.get("stream"):
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
            whole = {**base, "object": "chat.completion", "choices": [choice], "usage": counts}
            await _answer(writer, 200, "OK", _JSON, json.dumps(whole))
            return
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {_EVENTS}\r\nConnection: close\r\n\r\n".encode())
        await self._stream(writer, cue, {**base, "object": "chat.completion.chunk"}, text, failure)
        last: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": finish}
        end = {**base, "object": "chat.completion.chunk", "choices": [last], "usage": counts}
        writer.write(_event(end) + b"data: [DONE]\n\n")
        await writer.drain()

    async def _stream(
        self,
        writer: asyncio.StreamWriter,
        cue: Cue,
        base: Mapping[str, Any],
        text: str,
        failure: FailureKind | None,
    ) -> None:
        """The pieces of an answer, at the script's speed; stalls, cuts or drips where the script says so."""
        pace = self._script.number("tps", cue)
        pieces = max(1, len(text.split()) // 4) if pace else int(self._script.value("deltas", cue))
        size = max(1, -(-len(text) // pieces))
        for at, start in enumerate(range(0, len(text), size)):
            if at == max(1, pieces // 3) and failure in ("stall", "cut", "drip"):
                await self._break(writer, base, failure)
            piece = text[start : start + size]
            await asyncio.sleep(len(piece.split()) / pace if pace else 0)
            delta = {"index": 0, "delta": {"role": "assistant", "content": piece}, "finish_reason": None}
            writer.write(_event({**base, "choices": [delta]}))
            await writer.drain()

    async def _break(
        self, writer: asyncio.StreamWriter, base: Mapping[str, Any], failure: FailureKind
    ) -> None:
        if failure == "cut":
            writer.transport.abort()
            raise ConnectionAbortedError
        while failure == "drip":
            delta = {"index": 0, "delta": {"content": " "}, "finish_reason": None}
            writer.write(_event({**base, "choices": [delta]}))
            await writer.drain()
            await asyncio.sleep(_DRIP_EVERY)
        await asyncio.Event().wait()


def _text(script: Script, cue: Cue, request: Mapping[str, Any], failure: FailureKind | None) -> str:
    if failure == "text":
        return "I would rather answer in prose."
    if failure == "schema":
        return '{"reply": 42}'
    if failure == "huge":
        return '{"content": "' + "x" * HUGE + '"}'
    wanted = cast("Mapping[str, Any]", request.get("response_format") or {})
    schema = cast("Mapping[str, Any] | None", wanted.get("json_schema", {}).get("schema"))
    text = answer_text(script, cue, schema) if schema else "Scripted: no schema was asked for."
    return text[: len(text) // 2] if failure in ("length", "refusal") else text


def _event(data: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


async def _answer(
    writer: asyncio.StreamWriter, status: int, phrase: str, kind: str, body: str, headers: str = ""
) -> None:
    raw = body.encode()
    head = f"HTTP/1.1 {status} {phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(raw)}\r\n"
    writer.write(f"{head}{headers}Connection: close\r\n\r\n".encode() + raw)
    await writer.drain()


async def serve(script: str, port: int) -> None:
    """Serve a script until cancelled, after printing the base URL."""
    async with ScriptedServer(parse_script(script), port) as server:
        sys.stdout.write(server.base_url + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="The scripted model as a loopback Chat Completions server.")
    parser.add_argument("script", nargs="?", default="scripted")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    try:
        asyncio.run(serve(arguments.script, arguments.port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
