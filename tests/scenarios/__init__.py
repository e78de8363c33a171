"""The complete span that each scenario of the simulator must produce: the same for every calling style."""

from collections.abc import Mapping
from typing import Final

from . import chat, completions, messages, responses, results
from .chat import HELLO
from .scenario import REQUEST, REQUEST_ATTRIBUTES, ExpectedSpan, Scenario

SCENARIOS: Final[Mapping[str, Mapping[str, Scenario]]] = {
    "chat": chat.SCENARIOS,
    "completions": completions.SCENARIOS,
    "responses": responses.SCENARIOS,
    "messages": messages.SCENARIOS,
    "embeddings": results.EMBEDDINGS,
    "rerank": results.RERANK,
    "images": results.IMAGES,
    "generations": results.IMAGES,
    "speech": results.SPEECH,
    "transcription": results.TRANSCRIPTION,
    "systemone": results.DECISIONS,
    "decisions": results.DECISIONS,
    "videos": results.VIDEOS,
    "batches": results.BATCHES,
}
"""Endpoint -> name -> scenario."""

__all__ = ["HELLO", "REQUEST", "REQUEST_ATTRIBUTES", "SCENARIOS", "ExpectedSpan", "Scenario"]
