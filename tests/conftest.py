"""Fixtures of all tests: a test fails if our own code raised an internal error."""

import logging
import signal
from collections.abc import Iterator

import pytest
from opentelemetry.instrumentation.openrouter import _guard

# A shell that starts the tests in the background, or nohup, has these ignored. Programs under test would inherit that.
for _number, _default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _default)


@pytest.fixture(autouse=True)
def no_internal_error(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test during which the guard reported an error, unless the test is marked `internal_error`."""
    _guard._reported.clear()
    caplog.set_level(logging.DEBUG, logger=_guard.logger.name)
    yield
    if request.node.get_closest_marker("internal_error") is None:
        own_records = [record for record in caplog.get_records("call") if record.name == _guard.logger.name]
        assert not [record.getMessage() for record in own_records if "failed in" in record.getMessage()]
