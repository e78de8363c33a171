"""Options and environment variables in, settings out: an argument wins, an invalid value logs one warning, nothing raises."""

import logging
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._clients import INSTRUMENTATIONS
from opentelemetry.instrumentation.openrouter._config import CAPTURE_VARIABLE, CLIENTS, PREFIX, read_settings
from opentelemetry.instrumentation.openrouter._guard import logger


@pytest.mark.parametrize(
    ("argument", "variable", "matched", "warnings"),
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
    matched: list[str],
    warnings: int,
) -> None:
    """The argument wins over the environment; an invalid URL logs one warning and is ignored."""
    if variable is not None:
        monkeypatch.setenv(f"{PREFIX}BASE_URLS", variable)
    base_urls = read_settings(base_urls=argument).base_urls
    candidates = ["https://a.example/v1", "https://a.example", "https://b.example", "http://b.example:81/x/v1"]
    assert all(base_urls.match(url) is not None for url in matched)
    if not matched:
        assert not [url for url in candidates if base_urls.match(url) is not None]
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == warnings


@pytest.mark.parametrize(
    ("argument", "variable", "expected"),
    [
        (None, None, {"llm.cost.total"}),
        (None, "", set[str]()),
        (None, "logfire", {"operation.cost"}),
        ("", None, set[str]()),
        ([], None, set[str]()),
        (["logfire"], "phoenix", {"operation.cost"}),
    ],
)
def test_default_dialects(
    monkeypatch: pytest.MonkeyPatch, argument: Any, variable: str | None, expected: set[str]
) -> None:
    """Default dialects apply unless the argument or the variable selects others, or none."""
    if variable is not None:
        monkeypatch.setenv(f"{PREFIX}DIALECTS", variable)
    dialect = read_settings(("phoenix", "arize"), dialects=argument).dialect
    assert dialect.keys() & {"llm.cost.total", "operation.cost"} == expected


def test_defaults() -> None:
    """Without options no content is captured, and only the two default baggage keys are copied."""
    settings = read_settings()
    assert settings.capture is None
    assert settings.baggage_keys == ("user.id", "session.id")
    assert settings.metric_attributes == ()


@pytest.mark.parametrize("option", ["baggage_keys", "metric_attributes"])
@pytest.mark.parametrize(
    ("argument", "variable", "expected", "warnings"),
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
    expected: tuple[str, ...],
    warnings: int,
) -> None:
    """A list option is a list of strings or one comma-separated string."""
    if variable is not None:
        monkeypatch.setenv(PREFIX + option.upper(), variable)
    given: dict[str, Any] = {option: argument}
    assert [key for key in getattr(read_settings(**given), option) if key not in ("user.id", "session.id")] == [
        *expected
    ]
    assert len(caplog.records) == warnings


@pytest.mark.parametrize(
    ("limit", "filtered", "warnings"),
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
def test_content_max_length(caplog: pytest.LogCaptureFixture, limit: Any, filtered: str | None, warnings: int) -> None:
    """The limit is a non-negative integer or unset; an invalid limit logs one warning and does not truncate."""
    capture = read_settings(capture_content="span_only", content_max_length=limit).capture
    assert capture is not None
    assert capture.filter_text("abcdef") == filtered
    assert len(caplog.records) == warnings


def test_unknown_capture_mode(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """An unknown capture mode logs one warning with the valid modes, and no content is captured."""
    monkeypatch.setenv(CAPTURE_VARIABLE, "spans")
    assert read_settings().capture is None
    (record,) = caplog.records
    assert (
        "capture_content must be one of no_content, span_only, event_only, span_and_event, got 'spans'"
        in record.getMessage()
    )


@pytest.mark.parametrize(
    ("value", "mode", "warnings"), [("", "off", 0), (" Link", "link", 0), ("JOIN", "join", 0), ("both", "off", 1)]
)
def test_broadcast(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str, mode: str, warnings: int
) -> None:
    """The mode comes from the argument or the variable; an unknown mode logs one warning."""
    monkeypatch.setenv(f"{PREFIX}BROADCAST", value)
    assert read_settings().broadcast == mode
    assert read_settings(broadcast="off").broadcast == "off"
    assert len(caplog.records) == warnings


@pytest.mark.parametrize(
    ("value", "enabled", "warnings"),
    [("true", True, 0), (" 1", True, 0), ("False", False, 0), ("", False, 0), ("yes!", False, 1)],
)
def test_budget(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str, enabled: bool, warnings: int
) -> None:
    """The option is a boolean, from the argument or the variable; another value logs one warning."""
    monkeypatch.setenv(f"{PREFIX}BUDGET", value)
    assert read_settings().budget is enabled
    assert read_settings(budget=True).budget is True
    assert read_settings(budget=False).budget is False
    assert len(caplog.records) == warnings


@pytest.mark.parametrize(
    ("argument", "variable", "expected", "warnings"),
    [
        (None, None, set(CLIENTS), 0),
        (None, "", set(CLIENTS), 0),
        (None, " HTTPX ,requests", {"httpx", "requests"}, 0),
        (["openai"], "requests", {"openai"}, 0),
        ("openai, urllib", None, {"openai"}, 1),
        (["urllib"], None, set(CLIENTS), 1),
    ],
)
def test_clients(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    argument: Any,
    variable: str | None,
    expected: set[str],
    warnings: int,
) -> None:
    """All clients by default; one that does not exist logs one warning."""
    if variable is not None:
        monkeypatch.setenv(f"{PREFIX}CLIENTS", variable)
    assert read_settings(clients=argument).clients == expected
    assert len(caplog.records) == warnings


def test_each_client_can_be_chosen() -> None:
    """The option has the name of each client that is instrumented."""
    assert INSTRUMENTATIONS.keys() <= set(CLIENTS)


# What YAML gives in place of a string: declarative configuration passes it on as it is.


@pytest.mark.parametrize("option", ["base_urls", "baggage_keys", "metric_attributes", "dialects"])
@pytest.mark.parametrize(
    ("value", "types"),
    [
        (True, "bool"),
        (7, "int"),
        (1.5, "float"),
        ({"https://user:secret@a.example": None}, "dict"),
        ([None], "NoneType"),
        ([True, 7], "bool, int"),
        ([["a"], {"b": 1}], "list, dict"),
    ],
)
def test_lists_of_other_types(caplog: pytest.LogCaptureFixture, option: str, value: Any, types: str) -> None:
    """Anything but a string in a list, or but a list, is one warning with its type, and is ignored."""
    given: dict[str, Any] = {option: value}
    settings, defaults = read_settings(**given), read_settings()
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{option} must be a list of strings, got {types}")
    assert (settings.base_urls.hosts, settings.baggage_keys, settings.metric_attributes, settings.dialects) == (
        defaults.base_urls.hosts,
        defaults.baggage_keys,
        defaults.metric_attributes,
        defaults.dialects,
    )


def test_list_keeps_its_strings(caplog: pytest.LogCaptureFixture) -> None:
    """The strings of a list apply beside an entry of another type, as do objects that convert to a string."""

    class Url:
        def __str__(self) -> str:
            return "https://a.example"

    urls: Any = [Url(), None, "https://b.example"]
    assert read_settings(base_urls=urls).base_urls.hosts[-2:] == ("a.example:443", "b.example:443")
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("option", "value", "warnings"),
    [
        ("broadcast", False, 0),
        ("broadcast", True, 1),
        ("broadcast", 0, 1),
        ("broadcast", ["link"], 1),
        ("settle", 2, 1),
        ("settle", [True], 1),
        ("budget", "on", 1),
        ("capture_content", False, 0),
        ("capture_content", 1, 1),
        ("capture_content", ["span_only"], 1),
        ("content_max_length", [5], 1),
    ],
)
def test_other_types(caplog: pytest.LogCaptureFixture, option: str, value: Any, warnings: int) -> None:
    """A value of a wrong type is one warning, and the option is off; YAML reads `off` as false."""
    given: dict[str, Any] = {option: value}
    settings = read_settings(**given)
    assert (settings.broadcast, settings.settle, settings.budget, settings.capture) == ("off", False, False, None)
    assert len(caplog.records) == warnings


def test_null_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """None leaves the option to its environment variable."""
    monkeypatch.setenv(f"{PREFIX}SETTLE", "true")
    assert read_settings(settle=None).settle is True


@pytest.mark.parametrize("url", ["user:secret@a.example/v1", "https://user:secret@a.example:port?key=secret"])
def test_invalid_url_without_its_secrets(caplog: pytest.LogCaptureFixture, url: str) -> None:
    """The warning of an invalid base URL contains neither credentials nor a query."""
    read_settings(base_urls=[url])
    (record,) = caplog.records
    assert "a.example" in record.getMessage()
    assert "secret" not in record.getMessage()


# The lines for hosts that are not OpenRouter's.


def test_other_hosts_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Each other host is one line at DEBUG, and the number of hosts is limited."""
    base_urls = read_settings().base_urls
    for number in range(100):
        base_urls.match(f"https://host-{number}.example/a")
        base_urls.match(f"https://host-{number}.example/b")
    assert caplog.messages[0] == (
        "calls to host-0.example:443 are not instrumented; add its base URL to base_urls if it is your gateway to "
        "OpenRouter."
    )
    assert [record.levelname for record in caplog.records] == ["DEBUG"] * 32
    assert len(set(caplog.messages)) == 32


def test_other_hosts_without_debug(caplog: pytest.LogCaptureFixture) -> None:
    """Without DEBUG nothing is logged or remembered."""
    base_urls = read_settings().base_urls
    caplog.set_level(logging.INFO, logger=logger.name)
    base_urls.match("https://a.example")
    caplog.set_level(logging.DEBUG, logger=logger.name)
    assert not caplog.messages
    base_urls.match("https://a.example/v2")
    assert len(caplog.messages) == 1
