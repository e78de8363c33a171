"""The jobs of this process: which were submitted here, and which ended ones have been recorded.

Both outlive `uninstrument()`, so that a job that is polled again after it is not recorded twice.
"""

import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeVar

from opentelemetry.trace import SpanContext

from .._wire.fields import Attributes
from .._wire.jobs import has_ended, job_id
from .._wire.response import ResponseRecord

_MAX_JOBS: Final = 4096
_Value = TypeVar("_Value")


class Submission(NamedTuple):
    """A job that was submitted in this process."""

    span: SpanContext
    request: Mapping[str, Any]
    """The attributes of the request: model, user, session and others, for which the job is paid."""


class Jobs:
    """Submitted jobs, and the ids of ended ones; of each the 4,096 latest."""

    def __init__(self) -> None:
        self._submissions: OrderedDict[str, Submission] = OrderedDict()
        self._recorded: OrderedDict[str, None] = OrderedDict()
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Replace the lock, which another thread of the parent may have acquired."""
        self._lock = threading.Lock()

    def add_submission(self, record: ResponseRecord, span: SpanContext, request: Attributes) -> None:
        """Add the job that a submission has started. One that has ended already is recorded by its submission."""
        job = job_id(record)
        if job is None:
            return
        if has_ended(record):
            self.claim(job)
            return
        with self._lock:
            _add(self._submissions, job, Submission(span, request))

    def submission(self, job: str) -> Submission | None:
        """Return the submission of a job, if it was made in this process."""
        return self._submissions.get(job)

    def is_recorded(self, job: str) -> bool:
        """Whether the end of a job has been recorded."""
        return job in self._recorded

    def claim(self, job: str) -> bool:
        """Return whether the caller is the first for this job, and so the one that records its end."""
        with self._lock:
            is_first = job not in self._recorded
            _add(self._recorded, job, None)
            self._submissions.pop(job, None)
        return is_first


def _add(jobs: "OrderedDict[str, _Value]", job: str, value: _Value) -> None:
    jobs[job] = value
    jobs.move_to_end(job)
    if len(jobs) > _MAX_JOBS:
        jobs.popitem(last=False)


JOBS: Final = Jobs()

if sys.platform != "win32":  # pragma: no branch
    os.register_at_fork(after_in_child=JOBS.reset_after_fork)
