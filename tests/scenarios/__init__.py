"""What each scenario of the simulator must give, in whole: the same span for every way of calling."""

from collections.abc import Mapping
from typing import Final

from . import chat, completions, responses, results
from .chat import HELLO
from .record import ASKED, REQUEST, Expected, Scenario

SCENARIOS: Final[Mapping[str, Mapping[str, Scenario]]] = {
    "chat": chat.SCENARIOS,
    "completions": completions.SCENARIOS,
    "responses": responses.SCENARIOS,
    "embeddings": results.EMBEDDINGS,
    "rerank": results.RERANK,
    "images": results.IMAGES,
    "generations": results.IMAGES,
    "speech": results.SPEECH,
    "transcription": results.TRANSCRIPTION,
}
"""Endpoint -> name -> scenario."""

__all__ = ["ASKED", "HELLO", "REQUEST", "SCENARIOS", "Expected", "Scenario"]
