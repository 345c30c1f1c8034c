"""Prompts: pure functions from role, purpose and blocks to the two messages a model gets."""

from askpanel.expert_runner.prompts.build import build
from askpanel.expert_runner.prompts.prompt import HOSTED, LOCAL, Budget, Call, Prompt, Speaker, speaker_of

__all__ = ["HOSTED", "LOCAL", "Budget", "Call", "Prompt", "Speaker", "build", "speaker_of"]
