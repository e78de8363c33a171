"""Base URLs in, OpenRouter or not."""

import pytest
from opentelemetry.instrumentation.openrouter._wire.base_urls import BaseUrls, server_attributes


@pytest.mark.parametrize(
    ("base_url", "server"),
    [
        ("https://openrouter.ai/api/v1", ("openrouter.ai", 443)),
        ("https://OPENROUTER.AI./api/v1/", ("openrouter.ai", 443)),
        ("http://openrouter.ai:8080/api/v1", ("openrouter.ai", 8080)),
        ("http://openrouter.ai", ("openrouter.ai", 80)),
        ("https://eu.openrouter.ai/api/v1", ("eu.openrouter.ai", 443)),
        ("https://user:pass@us.openrouter.ai/api/v1", ("us.openrouter.ai", 443)),
        ("https://openrouter.helicone.ai/api/v1", ("openrouter.helicone.ai", 443)),
        ("https://gateway.ai.cloudflare.com/v1/acct/gw/openrouter", ("gateway.ai.cloudflare.com", 443)),
        ("odd://openrouter.ai/x", ("openrouter.ai", None)),
        ("https://gateway.ai.cloudflare.com/v1/acct/gw/openai", None),
        ("https://gateway.ai.cloudflare.com/v1/acct/gw/not-openrouter", None),
        ("https://api.openai.com/v1", None),
        ("https://openrouter.ai.evil.example/api/v1", None),
        ("https://notopenrouter.ai/api/v1", None),
        ("https://evil.example/openrouter.ai", None),
        ("https://openrouter.ai@evil.example/", None),
        ("https://helicone.ai/openrouter", None),
        ("https://openrouter.ai:port/", None),
        ("no url", None),
        ("", None),
    ],
)
def test_hosts(base_url: str, server: tuple[str, int | None] | None) -> None:
    """Only OpenRouter's hosts and the two gateways that name it; what merely looks alike is not."""
    found = BaseUrls().match(base_url)
    assert (None if found is None else (found["server.address"], found.get("server.port"))) == server


@pytest.mark.parametrize(
    ("base_url", "ours"),
    [
        ("https://llm.example/openrouter/v1", True),
        ("https://llm.example/openrouter", True),
        ("https://llm.example:443/openrouter/", True),
        ("https://llm.example/openrouter-beta", False),
        ("https://llm.example/", False),
        ("http://llm.example/openrouter", False),
        ("https://llm.example:8443/openrouter", False),
        ("http://127.0.0.1:8000/any/path", True),
        ("http://127.0.0.1:8001/any/path", False),
    ],
)
def test_added(base_url: str, ours: bool) -> None:
    """An added URL matches by scheme, host and port, and by path prefix where it has one."""
    endpoints = BaseUrls(["https://llm.example/openrouter/", "http://127.0.0.1:8000"])
    assert (endpoints.match(base_url) is not None) is ours


def test_memory() -> None:
    """A URL object is looked at once, and clients that come and go do not fill the memory."""
    asked = 0

    class Url:
        def __str__(self) -> str:
            nonlocal asked
            asked += 1
            return "https://openrouter.ai/api/v1"

    endpoints, url = BaseUrls(), Url()
    assert endpoints.match(url) == endpoints.match(url) == {"server.address": "openrouter.ai", "server.port": 443}
    assert asked == 1
    for _ in range(1000):
        assert endpoints.match(Url()) is not None
    assert len(endpoints._cache) <= 256


def test_any_server() -> None:
    """The server of a URL that need not be OpenRouter's; of no URL there is none."""
    assert server_attributes("http://127.0.0.1:8080/x") == {"server.address": "127.0.0.1", "server.port": 8080}
    assert server_attributes("nonsense") is None
