"""The functions for notebooks: a cell may run again, and the provider and the instrumentation may be the program's."""

import builtins
import logging
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor, notebook
from opentelemetry.instrumentation.openrouter.notebook import record_costs, show_costs
from opentelemetry.sdk.trace import Span, TracerProvider
from opentelemetry.util._once import Once


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Span, "end", Span.end)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    notebook._recorded.cache_clear()
    yield
    notebook._recorded.cache_clear()
    if OpenRouterInstrumentor().is_instrumented_by_opentelemetry:
        OpenRouterInstrumentor().uninstrument()


def _call(cost: float, provider: trace.TracerProvider | None = None) -> None:
    attributes = {"gen_ai.provider.name": "openrouter", "gen_ai.request.model": "m", "gen_ai.usage.cost": cost}
    trace.get_tracer("tracer", tracer_provider=provider).start_span("chat", attributes=attributes).end()


def test_repeated_cell(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """Each call is counted once, of the default provider and of the one that the program sets; nothing is logged."""
    for cost in (0.1, 0.2):
        record_costs()
        assert OpenRouterInstrumentor().is_instrumented_by_opentelemetry
        _call(cost)
        trace.get_tracer("tracer").start_span("other").end()
    trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
    record_costs()
    _call(0.00014)
    for _ in range(2):  # the calls remain
        show_costs()
        printed = capsys.readouterr()
        assert printed.out.count("\nm ") == 4  # three calls, and the group of the model
        assert printed.out.splitlines()[-1].split() == ["all", "3", "0", "0", "0", "0.30014"]
        assert not printed.err
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_instrumentation_of_the_program(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """An instrumentation that is enabled keeps its options; without a provider one is set."""
    caplog.set_level(logging.INFO)
    OpenRouterInstrumentor().instrument(dialects=["phoenix"])
    caplog.clear()
    record_costs()
    assert not caplog.records
    _call(0.5)
    show_costs()
    assert " 0.5 " in capsys.readouterr().out


def test_enabled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """`record_costs()` enables the instrumentation again; the dialects are those of the variable."""
    record_costs()
    OpenRouterInstrumentor().uninstrument()
    monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS", "mlflow")
    record_costs()
    assert OpenRouterInstrumentor().is_instrumented_by_opentelemetry


def test_show_before_record() -> None:
    with pytest.raises(RuntimeError, match=r"record_costs\(\)"):
        show_costs()


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the command to install it; nothing is patched."""
    end = Span.end
    monkeypatch.setitem(sys.modules, "rich.table", None)
    with pytest.raises(ImportError, match=r"pip install .*\[cli\]"):
        record_costs()
    assert Span.end is end
    assert not OpenRouterInstrumentor().is_instrumented_by_opentelemetry


def test_tables_are_displayed_in_a_kernel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a kernel rich displays the tables, as wide as they are, and prints none of them."""
    shown: list[str] = []
    monkeypatch.setattr("rich.jupyter.display", lambda _segments, text: shown.append(text))
    shell: Any = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(builtins, "get_ipython", lambda: shell, raising=False)
    record_costs()
    _call(0.1)
    show_costs()
    assert [re.findall(r"\w+", table.replace("\x1b[1m", ""))[0] for table in shown] == ["asked", "by"]
    assert " 0.1 " in shown[0]
    assert len(shown[0].splitlines()) == 3  # no line is broken
    assert not capsys.readouterr().out.strip()
