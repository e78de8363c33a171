"""Options and variables in, settings out: the argument wins, what is wrong is one warning, and nothing raises."""

import logging
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._config import CAPTURE_VARIABLE, PREFIX, read_settings


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
def test_base_urls(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    argument: Any,
    variable: str | None,
    ours: list[str],
    warnings: int,
) -> None:
    """The argument wins over the environment; what is wrong is one warning, and never raises."""
    if variable is not None:
        monkeypatch.setenv(f"{PREFIX}BASE_URLS", variable)
    endpoints = read_settings(base_urls=argument).base_urls
    candidates = ["https://a.example/v1", "https://a.example", "https://b.example", "http://b.example:81/x/v1"]
    assert all(endpoints.match(url) is not None for url in ours)
    if not ours:
        assert not [url for url in candidates if endpoints.match(url) is not None]
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == warnings


def test_defaults() -> None:
    """Nothing is captured, and nothing told that was not asked for."""
    settings = read_settings()
    assert settings.capture is None
    assert settings.baggage_keys == ("user.id", "session.id")
    assert settings.metric_attributes == ()


@pytest.mark.parametrize("option", ["baggage_keys", "metric_attributes"])
@pytest.mark.parametrize(
    ("argument", "variable", "found", "warnings"),
    [
        (["a", " b "], "c", ("a", "b"), 0),
        ("a,b,", None, ("a", "b"), 0),
        (None, "a, b", ("a", "b"), 0),
        ([], "c", (), 0),
        (7, "c", (), 1),
    ],
)
def test_lists(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    option: str,
    argument: Any,
    variable: str | None,
    found: tuple[str, ...],
    warnings: int,
) -> None:
    """A list is a list, or one comma-separated string."""
    if variable is not None:
        monkeypatch.setenv(PREFIX + option.upper(), variable)
    given: dict[str, Any] = {option: argument}
    assert [key for key in getattr(read_settings(**given), option) if key not in ("user.id", "session.id")] == [*found]
    assert len(caplog.records) == warnings


@pytest.mark.parametrize(
    ("limit", "kept", "warnings"),
    [
        (3, "ab…", 0),
        ("3", "ab…", 0),
        (" 3 ", "ab…", 0),
        (0, None, 0),
        (None, "abcdef", 0),
        ("", "abcdef", 0),
        (-1, "abcdef", 1),
        ("many", "abcdef", 1),
        (True, "abcdef", 1),
        (1.5, "abcdef", 1),
    ],
)
def test_content_max_length(caplog: pytest.LogCaptureFixture, limit: Any, kept: str | None, warnings: int) -> None:
    """A number of characters, or all of them."""
    capture = read_settings(capture_content="span_only", content_max_length=limit).capture
    assert capture is not None
    assert capture.filter_text("abcdef") == kept
    assert len(caplog.records) == warnings


def test_a_mode_that_is_none(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once which there are, and nothing is captured."""
    monkeypatch.setenv(CAPTURE_VARIABLE, "spans")
    assert read_settings().capture is None
    (record,) = caplog.records
    assert (
        "capture_content must be one of no_content, span_only, event_only, span_and_event, got 'spans'"
        in record.getMessage()
    )
