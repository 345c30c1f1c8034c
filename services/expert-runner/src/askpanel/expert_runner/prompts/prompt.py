"""The values around a prompt: who speaks, which attempt it is, how much room there is."""

from dataclasses import dataclass

from askpanel.contracts.blocks import Purpose, Role
from askpanel.contracts.catalogue import Expert, Temperament
from askpanel.expert_runner.shape import Shape


@dataclass(frozen=True, slots=True)
class Speaker:
    """The persona of a seat."""

    agent_id: str
    name: str
    title: str
    instructions: str
    temperament: Temperament = "balanced"


def speaker_of(expert: Expert) -> Speaker:
    """The speaker a catalogue entry describes."""
    return Speaker(expert.agent_id, expert.name, expert.title, expert.instructions, expert.temperament)


@dataclass(frozen=True, slots=True)
class Call:
    """Identifies one attempt at one paid step. The scripted model's answer is a function of it."""

    panel_id: str
    agent_id: str
    round_number: int
    step: str
    seat: int
    purpose: Purpose
    role: Role = "expert"
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Budget:
    """How much room a model has.

    `prompt_bytes` caps system and user message together, in UTF-8 bytes (three bytes never make more
    than about one token, in English or in Chinese); `persona_bytes` the persona in it; `words` is the
    length asked of an answer, `max_tokens` where the server stops writing.
    """

    prompt_bytes: int
    persona_bytes: int
    words: int
    max_tokens: int


LOCAL = Budget(prompt_bytes=4_700, persona_bytes=500, words=90, max_tokens=440)
"""For a slot of 2,048 tokens: 1,570 for the prompt at three bytes each, 440 for the answer."""

HOSTED = Budget(prompt_bytes=120_000, persona_bytes=4_000, words=220, max_tokens=4_000)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is sent, and the shape its answer must have.

    `cut` names the blocks that were shortened or left out to fit the budget; the prompt says so too.
    """

    call: Call
    system: str
    user: str
    shape: Shape
    max_tokens: int
    cut: tuple[str, ...] = ()
