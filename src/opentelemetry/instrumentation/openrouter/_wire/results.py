"""Answers that are no conversation: vectors, rankings, images, sound and transcripts.

Each is a thin row: identity, usage and errors as far as the wire tells them, and for vectors how long they are.
Wire: https://openrouter.ai/docs/api/api-reference/embeddings/create-embeddings, and rerank/, images/, audio/ there.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from .. import attributes as names
from .._content.chat import Content, Message, content_of, said_by
from .._content.parts import Keep, base64_part, base64_size, media_part, parts_of, text_part
from .errors import EMPTY_RESPONSE, failure_in
from .fields import items, layers, members
from .response import Answer, fold_error_event, fold_identity

_FLOAT32: Final = 4  # bytes; `encoding_format: base64` is an array of these


def result_folder(essential: str | None) -> Callable[[Answer, object], None]:
    """Make the function that folds a whole result.

    Args:
        essential: the member without which it is no answer; None where the answer is bytes.
    """

    def fold_result(answer: Answer, body: object) -> None:
        declared, others = layers(body)
        _fold(answer, declared, others)
        if answer.transcript is not None:
            answer.transcript.whole(body)
        is_object = not isinstance(body, (str, bytes))  # a transcript may be plain text
        if essential and is_object and declared.get(essential, others.get(essential)) in (None, []):
            answer.failure = answer.failure or EMPTY_RESPONSE

    return fold_result


def fold_vectors(answer: Answer, body: object) -> None:
    """Fold a whole list of embeddings; its first vector tells how long they are."""
    _fold_list(answer, body)
    vector = next((members(item).get("embedding") for item in items(layers(body)[0].get("data"))), None)
    length = base64_size(vector) // _FLOAT32 if isinstance(vector, str) else len(items(vector))
    if length:
        answer.facts[names.GEN_AI_EMBEDDINGS_DIMENSION_COUNT] = length


def fold_progress(answer: Answer, event: object, now: float) -> None:
    """Fold one event of a streamed image or transcript, read off the clock at *now*."""
    declared, others = layers(event)
    _fold(answer, declared, others)
    kind = declared.get("type")
    if not isinstance(kind, str):
        return
    if answer.first_token is None and kind.endswith(_OUTPUT):
        answer.first_token = now
    if kind == "error":
        fold_error_event(answer, event, now)
    elif answer.transcript is not None:
        answer.transcript.add({**declared, **others})


def ranking_input(body: Mapping[str, object], keep: Keep) -> Content:
    """What a rerank request says: its query, and its documents."""
    parts = text_part(body.get("query"), keep)
    for document in items(body.get("documents")):
        found = {"text": document} if isinstance(document, str) else members(document)
        parts += text_part(found.get("text"), keep) + media_part(found.get("image"), "image", keep)
    return content_of(said_by("user", parts))


def image_input(body: Mapping[str, object], keep: Keep) -> Content:
    """What an image request says: its prompt, and the images that it starts from."""
    parts = text_part(body.get("prompt"), keep) + parts_of(items(body.get("input_references")), keep)
    return content_of(said_by("user", parts))


def sound_input(body: Mapping[str, object], keep: Keep) -> Content:
    """What a transcription request says where it is JSON; a file that is uploaded is no part of the body we see."""
    parts = parts_of([{"type": "input_audio", "input_audio": body.get("input_audio")}], keep)
    return content_of(said_by("user", parts))


def image_output(body: object, keep: Keep) -> list[Message]:
    """The images, described."""
    parts: list[dict[str, Any]] = []
    for image in items(members(body).get("data")):
        found = members(image)
        parts += base64_part(found.get("b64_json"), "image", found.get("media_type"))
        parts += media_part(found.get("url"), "image", keep)
    return said_by("assistant", parts)


def transcript_output(body: object, keep: Keep) -> list[Message]:
    """What was heard."""
    heard = body if isinstance(body, str) else members(body).get("text")
    return said_by("assistant", text_part(heard, keep))


def no_output(body: object, keep: Keep) -> list[Message]:  # noqa: ARG001 - one shape for all operations
    """Vectors, ranks and sound are no content that could be told."""
    return []


def _fold(answer: Answer, declared: Mapping[str, Any], others: Mapping[str, Any]) -> None:
    fold_identity(answer, declared, others)
    usage = declared.get("usage", others.get("usage"))
    if usage is not None:
        answer.usage = usage
    error = others.get("error", declared.get("error"))
    if error is not None:
        answer.failure = failure_in(error)


_fold_list = result_folder("data")

# https://openrouter.ai/docs/api/api-reference/images/create-images, and the events of the OpenAI SDK's
# `ImageGenStreamEvent` and `TranscriptionStreamEvent`.
_OUTPUT: Final = (".partial_image", ".text_chunk", ".completed", ".delta", ".done")
