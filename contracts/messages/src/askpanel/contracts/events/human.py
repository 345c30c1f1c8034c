"""The human in the loop: asked, answered."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from askpanel.contracts.events.fact import Event, Round, Service


class HumanRequested(Event):
    """The panel waits for a person: for input, or to ratify the result."""

    TYPE: ClassVar[str] = "human.requested"
    OWNER: ClassVar[Service] = "orchestrator"
    SSE: ClassVar[str | None] = "human_requested"

    checkpoint_id: UUID
    round_number: Round
    kind: Literal["input", "ratify"]
    question: str
    actions: tuple[Literal["answer", "approve", "modify", "veto"], ...]
    deadline_at: datetime

    def identity(self) -> tuple[object, ...]:
        return (self.checkpoint_id,)


class HumanResponded(Event):
    """The person's answer to a checkpoint. Its id has no user: the first one wins.

    The vote of a panel with options is `option`, the id of one of them; of any other it is `stance`.
    """

    TYPE: ClassVar[str] = "human.responded"
    OWNER: ClassVar[Service] = "gateway"
    SSE: ClassVar[str | None] = "response_added"

    checkpoint_id: UUID
    response_id: UUID
    round_number: Round
    action: Literal["answer", "approve", "modify", "veto"]
    content: str
    stance: Literal["support", "conditional", "oppose", "abstain"] | None = None
    option: str | None = None
    user_id: UUID
    user_name: str = ""

    def identity(self) -> tuple[object, ...]:
        return (self.checkpoint_id,)
