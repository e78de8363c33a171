"""Base URLs in, OpenRouter or not."""

import logging
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._endpoints import Endpoints
from opentelemetry.instrumentation.openrouter._settings import BASE_URLS_VARIABLE, read_settings


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
    found = Endpoints().of(base_url)
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
    endpoints = Endpoints(["https://llm.example/openrouter/", "http://127.0.0.1:8000"])
    assert (endpoints.of(base_url) is not None) is ours


def test_memory() -> None:
    """A URL object is looked at once, and clients that come and go do not fill the memory."""
    asked = 0

    class Url:
        def __str__(self) -> str:
            nonlocal asked
            asked += 1
            return "https://openrouter.ai/api/v1"

    endpoints, url = Endpoints(), Url()
    assert endpoints.of(url) == endpoints.of(url) == {"server.address": "openrouter.ai", "server.port": 443}
    assert asked == 1
    for _ in range(1000):
        assert endpoints.of(Url()) is not None
    assert len(endpoints._remembered) <= 256


@pytest.mark.parametrize(
    ("argument", "variable", "ours", "warnings"),
    [
        (None, None, [], 0),
        (None, "https://a.example, http://b.example:81/x ,", ["https://a.example/v1", "http://b.example:81/x/v1"], 0),
        (["https://a.example"], "https://b.example", ["https://a.example"], 0),
        ("https://a.example,https://b.example", None, ["https://a.example", "https://b.example"], 0),
        ([], "https://b.example", [], 0),
        (["a.example", "https://b.example"], None, ["https://b.example"], 1),
        (["https://a.example:port"], None, [], 1),
        (7, None, [], 1),
    ],
)
def test_setting(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    argument: Any,
    variable: str | None,
    ours: list[str],
    warnings: int,
) -> None:
    """The argument wins over the environment; what is wrong is one warning, and never raises."""
    if variable is not None:
        monkeypatch.setenv(BASE_URLS_VARIABLE, variable)
    endpoints = read_settings(base_urls=argument).endpoints
    candidates = ["https://a.example/v1", "https://a.example", "https://b.example", "http://b.example:81/x/v1"]
    assert all(endpoints.of(url) is not None for url in ours)
    if not ours:
        assert not [url for url in candidates if endpoints.of(url) is not None]
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == warnings
