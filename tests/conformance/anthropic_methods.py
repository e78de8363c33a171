"""The methods of the Anthropic SDK that send a request, on instrumented and on other paths."""

from functools import partial
from typing import Final

from anthropic.types import Message, RawMessageStreamEvent

from .methods import Method, Posted
from .sdks import ANTHROPIC

_REQUEST: Final = {
    "model": "anthropic/claude-sonnet-4.5",
    "max_tokens": 300,
    "messages": [{"role": "user", "content": "Say hello."}],
}
_COUNT: Final = {name: value for name, value in _REQUEST.items() if name != "max_tokens"}
_method: Final = partial(Method, sdk=ANTHROPIC)
_posted: Final = partial(Posted, sdk=ANTHROPIC, resource="", request={}, path="/v1/messages")

ANTHROPIC_METHODS: Final[tuple[Method, ...]] = (
    _method("messages", "messages", "create", _REQUEST, representative=("plain", "raw", "streaming")),
    _method(
        "messages, streamed",
        "messages",
        "create",
        _REQUEST,
        representative=("exhausted", "closed early"),
        streams=True,
    ),
    _method("messages stream", "messages", "stream", _REQUEST, representative=("helper",), is_helper=True),
    _method("messages parse", "messages", "parse", _REQUEST),
    _method("beta messages", "beta.messages", "create", _REQUEST),
    _method("beta messages, streamed", "beta.messages", "create", _REQUEST, streams=True),
    _method("beta messages stream", "beta.messages", "stream", _REQUEST, is_helper=True),
    _method("beta messages parse", "beta.messages", "parse", _REQUEST),
    _posted("post", verb="post", cast_to=lambda _: Message, body=_REQUEST, representative=("plain",)),
    _posted("post to object", verb="post", body=_REQUEST),
    _posted("post to the HTTP response", verb="post", cast_to=lambda sdk: sdk.http.Response, body=_REQUEST),
    _posted("post to text", verb="post", cast_to=lambda _: str, body=_REQUEST),
    _posted(
        "post, streamed",
        verb="post",
        cast_to=lambda _: Message,
        chunk=lambda _: RawMessageStreamEvent,
        body=_REQUEST,
        streams=True,
    ),
    _posted("get of a covered path", verb="get", is_covered=False),
    _method("count tokens", "messages", "count_tokens", _COUNT, is_covered=False),
    _method("models list", "models", "list", {}, is_covered=False),
    _method("batches list", "messages.batches", "list", {}, is_covered=False),
)
