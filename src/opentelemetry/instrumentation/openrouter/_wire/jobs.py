"""Jobs, whose result is polled: videos and batches. Their submission and each poll have the same object.

Wire: https://openrouter.ai/docs/api/api-reference/video-generation/get-videos and batch/get-a-batch there; `openrouter`
1.3.84, components/videogenerationresponse.py, videogenerationusage.py and batchobject.py.
"""

from typing import Final

from .. import attributes as names
from .errors import EMPTY_RESPONSE, error_from_body
from .fields import Table, count, mapping, printable, read
from .response import ResponseRecord, fold_identity, fold_usage

_FAILED: Final = {"failed": "job_failed", "cancelled": "job_cancelled", "expired": "job_expired"}
"""Status -> `error.type`, if the job's error has none."""
_ENDED: Final = frozenset({"completed", *_FAILED})


def fold_job(record: ResponseRecord, body: object) -> None:
    """Fold a job: the response to its submission, or to a poll."""
    fields = mapping(body)
    read(fields, _JOB, record.attributes)
    # The job's own id is not that of a generation; a video has both.
    fold_identity(record, {**fields, "id": fields.get("generation_id")})
    fold_usage(record, fields.get("usage"))
    error, status = fields.get("error"), record.attributes.get(names.OPENROUTER_JOB_STATUS)
    default = _FAILED.get(str(status))
    if error is not None or default is not None:
        record.error = error_from_body(error, default=default or "unmapped")
    elif names.OPENROUTER_JOB_ID not in record.attributes:
        record.error = record.error or EMPTY_RESPONSE


def job_id(record: ResponseRecord) -> str | None:
    """Return the id of the job, if the response has one."""
    found = record.attributes.get(names.OPENROUTER_JOB_ID)
    return found if isinstance(found, str) else None


def has_ended(record: ResponseRecord) -> bool:
    """Whether the response states that the job has ended."""
    return record.attributes.get(names.OPENROUTER_JOB_STATUS) in _ENDED


_JOB: Final[Table] = {
    "id": (names.OPENROUTER_JOB_ID, printable),
    "status": (names.OPENROUTER_JOB_STATUS, printable),
    "request_counts": {  # of a batch
        "total": (names.OPENROUTER_JOB_REQUESTS_TOTAL, count),
        "completed": (names.OPENROUTER_JOB_REQUESTS_COMPLETED, count),
        "failed": (names.OPENROUTER_JOB_REQUESTS_FAILED, count),
    },
}
