"""What is missing is named, with the command that installs it."""

import sys

import pytest
from opentelemetry.instrumentation.openrouter._cli.extra import missing_extra


def test_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_extra() is None
    monkeypatch.setitem(sys.modules, "rich.table", None)
    message = missing_extra()
    assert message is not None
    assert "rich.table" in message
    assert "pip install 'opentelemetry-instrumentation-openrouter[cli]'" in message
    assert "\n" not in message
    assert "no module no.such" in (missing_extra(["no.such"]) or "")
