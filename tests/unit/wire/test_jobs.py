"""Jobs in, attributes out."""

import math
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._wire.jobs import fold_job, has_ended, job_id
from opentelemetry.instrumentation.openrouter._wire.response import ResponseRecord, response_attributes


def _folded(body: object) -> ResponseRecord:
    record = ResponseRecord()
    fold_job(record, body)
    return record


def test_video() -> None:
    """The id of the job is not the id of the generation, which a video has when it has ended."""
    record = _folded({"id": "gen-vid-1", "status": "pending", "polling_url": "/api/v1/videos/gen-vid-1"})
    assert response_attributes(record) == {"openrouter.job.id": "gen-vid-1", "openrouter.job.status": "pending"}
    assert (job_id(record), has_ended(record), record.error) == ("gen-vid-1", False, None)
    usage = {"cost": 0.1, "is_byok": True}
    record = _folded({"id": "gen-vid-1", "status": "completed", "generation_id": "gen-1", "usage": usage})
    assert response_attributes(record) == {
        "openrouter.job.id": "gen-vid-1",
        "openrouter.job.status": "completed",
        "gen_ai.response.id": "gen-1",
        "openrouter.usage.cost": 0.1,
        "openrouter.usage.is_byok": True,
        "gen_ai.usage.cost": 0.1,
    }
    assert has_ended(record)


def test_batch() -> None:
    """A batch has its model, its upstream provider, the number of its requests, and the usage of all."""
    counts = {"total": 3, "completed": 2, "failed": 1}
    body: dict[str, Any] = {"id": "b-1", "status": "completed", "model": "m", "provider": "OpenAI"}
    body |= {"request_counts": counts, "error": None, "generation_id": None}
    body["usage"] = {"prompt_tokens": 4, "completion_tokens": 5, "cost": 0.25}
    assert response_attributes(_folded(body)) == {
        "openrouter.job.id": "b-1",
        "openrouter.job.status": "completed",
        "openrouter.job.requests.total": 3,
        "openrouter.job.requests.completed": 2,
        "openrouter.job.requests.failed": 1,
        "gen_ai.response.model": "m",
        "openrouter.provider.name": "OpenAI",
        "gen_ai.usage.input_tokens": 4,
        "gen_ai.usage.output_tokens": 5,
        "openrouter.usage.cost": 0.25,
        "gen_ai.usage.cost": 0.25,
    }


@pytest.mark.parametrize(
    ("body", "error_type", "message"),
    [
        ({"id": "j", "status": "failed"}, "job_failed", None),
        ({"id": "j", "status": "failed", "error": "No GPU"}, "job_failed", "No GPU"),
        ({"id": "j", "status": "failed", "error": {"message": "No GPU"}}, "job_failed", "No GPU"),
        ({"id": "j", "status": "failed", "error": {"code": 502}}, "provider_unavailable", None),
        ({"id": "j", "status": "cancelled", "error": None}, "job_cancelled", None),
        ({"id": "j", "status": "expired"}, "job_expired", None),
        ({"error": {"code": 429, "message": "Slow down"}}, "rate_limit_exceeded", "Slow down"),
        ({"error": "Slow down"}, "unmapped", "Slow down"),
        ({}, "empty_response", None),
        ({"id": None, "status": "pending"}, "empty_response", None),
    ],
)
def test_errors(body: object, error_type: str, message: str | None) -> None:
    """A job that ended without a result is an error, and so is a response without a job."""
    record = _folded(body)
    assert record.error is not None
    assert (record.error.type, record.error.message) == (error_type, message)


@pytest.mark.parametrize(
    "body",
    [
        None,
        "text",
        [],
        {"id": 3, "status": ["completed"], "request_counts": 3, "usage": "free", "error": None},
        {"id": "", "status": {}, "request_counts": {"total": -1, "failed": math.nan}, "usage": []},
    ],
)
def test_any_json(body: object) -> None:
    """Values of other types are absent, and never the end of a job."""
    record = _folded(body)
    assert response_attributes(record) == {}
    assert (job_id(record), has_ended(record)) == (None, False)


@pytest.mark.parametrize("status", ["validating", "queued", "in_progress", "finalizing", "cancelling", "new"])
def test_not_ended(status: str) -> None:
    """Any other status is not an end."""
    assert not has_ended(_folded({"id": "j", "status": status}))
