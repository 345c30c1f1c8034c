"""Requests in, answers out: the only part of the expert-runner that touches the log.

1. Take a request. 2. If anybody may have worked on it before, read the panel: an answered step is done,
an attempt that was begun and lost is recorded as interrupted. 3. When it is its turn, and unless the panel's
budget is used up or it has ended, append `expert.started`, call the model, append its answer or its failure;
retry within the attempts and the deadline. 4. Only then is the request acknowledged. A crash costs at most the
call in flight, and that one is counted.
"""

import asyncio
import json
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nats.aio.client import Client

from askpanel.contracts.envelope import Envelope, Recorded, seal
from askpanel.contracts.events import (
    BudgetExceeded,
    Event,
    ExpertFailed,
    ExpertRequested,
    ExpertResponded,
    ExpertStarted,
)
from askpanel.contracts.ids import row_id
from askpanel.contracts.topology import EXPERT_RUNNER
from askpanel.expert_runner.history import History, history
from askpanel.expert_runner.line import NONE, Line, Turn
from askpanel.expert_runner.models.port import Failure, Reply
from askpanel.expert_runner.models.retry import next_attempt
from askpanel.expert_runner.prompts.build import build
from askpanel.expert_runner.prompts.fit import NoRoom
from askpanel.expert_runner.prompts.prompt import Call, Speaker
from askpanel.expert_runner.speakers import Speakers, UnknownExpert
from askpanel.runtime import conventions, tracing
from askpanel.runtime.errors import AlreadyThere, Conflict, Reject, Retry
from askpanel.runtime.log import EventLog, is_recent
from askpanel.runtime.worker import Delivery

DELTA_SECONDS = 0.05
"""Token deltas are gathered this long before they are shown."""

FRESH_SECONDS = 20.0
"""The first delivery of a request younger than this has not been worked on before, unless the server forgot.

Then its announcement shows. Both the request's writing and its storing count: a copy stored late is worked on
as what it is, an old request."""


STILL_WANTED = 1.0
"""Seconds after taking a request in which its panel is not asked again whether it still wants the answer."""

LOST = Failure("interrupted", "the process that made this attempt ended before its outcome")


@dataclass(frozen=True, slots=True)
class Task:
    """A request with what every step of handling it needs."""

    request: ExpertRequested
    envelope: Envelope
    written: float
    taken_at: float

    @property
    def recent(self) -> bool:
        """Whether copies of what follows from the request must still lie in the deduplication window."""
        return is_recent(self.written, time.time())

    def seconds_left(self) -> float:
        """Until the step's deadline."""
        return (self.request.deadline_at - datetime.now(UTC)).total_seconds()


class ExpertRunner:
    """Answers requests on one model line."""

    def __init__(self, client: Client, log: EventLog, speakers: Speakers, line: Line) -> None:
        self._client = client
        self._log = log
        self._speakers = speakers
        self._line = line

    async def __call__(self, delivery: Delivery) -> None:
        recorded = delivery.decode()
        if not isinstance(recorded.event, ExpertRequested):
            raise Reject(f"{recorded.envelope.type} is not a request")
        written = min(delivery.stored_at, recorded.envelope.time.timestamp())
        task = Task(recorded.event, recorded.envelope, written, time.monotonic())
        past = History()
        if delivery.redelivered or time.time() - written > FRESH_SECONDS:
            past = await self._past(task)
        final = past.settled or past.attempts >= task.request.attempt_limit or task.seconds_left() <= 0
        for attempt in past.lost:
            await self._fail(task, attempt, LOST, final=final)
        if past.settled or (past.lost and final):
            return
        await self._attempt_until_settled(task, past.attempts)

    async def _attempt_until_settled(self, task: Task, attempt: int) -> None:
        request = task.request
        try:
            speaker = await self._speakers.find(
                task.envelope.panel.tenant_id,
                request.agent_id,
                request.agent_version,
                shared=request.agent_shared,
            )
        except UnknownExpert as error:
            unknown = Failure("unknown_expert", str(error), usage=NONE)
            await self._fail(task, attempt + 1, unknown, final=True)
            return
        with tracing.inside(
            conventions.invoke_agent,
            request.agent_name,
            request.agent_id,
            request.agent_version,
            str(task.envelope.panel.panel_id),
            self._line.model.label.id,
        ):
            await self._attempt_again(task, speaker, attempt)

    async def _attempt_again(self, task: Task, speaker: Speaker, attempt: int) -> None:
        request = task.request
        while True:
            attempt += 1
            outcome, took = await self._attempt(task, speaker, attempt)
            if outcome is None:
                return
            if isinstance(outcome, Reply):
                await self._answer(task, attempt, outcome, took)
                return
            wait = next_attempt(
                outcome,
                attempt=attempt,
                attempt_limit=request.attempt_limit,
                unit=random.random(),  # noqa: S311  (jitter, not a secret)
                seconds_left=task.seconds_left(),
            )
            await self._fail(task, attempt, outcome, final=wait is None, took=took, own=True)
            if wait is None:
                await self._settle_unless_taken_over(task)
                return
            await asyncio.sleep(wait)

    async def _attempt(
        self, task: Task, speaker: Speaker, attempt: int
    ) -> tuple[Reply | Failure | None, int]:
        """What came of it, None where it is no longer wanted, and the ms it took from its turn on."""
        async with self._line.turn(task.envelope.panel.tenant_id, task.seconds_left()) as turn:
            if isinstance(turn, Failure):
                return turn, 0
            if time.monotonic() - task.taken_at > STILL_WANTED and (await self._past(task)).settled:
                return None, 0
            began = time.monotonic()
            outcome = await self._in_turn(turn, task, speaker, attempt)
            return outcome, round((time.monotonic() - began) * 1000)

    async def _in_turn(self, turn: Turn, task: Task, speaker: Speaker, attempt: int) -> Reply | Failure:
        request, model = task.request, self._line.model
        started = ExpertStarted(
            **_step(request),
            agent_id=request.agent_id,
            agent_name=request.agent_name,
            model=model.label.id,
            attempt=attempt,
            answers=request.answers,
        )
        if not await self._begin(task, started):
            return Failure("budget_exceeded", "the panel's budget was used up before this call", usage=NONE)
        call = Call(
            panel_id=str(task.envelope.panel.panel_id),
            agent_id=request.agent_id,
            role=request.role,
            attempt=attempt,
            **_step(request),
        )
        try:
            prompt = build(call, speaker, request.response_type, request.context.blocks, model.budget)
        except NoRoom as error:
            return Failure("misconfigured", str(error), usage=NONE)
        deltas = Deltas(self._client, task, attempt)
        outcome = await turn.ask(prompt, on_delta=deltas.write, seconds=task.seconds_left())
        await deltas.flush()
        return outcome

    async def _begin(self, task: Task, started: ExpertStarted) -> bool:
        """Announce an attempt; False when the panel's budget is used up, which the log itself checks.

        Raises Retry when it was announced before: the server was killed and has forgotten that somebody was
        asked, or has answered even. By then whoever still works on it has told the server so.
        """
        if task.recent:
            try:
                await self._log.append_news(_sealed(task, started), never=BudgetExceeded.noun())
            except Conflict:
                return False
            except AlreadyThere:
                raise Retry(EXPERT_RUNNER.ack_wait, "this attempt was begun before") from None
        elif await self._log.find(task.envelope.panel, BudgetExceeded.TYPE) is not None:
            return False
        else:
            await self._append(task, started)
        return True

    async def _answer(self, task: Task, attempt: int, reply: Reply, took: int) -> None:
        request = task.request
        response_id = row_id(task.envelope.panel.panel_id, "panel_responses", *request.step_identity())
        await self._append(
            task,
            ExpertResponded(
                **_step(request),
                response_id=response_id,
                agent_id=request.agent_id,
                agent_name=request.agent_name,
                role=request.role,
                response_type=request.response_type,
                content=reply.content,
                answer=reply.answer,
                model=self._line.model.label.id,
                usage=reply.usage,
                execution_time_ms=took,
                attempt=attempt,
            ),
        )
        if attempt > 1:
            await self._tell_superseded(task, attempt, reply, took)

    async def _tell_superseded(self, task: Task, attempt: int, reply: Reply, took: int) -> None:
        """A step has one answer. If an earlier attempt, given up as lost, has answered it after all, then this
        attempt is told as failed: it was paid for too."""
        step = task.request.step_identity()
        for recorded in await self._log.read(task.envelope.panel):
            event = recorded.event
            if isinstance(event, ExpertResponded) and event.step_identity() == step:
                if event.attempt != attempt:
                    late = Failure("interrupted", "an earlier attempt answered after all", usage=reply.usage)
                    await self._fail(task, attempt, late, final=True, took=took)
                return

    async def _settle_unless_taken_over(self, task: Task) -> None:
        """The request is done, unless another process took this attempt for lost and goes on with a later one.

        Then the request is that one's to settle. Settled here, nobody would come back to tell the later attempt
        if its process died. That process extends the delivery while it works; else it comes again at the deadline.
        """
        past = await self._past(task)
        if past.lost or not past.settled:
            raise Retry(max(task.seconds_left(), 0.0) + 1.0, "another process goes on with a later attempt")

    async def _fail(
        self, task: Task, attempt: int, failure: Failure, *, final: bool, took: int = 0, own: bool = False
    ) -> None:
        """Record a failed attempt; one that is not tried again is marked as not retryable.

        `own`: of this process. Raises Retry when another one has told its end already, taking it for lost: what
        comes next is that one's.
        """
        request = task.request
        failed = ExpertFailed(
            **_step(request),
            agent_id=request.agent_id,
            agent_name=request.agent_name,
            role=request.role,
            model=self._line.model.label.id,
            attempt=attempt,
            reason=failure.reason,
            detail=failure.detail[:500],
            retryable=not final,
            usage=failure.usage,
            execution_time_ms=took,
        )
        if not (own and task.recent):
            await self._append(task, failed)
            return
        try:
            await self._log.append_news(_sealed(task, failed))
        except AlreadyThere:
            raise Retry(EXPERT_RUNNER.ack_wait, "this attempt was taken for lost meanwhile") from None

    async def _past(self, task: Task) -> History:
        return history(task.request, await self._log.read(task.envelope.panel))

    async def _append(self, task: Task, event: Event) -> None:
        await self._log.append_once(_sealed(task, event), recent=task.recent)


class Deltas:
    """Shows an answer while it is written: core NATS, lossy, gathered for DELTA_SECONDS."""

    def __init__(self, client: Client, task: Task, attempt: int) -> None:
        self._client = client
        self._subject = task.envelope.panel.deltas()
        self._head = {
            "round_number": task.request.round_number,
            "step": task.request.step,
            "seat": task.request.seat,
            "agent_id": task.request.agent_id,
            "attempt": attempt,
        }
        self._text = ""
        self._sent_at = 0.0

    async def write(self, text: str) -> None:
        """Take new characters; send them when enough time has passed."""
        self._text += text
        if time.monotonic() - self._sent_at >= DELTA_SECONDS:
            await self.flush()

    async def flush(self) -> None:
        """Send what is left. A closed connection loses it, as it may."""
        if self._text and self._client.is_connected:
            text, self._text, self._sent_at = self._text, "", time.monotonic()
            await self._client.publish(self._subject, json.dumps(self._head | {"text": text}).encode())


def _sealed(task: Task, event: Event) -> Recorded:
    return seal(event, task.envelope.panel, time=datetime.now(UTC), cause=task.envelope)


def _step(request: ExpertRequested) -> dict[str, Any]:
    return {
        "round_number": request.round_number,
        "step": request.step,
        "seat": request.seat,
        "purpose": request.purpose,
    }
