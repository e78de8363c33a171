"""The SDK's public methods that send a request, with their arguments, on instrumented and on other paths."""

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


class City(pydantic.BaseModel):
    """The type that structured output is parsed into."""

    city: str


@dataclass(frozen=True)
class Method:
    """One method of a resource."""

    name: str
    resource: str
    verb: str
    request: Mapping[str, Any]
    is_covered: bool = True
    """Whether its calls use a path that is instrumented."""
    representative: tuple[str, ...] = ()
    """The access patterns that are combined with options that are not combined with all of them."""
    scenario: str = "hello"
    streams: bool = False
    """Whether it takes `stream=True`."""
    is_helper: bool = False
    """Whether it returns a stream manager."""

    def exists(self, client: Any, view: str) -> bool:
        """Return whether the installed SDK has the method, also in the view."""
        try:
            verb = getattr(self._resource(client), self.verb)
            if view:
                getattr(getattr(self._resource(client), view), self.verb)
        except AttributeError:
            return False
        return not self.streams or "stream" in inspect.signature(verb).parameters

    def call(self, client: Any, view: str, arguments: Mapping[str, Any]) -> Any:
        """Call it directly, or through the view `with_raw_response` or `with_streaming_response`."""
        resource = self._resource(client)
        if view:
            resource = getattr(resource, view)
        return getattr(resource, self.verb)(**{**_fresh(self.request), **arguments})

    def _resource(self, client: Any) -> Any:
        for name in filter(None, self.resource.split(".")):
            client = getattr(client, name)
        return client


@dataclass(frozen=True)
class Posted(Method):
    """`client.post`, `client.get` or `client.request`, which have no views but accept the header that views set."""

    path: str = ""
    cast_to: Any = object
    chunk: Any = None
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def exists(self, client: Any, view: str) -> bool:  # noqa: ARG002 - the views are headers
        """Return whether the client has the method."""
        return hasattr(client, self.verb)

    def call(self, client: Any, view: str, arguments: Mapping[str, Any]) -> Any:
        """Call it, with the header of the view."""
        arguments = dict(arguments)
        stream, body = arguments.pop("stream", False), dict(self.body)
        headers = {**arguments.pop("extra_headers", {}), **_VIEWS[view]}
        options: Any = make_request_options(**arguments, extra_headers=headers or None)
        streaming: dict[str, Any] = {}
        if stream:
            body["stream"] = True
            kind: Any = openai.AsyncStream if isinstance(client, openai.AsyncOpenAI) else openai.Stream
            streaming = {"stream": True, "stream_cls": kind[self.chunk]}
        if self.verb == "request":
            options_model = FinalRequestOptions.construct(method="post", url=self.path, json_data=body, **options)
            return client.request(self.cast_to, options_model, **streaming)
        if self.verb == "post":
            streaming["body"] = body
        return getattr(client, self.verb)(self.path, cast_to=self.cast_to, options=options, **streaming)


_VIEWS: Final[Mapping[str, Mapping[str, str]]] = {
    "": {},
    "with_raw_response": {"X-Stainless-Raw-Response": "true"},
    "with_streaming_response": {"X-Stainless-Raw-Response": "stream"},
}


def _fresh(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with new files, because a call reads its files."""
    return {name: value() if value is _audio_file else value for name, value in request.items()}


def _audio_file() -> BytesIO:
    file = BytesIO(b"RIFF" + bytes(64))
    file.name = "speech.wav"
    return file


_MODEL: Final = "openai/gpt-4o-mini"
_CHAT: Final = {"model": _MODEL, "messages": [{"role": "user", "content": "Say hello."}], "temperature": 0}
_RESPONSES: Final = {"model": _MODEL, "input": "Say hello."}
_PARSED: Final = {**_CHAT, "response_format": City}
_TEXT: Final = {"model": _MODEL, "prompt": "Say hello."}
_VECTOR: Final = {"model": "openai/text-embedding-3-small", "input": ["hello", "there"]}
_SPEECH: Final = {"model": "openai/tts-1", "input": "Hello", "voice": "alloy"}
_TRANSCRIPTION: Final = {"model": "openai/whisper-1", "file": _audio_file}
_IMAGE: Final = {"model": "openai/gpt-image-1", "prompt": "A dot", "n": 1}


def _http_response() -> Any:
    return __import__(HTTP).Response


METHODS: Final[tuple[Method, ...]] = (
    Method("chat", "chat.completions", "create", _CHAT, representative=("plain", "raw", "streaming")),
    Method(
        "chat, streamed",
        "chat.completions",
        "create",
        _CHAT,
        representative=("exhausted", "closed early"),
        streams=True,
    ),
    Method("chat parse", "chat.completions", "parse", _PARSED, representative=("plain",), scenario="answer_as_json"),
    Method("chat stream", "chat.completions", "stream", _PARSED, scenario="answer_as_json", is_helper=True),
    Method("chat parse, invalid JSON", "chat.completions", "parse", _PARSED),
    Method("chat parse, truncated", "chat.completions", "parse", _PARSED, scenario="too_long"),
    Method("beta chat parse", "beta.chat.completions", "parse", _PARSED, scenario="answer_as_json"),
    Method("beta chat stream", "beta.chat.completions", "stream", _PARSED, scenario="answer_as_json", is_helper=True),
    Method("completions", "completions", "create", _TEXT),
    Method("completions, streamed", "completions", "create", _TEXT, streams=True),
    Method("responses", "responses", "create", _RESPONSES, representative=("plain",)),
    Method("responses, streamed", "responses", "create", _RESPONSES, representative=("exhausted",), streams=True),
    Method("responses parse", "responses", "parse", {**_RESPONSES, "text_format": City}, scenario="answer_as_json"),
    Method("responses stream", "responses", "stream", _RESPONSES, representative=("helper",), is_helper=True),
    Method("embeddings", "embeddings", "create", _VECTOR, representative=("plain",)),
    Method("embeddings, floats", "embeddings", "create", {**_VECTOR, "encoding_format": "float"}),
    Method("images", "images", "generate", _IMAGE),
    Method("images, streamed", "images", "generate", _IMAGE, streams=True),
    Method("speech", "audio.speech", "create", _SPEECH, representative=("plain",)),
    Method("transcription", "audio.transcriptions", "create", _TRANSCRIPTION, representative=("plain",)),
    Method("transcription as text", "audio.transcriptions", "create", {**_TRANSCRIPTION, "response_format": "text"}),
    Method("transcription, streamed", "audio.transcriptions", "create", _TRANSCRIPTION, streams=True),
    Posted(
        "post", "", "post", {}, path="/chat/completions", cast_to=ChatCompletion, body=_CHAT, representative=("plain",)
    ),
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
    Method("models list", "models", "list", {}, is_covered=False, representative=("plain",)),
    Method("models retrieve", "models", "retrieve", {"model": "m"}, is_covered=False),
    Method("models delete", "models", "delete", {"model": "m"}, is_covered=False),
    Method("files list", "files", "list", {}, is_covered=False),
    Method("files create", "files", "create", {"file": _audio_file, "purpose": "assistants"}, is_covered=False),
    Method("files content", "files", "content", {"file_id": "f"}, is_covered=False),
    Method("responses retrieve", "responses", "retrieve", {"response_id": "r"}, is_covered=False),
    Method("responses cancel", "responses", "cancel", {"response_id": "r"}, is_covered=False),
    Method("moderations", "moderations", "create", {"input": "x"}, is_covered=False),
    Method("translations", "audio.translations", "create", _TRANSCRIPTION, is_covered=False),
    Method("images edit", "images", "edit", {"image": _audio_file, "prompt": "p"}, is_covered=False),
    Method("batches list", "batches", "list", {}, is_covered=False),
)
