"""The SDK's public methods that send a request, each with what it is asked for; those on covered paths, and others."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

import openai
import pydantic
from openai._base_client import make_request_options
from openai._models import FinalRequestOptions
from openai.types import CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk

HTTP: Final = openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]
"""The HTTP library of the installed SDK: httpx, or httpx2."""


class Answer(pydantic.BaseModel):
    """What an answer is parsed into."""

    city: str


@dataclass(frozen=True)
class Method:
    """One method of a resource."""

    name: str
    resource: str
    verb: str
    request: Mapping[str, Any]
    is_covered: bool = True
    """Whether its calls are on a path that is instrumented."""
    usual: tuple[str, ...] = ()
    """The manners in which it stands for its kind, where not all ways are crossed with all options."""
    scenario: str = "hello"
    streams: bool = False
    """Whether it takes `stream=True`."""
    is_helper: bool = False
    """Whether it gives a manager of a stream."""

    def exists(self, client: Any, view: str) -> bool:
        """Whether the installed SDK has it, and has it in a view."""
        try:
            verb = getattr(self._resource(client), self.verb)
            if view:
                getattr(getattr(self._resource(client), view), self.verb)
        except AttributeError:
            return False
        return not self.streams or "stream" in inspect.signature(verb).parameters

    def call(self, client: Any, view: str, more: Mapping[str, Any]) -> Any:
        """Call it as it is, or by one of its views `with_raw_response` and `with_streaming_response`."""
        resource = self._resource(client)
        if view:
            resource = getattr(resource, view)
        return getattr(resource, self.verb)(**{**_fresh(self.request), **more})

    def _resource(self, client: Any) -> Any:
        for name in filter(None, self.resource.split(".")):
            client = getattr(client, name)
        return client


@dataclass(frozen=True)
class Posted(Method):
    """`client.post`, `client.get` or `client.request`, which have no views but the header that these set."""

    path: str = ""
    cast_to: Any = object
    chunk: Any = None
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def exists(self, client: Any, view: str) -> bool:  # noqa: ARG002 - the views are headers
        """Whether it is there."""
        return hasattr(client, self.verb)

    def call(self, client: Any, view: str, more: Mapping[str, Any]) -> Any:
        """Call it."""
        keyed = dict(more)
        stream, body = keyed.pop("stream", False), dict(self.body)
        headers = {**keyed.pop("extra_headers", {}), **_VIEWS[view]}
        options: Any = make_request_options(**keyed, extra_headers=headers or None)
        streaming: dict[str, Any] = {}
        if stream:
            body["stream"] = True
            kind: Any = openai.AsyncStream if isinstance(client, openai.AsyncOpenAI) else openai.Stream
            streaming = {"stream": True, "stream_cls": kind[self.chunk]}
        if self.verb == "request":
            made = FinalRequestOptions.construct(method="post", url=self.path, json_data=body, **options)
            return client.request(self.cast_to, made, **streaming)
        if self.verb == "post":
            streaming["body"] = body
        return getattr(client, self.verb)(self.path, cast_to=self.cast_to, options=options, **streaming)


_VIEWS: Final[Mapping[str, Mapping[str, str]]] = {
    "": {},
    "with_raw_response": {"X-Stainless-Raw-Response": "true"},
    "with_streaming_response": {"X-Stainless-Raw-Response": "stream"},
}


def _fresh(request: Mapping[str, Any]) -> dict[str, Any]:
    """Files are read by the call, so each call gets its own."""
    return {name: value() if value is _sound else value for name, value in request.items()}


def _sound() -> BytesIO:
    file = BytesIO(b"RIFF" + bytes(64))
    file.name = "speech.wav"
    return file


_MODEL: Final = "openai/gpt-4o-mini"
_CHAT: Final = {"model": _MODEL, "messages": [{"role": "user", "content": "Say hello."}], "temperature": 0}
_ASKED: Final = {"model": _MODEL, "input": "Say hello."}
_PARSED: Final = {**_CHAT, "response_format": Answer}
_TEXT: Final = {"model": _MODEL, "prompt": "Say hello."}
_VECTOR: Final = {"model": "openai/text-embedding-3-small", "input": ["hello", "there"]}
_SAID: Final = {"model": "openai/tts-1", "input": "Hello", "voice": "alloy"}
_HEARD: Final = {"model": "openai/whisper-1", "file": _sound}
_DRAWN: Final = {"model": "openai/gpt-image-1", "prompt": "A dot", "n": 1}


def _http_response() -> Any:
    return __import__(HTTP).Response


METHODS: Final[tuple[Method, ...]] = (
    Method("chat", "chat.completions", "create", _CHAT, usual=("plain", "raw", "streaming")),
    Method("chat, streamed", "chat.completions", "create", _CHAT, usual=("to its end", "left"), streams=True),
    Method("chat parse", "chat.completions", "parse", _PARSED, usual=("plain",), scenario="answer_as_json"),
    Method("chat stream", "chat.completions", "stream", _PARSED, scenario="answer_as_json", is_helper=True),
    Method("chat parse, no JSON", "chat.completions", "parse", _PARSED),
    Method("chat parse, too long", "chat.completions", "parse", _PARSED, scenario="too_long"),
    Method("beta chat parse", "beta.chat.completions", "parse", _PARSED, scenario="answer_as_json"),
    Method("beta chat stream", "beta.chat.completions", "stream", _PARSED, scenario="answer_as_json", is_helper=True),
    Method("completions", "completions", "create", _TEXT),
    Method("completions, streamed", "completions", "create", _TEXT, streams=True),
    Method("responses", "responses", "create", _ASKED, usual=("plain",)),
    Method("responses, streamed", "responses", "create", _ASKED, usual=("to its end",), streams=True),
    Method("responses parse", "responses", "parse", {**_ASKED, "text_format": Answer}, scenario="answer_as_json"),
    Method("responses stream", "responses", "stream", _ASKED, usual=("helped",), is_helper=True),
    Method("embeddings", "embeddings", "create", _VECTOR, usual=("plain",)),
    Method("embeddings, floats", "embeddings", "create", {**_VECTOR, "encoding_format": "float"}),
    Method("images", "images", "generate", _DRAWN),
    Method("images, streamed", "images", "generate", _DRAWN, streams=True),
    Method("speech", "audio.speech", "create", _SAID, usual=("plain",)),
    Method("transcription", "audio.transcriptions", "create", _HEARD, usual=("plain",)),
    Method("transcription as text", "audio.transcriptions", "create", {**_HEARD, "response_format": "text"}),
    Method("transcription, streamed", "audio.transcriptions", "create", _HEARD, streams=True),
    Posted("post", "", "post", {}, path="/chat/completions", cast_to=ChatCompletion, body=_CHAT, usual=("plain",)),
    Posted("post to object", "", "post", {}, path="/chat/completions", body=_CHAT),
    Posted("post to the HTTP response", "", "post", {}, path="/embeddings", cast_to=_http_response(), body=_VECTOR),
    Posted("post to text", "", "post", {}, path="/chat/completions", cast_to=str, body=_CHAT),
    Posted(
        "post, streamed",
        "",
        "post",
        {},
        path="/chat/completions",
        cast_to=ChatCompletion,
        chunk=ChatCompletionChunk,
        body=_CHAT,
        streams=True,
    ),
    Posted("request", "", "request", {}, path="/embeddings", cast_to=CreateEmbeddingResponse, body=_VECTOR),
    Posted("rerank", "", "post", {}, path="/rerank", body={"model": "m", "query": "q", "documents": ["a", "b"]}),
    Posted("get", "", "get", {}, is_covered=False, path="/models"),
    Posted("get of a covered path", "", "get", {}, is_covered=False, path="/chat/completions"),
    Method("models list", "models", "list", {}, is_covered=False, usual=("plain",)),
    Method("models retrieve", "models", "retrieve", {"model": "m"}, is_covered=False),
    Method("models delete", "models", "delete", {"model": "m"}, is_covered=False),
    Method("files list", "files", "list", {}, is_covered=False),
    Method("files create", "files", "create", {"file": _sound, "purpose": "assistants"}, is_covered=False),
    Method("files content", "files", "content", {"file_id": "f"}, is_covered=False),
    Method("responses retrieve", "responses", "retrieve", {"response_id": "r"}, is_covered=False),
    Method("responses cancel", "responses", "cancel", {"response_id": "r"}, is_covered=False),
    Method("moderations", "moderations", "create", {"input": "x"}, is_covered=False),
    Method("translations", "audio.translations", "create", _HEARD, is_covered=False),
    Method("images edit", "images", "edit", {"image": _sound, "prompt": "p"}, is_covered=False),
    Method("batches list", "batches", "list", {}, is_covered=False),
)
