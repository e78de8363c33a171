"""Misspelt options and environment variables: one warning each with the most similar name, and never a leak."""

import inspect
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._config import CAPTURE_VARIABLE, PREFIX, read_settings
from opentelemetry.instrumentation.openrouter._mistakes import UnknownName, WrongValue


def _redact(text: str) -> str:
    return text.upper()


@pytest.mark.parametrize(
    ("misspelt", "similar"),
    [
        ("redactor", "'redact'"),
        ("capture_contents", "capture_content"),
        ("dialect", "dialects"),
        ("base_url", "base_urls"),
    ],
)
def test_misspelt_option(caplog: pytest.LogCaptureFixture, misspelt: str, similar: str) -> None:
    """A misspelt option is one warning with the most similar name and the list of all."""
    options: dict[str, Any] = {misspelt: "x"}
    read_settings(**options)
    (record,) = caplog.records
    message = record.getMessage()
    assert f"unknown option {misspelt!r}, did you mean {similar.strip(chr(39))}?" in message
    assert message.endswith(
        "the options are base_urls, capture_content, content_max_length, redact, baggage_keys, metric_attributes, "
        "dialects, budget, settle, broadcast, clients."
    )


def test_no_option_is_similar(caplog: pytest.LogCaptureFixture) -> None:
    """Without a similar name the warning has the list only."""
    options: dict[str, Any] = {"xyzzy": 1}
    read_settings(**options)
    (record,) = caplog.records
    assert record.getMessage().startswith("unknown option 'xyzzy'; the options are ")


@pytest.mark.parametrize("by_variable", [False, True])
def test_misspelt_option_disables_content(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, by_variable: bool
) -> None:
    """Content is not captured beside an unknown option, which may be a misspelt `redact`."""
    options: dict[str, Any] = {"redactor": _redact}
    if by_variable:
        monkeypatch.setenv(CAPTURE_VARIABLE, "span_and_event")
    else:
        options["capture_content"] = "span_only"
    assert read_settings(**options).capture is None
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "content capture is disabled" in caplog.text


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("DIALECT", f", did you mean {PREFIX}DIALECTS?"),
        ("BASE_URL", f", did you mean {PREFIX}BASE_URLS?"),
        ("CAPTURE_CONTENT", f", did you mean {CAPTURE_VARIABLE}?"),
        ("CAPTURE_MESSAGE_CONTENT", f", did you mean {CAPTURE_VARIABLE}?"),
    ],
)
def test_misspelt_variable(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, variable: str, hint: str
) -> None:
    """A misspelt environment variable is one warning; content capture stays as it was chosen."""
    monkeypatch.setenv(PREFIX + variable, "x")
    monkeypatch.setenv(CAPTURE_VARIABLE, "span_only")
    assert read_settings().capture is not None
    (record,) = caplog.records
    assert record.getMessage().startswith(
        f"unknown variable '{PREFIX}{variable}'{hint}; the variables are {PREFIX}BASE_URLS, "
    )
    assert "REDACT" not in record.getMessage()


def test_signature_has_each_option() -> None:
    """`instrument()` has the options of `read_settings` by name, and documents each of them."""
    parameters = inspect.signature(OpenRouterInstrumentor.instrument).parameters
    known = [name for name, option in inspect.signature(read_settings).parameters.items() if option.default is None]
    providers = {"tracer_provider", "meter_provider", "logger_provider"}
    assert set(parameters) == {"self", "kwargs", *providers, *known}
    documented = inspect.getdoc(OpenRouterInstrumentor.instrument) or ""
    assert all(f"\n    {name}: " in documented for name in (*providers, *known))


def test_warnings_are_texts_for_any_handler(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that exports `msg`, as OpenTelemetry's does, must get a text; the mistake is its argument."""
    monkeypatch.setenv(f"{PREFIX}SETTLE", "perhaps")
    read_settings(xyzzy=1)
    assert [type(record.msg) for record in caplog.records] == [str, str]
    assert [type(args[0]) for record in caplog.records if isinstance(args := record.args, tuple)] == [
        UnknownName,
        WrongValue,
    ]
