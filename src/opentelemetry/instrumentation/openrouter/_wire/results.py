"""Responses that are not a conversation: embeddings, rankings, images, audio and transcripts.

Each is a thin row: identity, usage and errors where the wire has them, and the length of an embedding.
Wire: https://openrouter.ai/docs/api/api-reference/embeddings/create-embeddings, and rerank/, images/, audio/ there.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from .. import attributes as names
from .errors import EMPTY_RESPONSE, error_from_body
from .fields import base64_size, mapping, sequence
from .response import ResponseRecord, fold_error_event, fold_identity, fold_usage

_FLOAT32_BYTES: Final = 4  # `encoding_format: base64` is an array of float32


def result_folder(required: str | None) -> Callable[[ResponseRecord, object], None]:
    """Return the function that folds a whole result.

    Args:
        required: the field without which the response is empty; None where the response is bytes.
    """

    def fold_result(record: ResponseRecord, body: object) -> None:
        fields = mapping(body)
        _fold(record, fields)
        if record.content is not None:
            record.content.set_body(body)
        is_object = not isinstance(body, (str, bytes))  # a transcript may be plain text
        if required and is_object and fields.get(required) in (None, []):
            record.error = record.error or EMPTY_RESPONSE

    return fold_result


def fold_embeddings(record: ResponseRecord, body: object) -> None:
    """Fold a whole list of embeddings; the first one gives the number of dimensions."""
    _fold_list(record, body)
    items = sequence(mapping(body).get("data"))
    embedding = next((mapping(item).get("embedding") for item in items), None)
    is_base64 = isinstance(embedding, str)
    length = base64_size(embedding) // _FLOAT32_BYTES if is_base64 else len(sequence(embedding))
    if length:
        record.attributes[names.GEN_AI_EMBEDDINGS_DIMENSION_COUNT] = length


def fold_stream_event(record: ResponseRecord, event: object, now: float) -> None:
    """Fold one event of a streamed image or transcript that arrived at *now*, a reading of the clock."""
    fields = mapping(event)
    _fold(record, fields)
    kind = fields.get("type")
    if not isinstance(kind, str):
        return
    if record.first_token is None and kind.endswith(_OUTPUT_EVENTS):
        record.first_token = now
    if kind == "error":
        fold_error_event(record, event, now)
    elif record.content is not None:
        record.content.add(fields)


def _fold(record: ResponseRecord, fields: Mapping[str, Any]) -> None:
    fold_identity(record, fields)
    fold_usage(record, fields.get("usage"))
    error = fields.get("error")
    if error is not None:
        record.error = error_from_body(error)


_fold_list = result_folder("data")

# https://openrouter.ai/docs/api/api-reference/images/create-images, and the events of the OpenAI SDK's
# `ImageGenStreamEvent` and `TranscriptionStreamEvent`.
_OUTPUT_EVENTS: Final = (".partial_image", ".text_chunk", ".completed", ".delta", ".done")
