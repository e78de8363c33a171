"""HTTP libraries: which requests go to OpenRouter, and which request bodies are read."""

from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._clients import http_library
from opentelemetry.instrumentation.openrouter._clients.http_library import HTTPLibrary, read_json


@pytest.mark.parametrize("body", [b' {"model": "m"}', '{"model": "m"}', bytearray(b'{"model": "m"}')])
def test_read_json(body: object) -> None:
    """A JSON object is read from bytes and from text, whatever the content type."""
    assert read_json(body) == {"model": "m"}


TOO_DEEP = pytest.param(b'{"a":' * 100_000, id="too deep")


@pytest.mark.parametrize("body", [None, b"", b"model=m", b"{not JSON", b"[1]", iter([b"{}"]), {"model": "m"}, TOO_DEEP])
def test_other_bodies(body: object) -> None:
    """Any other body is not read."""
    assert read_json(body) == {}


@pytest.fixture
def library() -> Any:
    OpenRouterInstrumentor()._instrument(base_urls=["http://gateway.test:8080/llm"], clients="requests")
    (instrumentation,) = OpenRouterInstrumentor()._instrumentations
    yield instrumentation
    OpenRouterInstrumentor()._uninstrument()


@pytest.mark.parametrize(
    ("url", "name", "base_url"),
    [
        ("https://openrouter.ai/api/v1/chat/completions", "chat", "https://openrouter.ai/api/v1"),
        ("https://eu.openrouter.ai/api/v1/completions/", "text_completion", "https://eu.openrouter.ai/api/v1"),
        ("https://openrouter.ai/api/v1/images/generations", "generate_content", "https://openrouter.ai/api/v1"),
        (
            "https://gateway.ai.cloudflare.com/v1/a/b/openrouter/v1/chat/completions",
            "chat",
            "https://gateway.ai.cloudflare.com/v1/a/b/openrouter/v1",
        ),
        ("http://gateway.test:8080/llm/v1/responses", "chat", "http://gateway.test:8080/llm/v1"),
    ],
)
def test_targets(library: HTTPLibrary, url: str, name: str, base_url: str) -> None:
    """OpenRouter's hosts, the gateways and the user's base URLs."""
    for _ in range(2):
        target = library._target("any", url)
        assert target is not None
        assert (target.operation.name, target.base_url) == (name, base_url)
    assert not library.other_hosts


def test_polls(library: HTTPLibrary) -> None:
    """The polls of all jobs share the target of the submission, so that they do not fill the cache."""
    for number in range(3):
        target = library._target("any", f"https://openrouter.ai/api/v1/videos/{number}", "GET")
        assert target is not None
        assert (target.operation.name, target.base_url, target.job) == (
            "video_job",
            "https://openrouter.ai/api/v1",
            str(number),
        )
    assert list(library._targets) == ["https://openrouter.ai/api/v1/videos"]
    assert library._target("any", "https://openrouter.ai/api/v1/embeddings/1", "GET") is None
    assert library._target("any", "https://elsewhere.example/videos/1", "GET") is None
    library.active = False
    assert library._target("any", "https://openrouter.ai/api/v1/videos/1", "GET") is None


@pytest.mark.parametrize(
    ("url", "is_other_host"),
    [
        ("https://api.openai.com/v1/chat/completions", True),
        ("https://gateway.ai.cloudflare.com/v1/a/b/openai/chat/completions", False),
        ("http://gateway.test:8080/other/chat/completions", False),
        ("https://openrouter.ai/api/v1/models", False),
        ("/chat/completions", False),
    ],
)
def test_others(library: HTTPLibrary, url: str, is_other_host: bool) -> None:
    """Other hosts and paths are not OpenRouter; only a host without any target is looked up by itself."""
    assert library._target("host", url) is None
    assert library._target(None, url) is None
    assert library.other_hosts == ({"host"} if is_other_host else set())


def test_caches_are_bounded(library: HTTPLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    """Very many URLs do not fill the memory."""
    monkeypatch.setattr(http_library, "_MAX_CACHED", 4)
    for number in range(20):
        assert library._target(str(number), f"https://host{number}.test/chat/completions") is None
    assert len(library._targets) <= 4
    assert len(library.other_hosts) <= 4
