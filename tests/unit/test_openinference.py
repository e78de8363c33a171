"""The entry point of `register(auto_instrument=True)`: another class, and the same instrumentation."""

from importlib.metadata import entry_points
from typing import Any

import pytest
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._openinference import RegisteredInstrumentor


def test_entry_point() -> None:
    """`register()` finds the class in the group of OpenInference; it is an instrumentor, and a singleton."""
    (found,) = (each for each in entry_points(group="openinference_instrumentor") if each.name == "openrouter")
    assert found.load() is RegisteredInstrumentor
    assert RegisteredInstrumentor() is RegisteredInstrumentor()
    assert isinstance(RegisteredInstrumentor(), BaseInstrumentor)


def test_same_instrumentation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each method and property is that of the one instrumentor."""
    calls: list[Any] = []
    monkeypatch.setattr(OpenRouterInstrumentor, "instrument_registered", lambda _self, **options: calls.append(options))
    monkeypatch.setattr(OpenRouterInstrumentor, "uninstrument", lambda _self, **_: calls.append("uninstrument"))
    RegisteredInstrumentor().instrument(tracer_provider=1)
    RegisteredInstrumentor().uninstrument()
    assert calls == [{"tracer_provider": 1}, "uninstrument"]
    for registered in (True, False):
        # `instrument()` and `uninstrument()` of other tests leave this on the instance, not on the class.
        monkeypatch.setattr(OpenRouterInstrumentor(), "_is_instrumented_by_opentelemetry", registered)
        assert RegisteredInstrumentor().is_instrumented_by_opentelemetry is registered
    expected = OpenRouterInstrumentor().instrumentation_dependencies()
    assert RegisteredInstrumentor().instrumentation_dependencies() == expected


@pytest.mark.internal_error
def test_an_internal_error_does_not_reach_register(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """`register()` loads all installed instrumentors unasked: an error of this one is logged, and it goes on."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(OpenRouterInstrumentor, "instrument_registered", fail)
    RegisteredInstrumentor().instrument(tracer_provider=1)
    assert "failed in" in caplog.messages[0]
