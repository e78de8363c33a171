"""Base URLs in, OpenRouter's server or None out."""

import pytest
from opentelemetry.instrumentation.openrouter._wire.base_urls import BaseUrls, server_attributes, without_secrets


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
    """Only OpenRouter's hosts and its two known gateways match; look-alike hosts do not."""
    matched = BaseUrls().match(base_url)
    assert (None if matched is None else (matched["server.address"], matched.get("server.port"))) == server


@pytest.mark.parametrize(
    ("base_url", "matches"),
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
def test_user_urls(base_url: str, matches: bool) -> None:
    """A URL that the user adds matches by scheme, host and port, and by path prefix if it has a path."""
    base_urls = BaseUrls(["https://llm.example/openrouter/", "http://127.0.0.1:8000"])
    assert (base_urls.match(base_url) is not None) is matches


def test_cache() -> None:
    """A URL object is converted to text once, and the cache of many short-lived clients stays bounded."""
    conversions = 0

    class Url:
        def __str__(self) -> str:
            nonlocal conversions
            conversions += 1
            return "https://openrouter.ai/api/v1"

    base_urls, url = BaseUrls(), Url()
    assert base_urls.match(url) == base_urls.match(url) == {"server.address": "openrouter.ai", "server.port": 443}
    assert conversions == 1
    for _ in range(1000):
        assert base_urls.match(Url()) is not None
    assert len(base_urls._cache) <= 256


def test_server_attributes() -> None:
    """Any URL gives the attributes of its server; a text that is not a URL gives None."""
    assert server_attributes("http://127.0.0.1:8080/x") == {"server.address": "127.0.0.1", "server.port": 8080}
    assert server_attributes("nonsense") is None


@pytest.mark.parametrize(
    ("url", "is_other"),
    [
        ("https://api.example/v1", True),
        ("https://openrouter.ai/x", False),
        ("https://eu.openrouter.ai/x", False),
        ("https://gateway.ai.cloudflare.com/v1/other", False),
        ("http://own.test:1/other", False),
        ("no URL", False),
    ],
)
def test_other_hosts(url: str, is_other: bool) -> None:
    """A host with any URL that is OpenRouter is not another one."""
    assert BaseUrls(["https://own.test/v1"]).is_other_host(url) is is_other


def test_hosts_for_the_log() -> None:
    """The hosts are OpenRouter's, the gateways and each host of the user once, without credentials, path and query."""
    urls = BaseUrls(["https://user:secret@a.example/path?key=secret", "https://a.example/other", "http://b.example:81"])
    assert urls.hosts == (
        "openrouter.ai",
        "*.openrouter.ai",
        "openrouter.helicone.ai",
        "gateway.ai.cloudflare.com (/openrouter)",
        "a.example:443",
        "b.example:81",
    )


def test_other_hosts_are_reported() -> None:
    """A URL of another host is reported when it is matched the first time, without credentials, path and query."""
    reported: list[str] = []
    urls = BaseUrls(["https://a.example/x"], reported.append)
    for url in (
        "https://openrouter.ai/api/v1",
        "https://a.example/x/v1",
        other := "https://user:secret@b.example/v1?key=secret",
        other,
        "odd://c.example",
        "no url",
        "https://a.example/y",
    ):
        urls.match(url)
    assert reported == ["b.example:443", "c.example", "a.example:443"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("gw.example/v1", "gw.example/v1"),
        ("user:secret@gw.example/v1", "gw.example/v1"),
        ("https://user:secret@gw.example:port/v1?key=secret", "https://gw.example:port/v1"),
        ("https://user:sec?ret@gw.example", "https://gw.example"),
        ("https://gw.example#secret", "https://gw.example"),
        ("gw.example?key=secret&next=https://x.example", "gw.example"),
        ("gw.example?key=secret&mail=a@x.example", "x.example"),
        ("", ""),
    ],
)
def test_without_secrets(url: str, shown: str) -> None:
    """Credentials and query are removed, also from a string that is no URL."""
    assert without_secrets(url) == shown
