"""The content of rerank, image and audio requests and responses, as messages of the GenAI schema.

Wire: https://openrouter.ai/docs/api/api-reference/rerank/, images/ and audio/ there.
"""

from collections.abc import Mapping
from typing import Any

from .._wire.fields import mapping, sequence
from .chat import Content, Message, request_content, single_message
from .parts import TextFilter, base64_part, content_parts, media_part, text_part


def rerank_input(body: Mapping[str, object], filter_text: TextFilter) -> Content:
    """The query and the documents of a rerank request."""
    parts = text_part(body.get("query"), filter_text)
    for document in sequence(body.get("documents")):
        fields = {"text": document} if isinstance(document, str) else mapping(document)
        parts += text_part(fields.get("text"), filter_text) + media_part(fields.get("image"), "image", filter_text)
    return request_content(single_message("user", parts))


def image_input(body: Mapping[str, object], filter_text: TextFilter) -> Content:
    """The prompt and the input images of an image request."""
    references = sequence(body.get("input_references"))
    parts = text_part(body.get("prompt"), filter_text) + content_parts(references, filter_text)
    return request_content(single_message("user", parts))


def transcription_input(body: Mapping[str, object], filter_text: TextFilter) -> Content:
    """The audio of a transcription request in JSON. An uploaded file is not part of the body that is observed."""
    audio = {"type": "input_audio", "input_audio": body.get("input_audio")}
    return request_content(single_message("user", content_parts([audio], filter_text)))


def image_output(body: object, filter_text: TextFilter) -> list[Message]:
    """The images, described without their bytes."""
    parts: list[dict[str, Any]] = []
    for image in sequence(mapping(body).get("data")):
        fields = mapping(image)
        parts += base64_part(fields.get("b64_json"), "image", fields.get("media_type"))
        parts += media_part(fields.get("url"), "image", filter_text)
    return single_message("assistant", parts)


def transcription_output(body: object, filter_text: TextFilter) -> list[Message]:
    """The transcript."""
    transcript = body if isinstance(body, str) else mapping(body).get("text")
    return single_message("assistant", text_part(transcript, filter_text))


def no_input(body: Mapping[str, object], filter_text: TextFilter) -> Content:  # noqa: ARG001 - the shape of `read_input`
    """A batch has the input of many calls; a poll has none."""
    return {}


def no_output(body: object, filter_text: TextFilter) -> list[Message]:  # noqa: ARG001 - the shape of `read_output`
    """Embeddings, rankings, audio, decisions and jobs have no text content."""
    return []
