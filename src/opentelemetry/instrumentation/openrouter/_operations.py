"""Which path is which operation: a row joins the readers of its request, of its answers, and of their content.

A path without a row passes through the instrumentation untouched.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from . import attributes as names
from ._content.accumulators import ChoicesTranscript, EventsTranscript, Transcript
from ._content.chat import Content, Message, chat_input, choices_output, text_input
from ._content.parts import Keep
from ._content.responses_api import items_input, items_output
from ._wire.chat import fold_chunk, fold_completion, fold_error_chunk
from ._wire.errors import EMPTY_RESPONSE
from ._wire.fields import Attributes
from ._wire.response import Answer, fold_error_event
from ._wire.responses_api import fold_event, fold_response
from ._wire.results import (
    fold_progress,
    fold_vectors,
    image_input,
    image_output,
    no_output,
    ranking_input,
    result_folder,
    sound_input,
    transcript_output,
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of call: its `gen_ai.operation.name`, and how its request and its answers are read."""

    name: str
    read_input: Callable[[Mapping[str, object], Keep], Content]
    """The content of the merged request body."""
    read_output: Callable[[object, Keep], list[Message]]
    """The content of a whole body, or of one that `transcript` put together."""
    fold_whole: Callable[[Answer, object], None]
    fold_chunk: Callable[[Answer, object, float], None] = fold_progress
    fold_error_event: Callable[[Answer, object, float], None] = fold_error_event
    transcript: type[Transcript] = Transcript
    implied: Attributes = field(default_factory=Attributes)
    """What each request of this kind asks for without saying it."""

    def fold_bytes(self, answer: Answer, content: bytes | bytearray) -> None:
        """Fold a whole answer as it came. Sound and text tell nothing; whitespace (a keep-alive) is no answer."""
        if not _OBJECT.match(content):
            if content and _BLANK.fullmatch(content):
                answer.failure = EMPTY_RESPONSE
            return
        try:
            body: object = json.loads(content)
        except ValueError:
            return
        self.fold_whole(answer, body)


def operation_at(url: str, base_url: object) -> Operation | None:
    """The operation behind a request's URL: relative to *base_url* as the SDK's resources give it, or absolute."""
    operation = _BY_PATH.get(url)
    if operation is None and "://" in url:
        base = str(base_url).rstrip("/")
        return _BY_PATH.get("/" + _path(url[len(base) :])) if url.startswith(base + "/") else None
    return operation or _BY_PATH.get("/" + _path(url))


def _path(url: str) -> str:
    return url.partition("?")[0].strip("/")


_OBJECT: Final = re.compile(rb"\s*\{")
_BLANK: Final = re.compile(rb"\s*")

_IMAGE: Final = Operation(
    "generate_content",
    image_input,
    image_output,
    result_folder("data"),
    implied={names.GEN_AI_OUTPUT_TYPE: "image"},
)

# Each path: https://openrouter.ai/docs/api/api-reference/<path>; `/completions` is named in
# https://openrouter.ai/docs/api/reference/streaming alone, `/images/generations` is where the OpenAI SDK posts images.
_BY_PATH: Final[Mapping[str, Operation]] = {
    "/chat/completions": Operation(
        "chat", chat_input, choices_output, fold_completion, fold_chunk, fold_error_chunk, ChoicesTranscript
    ),
    "/completions": Operation(
        "text_completion",
        text_input("prompt"),
        choices_output,
        fold_completion,
        fold_chunk,
        fold_error_chunk,
        ChoicesTranscript,
    ),
    "/responses": Operation("chat", items_input, items_output, fold_response, fold_event, transcript=EventsTranscript),
    "/embeddings": Operation("embeddings", text_input("input"), no_output, fold_vectors),
    "/rerank": Operation("rerank", ranking_input, no_output, result_folder("results")),
    "/images": _IMAGE,
    "/images/generations": _IMAGE,
    "/audio/speech": Operation(
        "speech", text_input("input"), no_output, result_folder(None), implied={names.GEN_AI_OUTPUT_TYPE: "speech"}
    ),
    "/audio/transcriptions": Operation("transcription", sound_input, transcript_output, result_folder("text")),
}
