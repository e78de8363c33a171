"""The observation of a poll: what makes one, and what its end records."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._telemetry.job_poll import start_poll_at
from opentelemetry.instrumentation.openrouter._telemetry.jobs import JOBS
from opentelemetry.instrumentation.openrouter._telemetry.recorder import Recorder
from opentelemetry.instrumentation.openrouter._wire.jobs import fold_job
from opentelemetry.instrumentation.openrouter._wire.response import ResponseRecord
from opentelemetry.trace import INVALID_SPAN_CONTEXT

from tests.telemetry import Telemetry

BASE_URL: Final = "https://openrouter.ai/api/v1"
ENDED: Final = {"id": "j", "status": "completed", "usage": {"cost": 0.5}}


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    JOBS._recorded.clear()
    JOBS._submissions.clear()
    telemetry = Telemetry()
    telemetry.instrument(clients="requests")
    yield telemetry
    OpenRouterInstrumentor().uninstrument()


def _recorder() -> Recorder:
    (client,) = OpenRouterInstrumentor()._instrumentations
    return client.recorder


def _start(url: str = "/videos/j") -> Any:
    started = start_poll_at(_recorder(), url, BASE_URL, {})
    return None if started is None else started[0]


def test_end_of_a_job(telemetry: Telemetry) -> None:
    """Of two polls that find the end, the first records it; then no poll is observed."""
    polls = [_start(), _start()]
    for poll in polls:
        fold_job(poll.record, ENDED)
        poll.end()
        poll.end()
    span = telemetry.one_span()
    assert (span.name, (span.attributes or {})["gen_ai.usage.cost"], list(span.links)) == ("video_job", 0.5, [])
    assert _start() is None


def test_no_end(telemetry: Telemetry) -> None:
    """A poll has no span, and its context is that of its caller; it has no gaps between chunks either."""
    with telemetry.tracer_provider.get_tracer("caller").start_as_current_span("caller") as span:
        poll = _start()
    assert trace.get_current_span(poll.context) is span
    assert poll.span_context == INVALID_SPAN_CONTEXT
    assert not poll.is_recording
    assert not poll.has_enclosing_span
    poll.response_started()
    poll.timer.chunk_times += [1.0, 2.0, 3.0]
    poll.record_gaps()
    poll.update_enclosing_span()
    fold_job(poll.record, {**ENDED, "status": "in_progress"})
    poll.end_at_last_activity()
    poll.end(ValueError("left"))
    assert [each.name for each in telemetry.raw_spans] == ["caller"]
    assert telemetry.points() == {}


def test_submission_without_a_span(telemetry: Telemetry) -> None:
    """A submission that had no span, as without a tracer provider, is not linked, but its request is known."""
    record = ResponseRecord()
    fold_job(record, {"id": "j", "status": "pending"})
    JOBS.add_submission(record, INVALID_SPAN_CONTEXT, {"gen_ai.request.model": "m"})
    poll = _start()
    fold_job(poll.record, ENDED)
    poll.end()
    assert (telemetry.one_span().name, list(telemetry.one_span().links)) == ("video_job m", [])


def test_no_poll(telemetry: Telemetry) -> None:
    """Other URLs, and a recorder without a provider, observe nothing."""
    assert _start("/videos") is None
    assert _start("/models/j") is None
    assert _start("/batches/j?x=1") is not None
    recorder = _recorder()
    recorder._has_provider = False
    recorder._providers = tuple
    assert _start() is None
