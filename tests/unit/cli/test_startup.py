"""A process of the program: it is instrumented, and the end of each span is observed."""

import logging
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._cli import environment, startup
from opentelemetry.instrumentation.openrouter._cli.call_file import CallFile
from opentelemetry.instrumentation.openrouter._cli.default_provider import DefaultProvider
from opentelemetry.sdk.trace import ReadableSpan, Span, TracerProvider
from opentelemetry.util._once import Once

SITE: Path = environment._ON_PATH / "sitecustomize.py"
ATTRIBUTES = {"gen_ai.provider.name": "openrouter", "gen_ai.request.model": "m"}


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Span, "end", Span.end)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    if OpenRouterInstrumentor().is_instrumented_by_opentelemetry:
        OpenRouterInstrumentor().uninstrument()


def test_without_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens in a process that no `run` has started."""
    monkeypatch.delenv("_OPENROUTER_RUN_CALLS", raising=False)
    end = Span.end
    startup.start()
    assert Span.end is end
    assert not OpenRouterInstrumentor().is_instrumented_by_opentelemetry


def test_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The calls are left in the file, of whatever provider; other spans are not."""
    path = tmp_path / "calls"
    monkeypatch.setenv("_OPENROUTER_RUN_CALLS", str(path))
    startup.start()
    assert OpenRouterInstrumentor().is_instrumented_by_opentelemetry
    assert isinstance(trace.get_tracer_provider(), DefaultProvider)
    for tracer in (trace.get_tracer("a"), TracerProvider(shutdown_on_exit=False).get_tracer("b")):
        span = tracer.start_span("chat", attributes=ATTRIBUTES)
        span.end()
        span.end()  # which the SDK warns of
        tracer.start_span("other").end()
    assert [call.requested_model for call in CallFile(path).read()] == ["m", "m"]


def test_options_of_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: Any) -> None:
    """The program may call `instrument()`: its options are added, without a warning."""
    monkeypatch.setenv("_OPENROUTER_RUN_CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS", "mlflow")
    caplog.set_level(logging.INFO)
    startup.start()
    OpenRouterInstrumentor().instrument(base_urls=["http://gateway.example"])
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    enabled = [record.getMessage() for record in caplog.records if "instrumentation enabled" in record.getMessage()]
    assert ["Dialects: mlflow." in message for message in enabled] == [True, True]
    assert "gateway.example" in enabled[1]


def test_otlp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a URL each span is exported, too, and metrics are recorded."""
    monkeypatch.setenv("_OPENROUTER_RUN_CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("_OPENROUTER_RUN_OTLP", "http://otlp.example")
    exported: list[ReadableSpan] = []
    urls: list[str] = []

    def export_to(url: str) -> tuple[Callable[[ReadableSpan], None], Any]:
        urls.append(url)
        return exported.append, None

    monkeypatch.setattr("opentelemetry.instrumentation.openrouter._cli.otlp.export_to", export_to)
    startup.start()
    trace.get_tracer("a").start_span("other").end()
    assert [span.name for span in exported] == ["other"]
    assert urls == ["http://otlp.example"]


@pytest.mark.internal_error
def test_lost_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: Any) -> None:
    """A process that outlives `run` has no file. Another failure to write is logged, and the span ends all the same."""
    monkeypatch.setenv("_OPENROUTER_RUN_CALLS", str(tmp_path / "gone" / "calls"))
    startup.start()
    trace.get_tracer("a").start_span("chat", attributes=ATTRIBUTES).end()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    (tmp_path / "gone" / "calls").mkdir(parents=True)
    trace.get_tracer("a").start_span("chat", attributes=ATTRIBUTES).end()
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "failed in" in record.getMessage()


# The default provider.


def test_provider_of_the_program() -> None:
    """The program sets its own provider; from then on it gets the spans, also of tracers that exist."""
    default = DefaultProvider()
    default.install()
    DefaultProvider().install()
    assert trace.get_tracer_provider() is default
    tracer = trace.get_tracer("a")
    with tracer.start_as_current_span("first") as span:
        assert trace.get_current_span() is span
        assert span.is_recording()
    provider = TracerProvider(shutdown_on_exit=False)
    trace.set_tracer_provider(provider)
    assert trace.get_tracer_provider() is provider
    span = tracer.start_span("second")
    assert isinstance(span, Span)
    assert span.resource is provider.resource
    span.end()
    default.shutdown()


# `sitecustomize`.


def test_sitecustomize(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It starts the instrumentation, removes its folder from the path, and runs the module that it hides."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.hidden_was_here = __name__\n")
    monkeypatch.setattr(sys, "hidden_was_here", None, raising=False)
    monkeypatch.setitem(sys.modules, "sitecustomize", None)  # type: ignore[arg-type]
    started: list[int] = []
    monkeypatch.setattr(startup, "start", lambda: started.append(1))
    sys.path[:0] = [str(SITE.parent), str(tmp_path)]
    runpy.run_path(str(SITE), run_name="sitecustomize")
    assert started == [1]
    assert str(SITE.parent) not in sys.path
    assert sys.hidden_was_here == "sitecustomize"  # type: ignore[attr-defined]


def test_sitecustomize_of_another_interpreter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An interpreter without this package, and without another `sitecustomize`, starts as usual."""
    monkeypatch.setitem(sys.modules, startup.__name__, None)  # type: ignore[arg-type]
    sys.path[:] = [str(SITE.parent), str(tmp_path)]
    runpy.run_path(str(SITE), run_name="sitecustomize")
    assert sys.path == [str(tmp_path)]
