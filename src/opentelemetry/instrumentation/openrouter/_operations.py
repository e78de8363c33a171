"""Which path is which operation: a row joins the readers of its request and of its answers.

A path without a row passes through the instrumentation untouched.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ._errors import EMPTY_RESPONSE
from ._request import request_attributes
from ._response import Answer, fold_chunk, fold_error_event, fold_whole
from ._wire import Attributes


class ReadRequest(Protocol):
    """Reads the merged body and the headers of a request."""

    def __call__(self, body: Mapping[str, object], *headers: object) -> Attributes: ...


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of call: its `gen_ai.operation.name`, and how its request and its answers are read."""

    name: str
    read_request: ReadRequest
    fold_whole: Callable[[Answer, object], None]
    fold_chunk: Callable[[Answer, object, float], None]
    fold_error_event: Callable[[Answer, object, float], None]

    def fold_bytes(self, answer: Answer, content: bytes | bytearray) -> None:
        """Fold a whole answer as it came; what is no JSON tells nothing, and whitespace (a keep-alive) is no answer."""
        try:
            body: object = json.loads(content)
        except ValueError:
            if content and not content.strip():
                answer.failure = EMPTY_RESPONSE
        else:
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


_CHAT: Final = Operation("chat", request_attributes, fold_whole, fold_chunk, fold_error_event)

_BY_PATH: Final = {
    "/chat/completions": _CHAT,  # https://openrouter.ai/docs/api/api-reference/chat/send-chat-completion-request
}
