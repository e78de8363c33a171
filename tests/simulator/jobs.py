"""Videos and batches: the submission of a job, and its polls.

https://openrouter.ai/docs/api/api-reference/video-generation/get-videos and batch/get-a-batch there; `openrouter`
1.3.84, components/videogenerationresponse.py and batchobject.py. The first poll finds the job in progress, the others
find it ended: with the status that the scenario `job_<status>` names, in any other scenario completed.
"""

from collections.abc import Mapping
from typing import Any, Final

from .canned_reply import JSON, CannedReply, Reply, as_bytes, usage

VIDEO_ID: Final = "gen-vid-1762179802-Qk3v9TzR1mWc7pXyB2Ld"
VIDEO_GENERATION_ID: Final = "gen-1762179860-c4Wq1Zt0HcM8oJvN5sEa"
BATCH_ID: Final = "batch_01k9x2"
JOB_IDS: Final[Mapping[str, str]] = {"videos": VIDEO_ID, "batches": BATCH_ID}
_EMBEDDINGS: Final[JSON] = {
    "status_code": 200,
    "request_id": None,
    "body": {"object": "list", "data": [], "model": "openai/gpt-4o-mini"},
}
_MESSAGES: Final = {"failed": "Generation failed", "expired": "Not finished in time"}


def submitted_job(kind: str, canned: CannedReply, request: JSON) -> JSON:
    """Return the body of the response to a submission."""
    job = JOB_IDS[kind]
    if kind == "videos":
        return {"id": job, "polling_url": f"/api/v1/videos/{job}", "status": "pending"}
    return _batch(job, request.get("model", canned.model), "validating")


def polled_job(kind: str, job: str, scenario: str, polls: int) -> Reply:
    """Return the response to a poll.

    Args:
        kind: the path of the submission.
        job: the id of the job.
        scenario: the name of the scenario.
        polls: the number of polls, with this one.
    """
    status = scenario.removeprefix("job_") if scenario.startswith("job_") else "completed"
    status = "in_progress" if polls == 1 else status
    headers = {"X-Secret": "canary"}
    body = _video(job, status) if kind == "videos" else _batch(job, "openai/gpt-4o-mini", status)
    return Reply([as_bytes(body)], headers=headers)


def _video(job: str, status: str) -> JSON:
    body: JSON = {"id": job, "polling_url": f"/api/v1/videos/{job}", "status": status}
    if status == "completed":
        urls = [f"https://openrouter.ai/api/v1/videos/{job}/content?index=0"]
        body |= {"generation_id": VIDEO_GENERATION_ID, "unsigned_urls": urls, "usage": {"cost": 0.5, "is_byok": False}}
    return body | ({"error": _MESSAGES[status]} if status in _MESSAGES else {})


def _batch(job: str, model: str, status: str) -> JSON:
    has_ended = status not in {"validating", "in_progress"}
    is_complete = status == "completed"
    results: list[dict[str, Any]] = [
        {"custom_id": "one", "id": "r-1", "error": None, "response": _EMBEDDINGS},
        {"custom_id": "two", "id": "r-2", "error": {"message": "secret", "param": None, "type": "x"}, "response": None},
    ]
    return {
        "id": job,
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "model": model,
        "provider": "OpenAI" if has_ended else None,
        "status": status,
        "completion_window": "24h",
        "created_at": 1762179802,
        "expires_at": None,
        "finalized_at": 1762183402 if has_ended else None,
        "error": {"message": _MESSAGES[status]} if status in _MESSAGES else None,
        "request_counts": {"total": 2, "completed": int(is_complete), "failed": int(is_complete)},
        "results": results if is_complete else None,
        "usage": usage(43, 120, 0.00007) if is_complete else None,
    }
