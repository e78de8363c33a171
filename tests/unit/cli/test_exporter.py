"""The exporter: it prints once, at its end, what its own process has exported."""

import os
import sys
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._cli.exporter import TableExporter
from opentelemetry.sdk.trace import ReadableSpan


def _span(**attributes: Any) -> ReadableSpan:
    return ReadableSpan("chat", attributes={"gen_ai.provider.name": "openrouter", **attributes})


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    exporter = TableExporter()
    exporter.export([_span(**{"gen_ai.request.model": "a"}), ReadableSpan("other")])
    assert exporter.force_flush()
    exporter.shutdown()
    exporter.shutdown()
    exporter.export([_span()])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("asked") == 1
    assert captured.err.count("\na ") == 2


def test_fork(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A fork prints the calls that it has made itself, if any."""
    exporter = TableExporter()
    exporter.export([_span(**{"gen_ai.request.model": "parent"})])
    monkeypatch.setattr(os, "getpid", lambda: 1)
    silent = TableExporter.__new__(TableExporter)
    silent.__dict__.update(exporter.__dict__)
    silent.shutdown()
    assert capsys.readouterr().err == ""
    exporter.export([_span(**{"gen_ai.request.model": "child"})])
    exporter.shutdown()
    err = capsys.readouterr().err
    assert "child" in err
    assert "parent" not in err


def test_closed_standard_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    TableExporter().shutdown()
    assert capsys.readouterr().out == ""


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    exporter = TableExporter()
    monkeypatch.setitem(sys.modules, "rich.table", None)
    exporter.shutdown()
    assert "[cli]" in capsys.readouterr().err
