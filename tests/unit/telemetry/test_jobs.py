"""The jobs of a process: each is claimed once, and their number is bounded."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
from opentelemetry.instrumentation.openrouter._telemetry import jobs as module
from opentelemetry.instrumentation.openrouter._telemetry.jobs import Jobs
from opentelemetry.instrumentation.openrouter._wire.jobs import fold_job
from opentelemetry.instrumentation.openrouter._wire.response import ResponseRecord
from opentelemetry.trace import SpanContext, TraceFlags

SPAN: Final = SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _job(job: str | None, status: str = "pending") -> ResponseRecord:
    record = ResponseRecord()
    fold_job(record, {"id": job, "status": status})
    return record


def test_a_job_is_claimed_once() -> None:
    """The first claim records the job; its submission is forgotten then."""
    jobs = Jobs()
    jobs.add_submission(_job("a"), SPAN, {"user.id": "u"})
    submission = jobs.submission("a")
    assert submission is not None
    assert submission == (SPAN, {"user.id": "u"})
    assert not jobs.is_recorded("a")
    assert [jobs.claim("a") for _ in range(3)] == [True, False, False]
    assert jobs.is_recorded("a")
    assert jobs.submission("a") is None


def test_submissions_without_an_open_job() -> None:
    """A failed submission has no job; the end of one that has ended at once is recorded by its submission."""
    jobs = Jobs()
    jobs.add_submission(_job(None), SPAN, {})
    assert not jobs._submissions
    jobs.add_submission(_job("a", "completed"), SPAN, {})
    assert jobs.submission("a") is None
    assert not jobs.claim("a")


def test_the_number_of_jobs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The jobs that were used least recently are forgotten."""
    monkeypatch.setattr(module, "_MAX_JOBS", 3)
    jobs = Jobs()
    for job in "abcadaea":
        jobs.claim(job)
        jobs.add_submission(_job(job * 2), SPAN, {})
    assert list(jobs._recorded) == ["d", "e", "a"]
    assert list(jobs._submissions) == ["dd", "ee", "aa"]


def test_concurrent_claims() -> None:
    """Of many threads one claims a job."""
    jobs, barrier = Jobs(), threading.Barrier(8)

    def claim(_: int) -> int:
        barrier.wait()
        return sum(jobs.claim(str(number)) for number in range(500))

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(claim, range(8))) == 500


def test_after_a_fork() -> None:
    """A lock that another thread of the parent has acquired does not block the child, which knows the jobs."""
    jobs = Jobs()
    jobs.claim("a")
    jobs._lock.acquire()
    jobs.reset_after_fork()
    assert not jobs.claim("a")
    assert jobs.claim("b")
