"""A poll of a job: a call without a span, unless its response is the first that states that the job has ended.

Then the span of the job's end starts with the poll, and has the usage of the job.
"""

from functools import partial
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN

from .._operations import Operation, job_at
from .._wire.fields import EMPTY, Attributes
from .._wire.jobs import has_ended
from .call import Call
from .call_start import start_call
from .jobs import JOBS, Submission
from .own_span import OwnSpan
from .recorder import Recorder


def start_poll(recorder: Recorder, operation: Operation, server: Attributes, job: str) -> Call | None:
    """Start the observation of a poll; None if its job is recorded, or where nothing is recorded.

    Args:
        recorder: records the end of the job.
        operation: the operation of the poll.
        server: `server.address` and `server.port`.
        job: the id of the job, from the URL.
    """
    if JOBS.is_recorded(job) or not recorder.has_effect():
        return None
    context = recorder.call_contexts.current(operation.name)
    if context is None:
        return None
    submission = JOBS.submission(job)
    request = {} if submission is None else dict(submission.request)
    create = partial(JobPoll, job, submission)
    # No other instrumentation traces a poll, so a span around it is not that of the job.
    return start_call(recorder, operation, server, request, EMPTY, context._replace(enclosing=None), create=create)


def start_poll_at(recorder: Recorder, url: str, base_url: object, server: Attributes) -> tuple[Call, Operation] | None:
    """Start the observation of a GET request, as `start_poll`; None also if it polls no job.

    Args:
        recorder: records the end of the job.
        url: the URL of the request: relative to *base_url*, or absolute.
        base_url: the base URL of the client.
        server: `server.address` and `server.port`.
    """
    found = job_at(url, base_url)
    call = None if found is None else start_poll(recorder, found[0], server, found[1])
    return None if found is None or call is None else (call, found[0])


class JobPoll(Call):
    """One poll."""

    __slots__ = ("_job", "_submission")

    def __init__(self, job: str, submission: Submission | None, *args: Any) -> None:
        super().__init__(*args)
        self._job, self._submission = job, submission

    def _start_own_span(self) -> OwnSpan:
        return _NoSpan(self._parent)

    def record_gaps(self) -> None:
        """A poll is not a stream, whatever its response is."""

    def end(self, error: BaseException | None = None, *, abandoned: bool = False, at: float | None = None) -> None:  # noqa: ARG002 - a failed poll is not a failed job
        """Record the job if it has ended, and if no other poll has recorded it."""
        if self.ended or not has_ended(self.record) or not JOBS.claim(self._job):
            self.ended = True
            return
        self._target = super()._start_own_span()
        if self._submission is not None and self._submission.span.is_valid:
            self._target.span.add_link(self._submission.span)
        super().end(at=at)


class _NoSpan(OwnSpan):
    """No span: the context of the poll is that of its caller."""

    __slots__ = ()

    def __init__(self, context: Context) -> None:
        self.span, self.context = INVALID_SPAN, context
        self._start_attributes, self._end_attributes = {}, EMPTY
