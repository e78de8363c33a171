"""The registry of operations: path -> the functions that read its request, its response, and their content.

Requests to a path without a row are not traced.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from . import attributes as names
from ._content.accumulators import ChatAccumulator, ContentAccumulator, ResponsesAccumulator
from ._content.chat import Content, Message, chat_input, chat_output, text_input
from ._content.message_accumulator import MessageAccumulator
from ._content.messages import messages_input, messages_output
from ._content.parts import TextFilter
from ._content.responses_api import responses_input, responses_output
from ._content.results import (
    image_input,
    image_output,
    no_input,
    no_output,
    rerank_input,
    transcription_input,
    transcription_output,
)
from ._wire.chat import fold_chunk, fold_completion, fold_error_chunk
from ._wire.errors import EMPTY_RESPONSE, INTERRUPTED_STREAM, INVALID_RESPONSE
from ._wire.fields import Attributes, parse_json
from ._wire.jobs import fold_job
from ._wire.messages import fold_message, fold_message_error, fold_message_event, message_request_attributes
from ._wire.request import request_attributes
from ._wire.response import ResponseRecord, fold_error_event, fold_error_response
from ._wire.responses_api import fold_event, fold_response
from ._wire.results import fold_embeddings, fold_stream_event, result_folder


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of call: its `gen_ai.operation.name`, and the functions that read its request and its response."""

    name: str
    read_input: Callable[[Mapping[str, object], TextFilter], Content]
    """Reads the content of the merged request body."""
    read_output: Callable[[object, TextFilter], list[Message]]
    """Reads the content of a whole body, or of one that `accumulator` assembled."""
    fold_body: Callable[[ResponseRecord, object], None]
    fold_chunk: Callable[[ResponseRecord, object, float], None] = fold_stream_event
    fold_error_event: Callable[[ResponseRecord, object, float], None] = fold_error_event
    accumulator: type[ContentAccumulator] = ContentAccumulator
    implied: Attributes = field(default_factory=Attributes)
    """Attributes that every request of this kind has without a field for them."""
    returns_object: bool = True
    """A successful response is a JSON object; false where it may be audio or plain text."""
    read_request: Callable[..., Attributes] = request_attributes
    """Returns the attributes of the merged request body and of mappings of headers, weakest first."""
    job: "Operation | None" = None
    """The end of the job that a request of this kind submits; `GET <path>/<job id>` polls it."""

    def fold(self, record: ResponseRecord, body: object) -> None:
        """Fold a whole body as an SDK parsed it, perhaps to the text or the bytes themselves."""
        if not self.returns_object:
            self.fold_body(record, body)
        elif isinstance(body, (str, bytes)):
            self.fold_bytes(record, body.encode(errors="replace") if isinstance(body, str) else body)
        elif body is None or isinstance(body, (list, int, float)):  # JSON, but not an object
            record.error = record.error or (EMPTY_RESPONSE if body is None else INVALID_RESPONSE)
        else:
            self.fold_body(record, body)

    def fold_bytes(self, record: ResponseRecord, content: bytes | bytearray, status: int = 200) -> None:
        """Fold a whole body. Whitespace (keep-alives) is an empty response; audio and plain text have no attributes."""
        is_error = status >= 400  # noqa: PLR2004 - HTTP error statuses
        if not is_error and status >= 300:  # noqa: PLR2004 - a redirect that the client does not follow
            return
        if not content or content.isspace():
            if not is_error and (content or self.returns_object):
                record.error = record.error or EMPTY_RESPONSE
            return
        is_json_expected = self.returns_object and not is_error
        if not is_json_expected and not _OBJECT.match(content):
            return
        try:
            body = parse_json(content)
        except ValueError:
            if is_json_expected:
                record.error = record.error or INVALID_RESPONSE
            return
        if is_error:
            fold_error_response(record, status, body)
        else:
            self.fold(record, body)

    def fold_end(self, record: ResponseRecord) -> None:
        """Fold the end of a stream that ended without an exception after at least one chunk.

        OpenRouter sends the finish reason, then the usage, then `[DONE]`. The OpenAI SDK raises nothing if the stream
        ends before them, and does not yield `[DONE]`.
        """
        if record.has_identity and not record.finish_reasons and record.usage is None and record.error is None:
            record.error = INTERRUPTED_STREAM


def operation_at(url: str, base_url: object) -> Operation | None:
    """Return the operation of a request's URL: relative to *base_url*, as an SDK's resources give it, or absolute."""
    operation = _BY_PATH.get(url)
    if operation is None and "://" in url:
        base = str(base_url).rstrip("/")
        for root in (base, base.removesuffix(_VERSION)):
            if url.startswith(root + "/"):
                operation = operation or _BY_PATH.get("/" + _path(url[len(root) :]))
        return operation
    return operation or _BY_PATH.get("/" + _path(url))


def job_at(url: str, base_url: object) -> tuple[Operation, str] | None:
    """Return the operation of a poll, and the id of its job; None if a GET request to *url* polls no job."""
    submission_url, _, job = url.partition("?")[0].rstrip("/").rpartition("/")
    operation = operation_at(submission_url, base_url) if job else None
    return None if operation is None or operation.job is None else (operation.job, job)


def may_be_traced(method: str, url: str) -> bool:
    """Whether a request may be a call or a poll.

    Args:
        method: its method in upper case.
        url: its URL or a part of it, without a query.
    """
    if method == "POST":
        return url.endswith(PATHS)
    return method == "GET" and ("/videos/" in url or "/batches/" in url)


def split_url(url: str) -> tuple[Operation, str] | None:
    """Return the operation of an absolute URL without a query, and the base URL of the API."""
    url = url.rstrip("/")
    for path in PATHS:
        if url.endswith(path):
            base = url[: -len(path)]
            return _BY_PATH[path], base + _VERSION if path == _DECISIONS_PATH else base
    return None


def api_base(url: str, base_url: str) -> str:
    """Return the base URL of the API: *base_url*, unless *url* is below another one."""
    found = split_url(url)
    return base_url if found is None or not url.endswith(_DECISIONS_PATH) else found[1]


def _path(url: str) -> str:
    return url.partition("?")[0].strip("/")


_VERSION: Final = "/v1"
# Beside the version, not below it: `openrouter` 1.3.84, operations/createapialphadecisions.py.
_DECISIONS_PATH: Final = "/alpha/decisions"

_OBJECT: Final = re.compile(rb"\s*\{")

_IMAGE: Final = Operation(
    "generate_content",
    image_input,
    image_output,
    result_folder("data"),
    implied={names.GEN_AI_OUTPUT_TYPE: "image"},
)

_MESSAGES: Final = Operation(
    "chat",
    messages_input,
    messages_output,
    fold_message,
    fold_message_event,
    fold_message_error,
    MessageAccumulator,
    read_request=message_request_attributes,
)

_DECISIONS: Final = Operation("decisions", text_input("state"), no_output, result_folder("answers"))

# Each path: https://openrouter.ai/docs/api/api-reference/<path>; `/completions` is documented in
# https://openrouter.ai/docs/api/reference/streaming only; `/images/generations` is where the OpenAI SDK posts images.
_BY_PATH: Final[Mapping[str, Operation]] = {
    "/chat/completions": Operation(
        "chat", chat_input, chat_output, fold_completion, fold_chunk, fold_error_chunk, ChatAccumulator
    ),
    "/completions": Operation(
        "text_completion",
        text_input("prompt"),
        chat_output,
        fold_completion,
        fold_chunk,
        fold_error_chunk,
        ChatAccumulator,
    ),
    "/responses": Operation(
        "chat", responses_input, responses_output, fold_response, fold_event, accumulator=ResponsesAccumulator
    ),
    "/messages": _MESSAGES,
    # The Anthropic SDK adds the version to its base URL, https://openrouter.ai/api
    "/v1/messages": _MESSAGES,
    "/api/v1/messages": _MESSAGES,
    "/embeddings": Operation("embeddings", text_input("input"), no_output, fold_embeddings),
    "/rerank": Operation("rerank", rerank_input, no_output, result_folder("results")),
    "/images": _IMAGE,
    "/images/generations": _IMAGE,
    "/audio/speech": Operation(
        "speech",
        text_input("input"),
        no_output,
        result_folder(None),
        implied={names.GEN_AI_OUTPUT_TYPE: "speech"},
        returns_object=False,
    ),
    "/audio/transcriptions": Operation(
        "transcription", transcription_input, transcription_output, result_folder("text"), returns_object=False
    ),
    "/systemone": _DECISIONS,
    _DECISIONS_PATH: _DECISIONS,
    "/api/alpha/decisions": _DECISIONS,  # OpenRouter's SDK has no version in the base URL of this one
    "/videos": Operation(
        "video",
        image_input,
        no_output,
        fold_job,
        implied={names.GEN_AI_OUTPUT_TYPE: "video"},
        job=Operation("video_job", no_input, no_output, fold_job, implied={names.GEN_AI_OUTPUT_TYPE: "video"}),
    ),
    "/batches": Operation(
        "batch", no_input, no_output, fold_job, job=Operation("batch_job", no_input, no_output, fold_job)
    ),
}

PATHS: Final = tuple(
    sorted((path for path in _BY_PATH if not path.startswith(("/v1/", "/api/"))), key=len, reverse=True)
)
"""All paths below the version, longest first: `/chat/completions` ends with `/completions` too."""
