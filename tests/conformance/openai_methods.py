"""The methods of the OpenAI SDK that send a request, on instrumented and on other paths."""

from typing import Final

import pydantic
from openai.types import CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from .methods import Method, Posted, audio_file


class City(pydantic.BaseModel):
    """The type that structured output is parsed into."""

    city: str


_MODEL: Final = "openai/gpt-4o-mini"
_CHAT: Final = {"model": _MODEL, "messages": [{"role": "user", "content": "Say hello."}], "temperature": 0}
_RESPONSES: Final = {"model": _MODEL, "input": "Say hello."}
_PARSED: Final = {**_CHAT, "response_format": City}
_TEXT: Final = {"model": _MODEL, "prompt": "Say hello."}
_VECTOR: Final = {"model": "openai/text-embedding-3-small", "input": ["hello", "there"]}
_SPEECH: Final = {"model": "openai/tts-1", "input": "Hello", "voice": "alloy"}
_TRANSCRIPTION: Final = {"model": "openai/whisper-1", "file": audio_file}
_IMAGE: Final = {"model": "openai/gpt-image-1", "prompt": "A dot", "n": 1}


OPENAI_METHODS: Final[tuple[Method, ...]] = (
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
        "post",
        "",
        "post",
        {},
        path="/chat/completions",
        cast_to=lambda _: ChatCompletion,
        body=_CHAT,
        representative=("plain",),
    ),
    Posted("post to object", "", "post", {}, path="/chat/completions", body=_CHAT),
    Posted(
        "post to the HTTP response",
        "",
        "post",
        {},
        path="/embeddings",
        cast_to=lambda sdk: sdk.http.Response,
        body=_VECTOR,
    ),
    Posted("post to text", "", "post", {}, path="/chat/completions", cast_to=lambda _: str, body=_CHAT),
    Posted(
        "post, streamed",
        "",
        "post",
        {},
        path="/chat/completions",
        cast_to=lambda _: ChatCompletion,
        chunk=lambda _: ChatCompletionChunk,
        body=_CHAT,
        streams=True,
    ),
    Posted("request", "", "request", {}, path="/embeddings", cast_to=lambda _: CreateEmbeddingResponse, body=_VECTOR),
    Posted("rerank", "", "post", {}, path="/rerank", body={"model": "m", "query": "q", "documents": ["a", "b"]}),
    Posted("get", "", "get", {}, is_covered=False, path="/models"),
    Posted("get of a covered path", "", "get", {}, is_covered=False, path="/chat/completions"),
    Method("models list", "models", "list", {}, is_covered=False, representative=("plain",)),
    Method("models retrieve", "models", "retrieve", {"model": "m"}, is_covered=False),
    Method("models delete", "models", "delete", {"model": "m"}, is_covered=False),
    Method("files list", "files", "list", {}, is_covered=False),
    Method("files create", "files", "create", {"file": audio_file, "purpose": "assistants"}, is_covered=False),
    Method("files content", "files", "content", {"file_id": "f"}, is_covered=False),
    Method("responses retrieve", "responses", "retrieve", {"response_id": "r"}, is_covered=False),
    Method("responses cancel", "responses", "cancel", {"response_id": "r"}, is_covered=False),
    Method("moderations", "moderations", "create", {"input": "x"}, is_covered=False),
    Method("translations", "audio.translations", "create", _TRANSCRIPTION, is_covered=False),
    Method("images edit", "images", "edit", {"image": audio_file, "prompt": "p"}, is_covered=False),
    Method("batches list", "batches", "list", {}, is_covered=False),
)
