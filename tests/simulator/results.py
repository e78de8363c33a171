"""Embeddings, rerank, images, speech, transcription, decisions and submitted jobs: one reply each, and their errors.

https://openrouter.ai/docs/api/api-reference/embeddings/create-embeddings, and its siblings rerank/, images/ and audio/;
the body of embeddings is as recorded 2026-08.
"""

import base64
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from .canned_reply import JSON, CannedReply, Reply, as_bytes
from .jobs import JOB_IDS, submitted_job

EMBEDDING: Final = (0.25, -0.5, 0.125, 1.0)
PNG: Final = base64.b64encode(b"\x89PNG" + bytes(5996)).decode()
EMBEDDING_COST: Final = 1.4e-06
_COST: Final = {
    "cost": EMBEDDING_COST,
    "is_byok": False,
    "cost_details": {"upstream_inference_cost": EMBEDDING_COST},
}


def _embeddings(canned: CannedReply, request: JSON) -> JSON:
    packed = base64.b64encode(struct.pack(f"<{len(EMBEDDING)}f", *EMBEDDING)).decode()
    vector = packed if request.get("encoding_format") == "base64" else list(EMBEDDING)
    count = len(request["input"]) if isinstance(request.get("input"), list) else 1
    data = [{"object": "embedding", "index": index, "embedding": vector} for index in range(count)]
    details = {"text_tokens": 5, "image_tokens": 2, "audio_tokens": 0, "video_tokens": 0, "file_tokens": 0}
    usage = {"prompt_tokens": 7, "total_tokens": 7, **_COST, "prompt_tokens_details": details}
    return {**_head(canned), "object": "list", "data": data, "usage": usage}


def _rerank(canned: CannedReply, request: JSON) -> JSON:
    results = [
        {"index": index, "relevance_score": 0.9 / (index + 1), "document": {"text": document}}
        for index, document in enumerate(request["documents"])
    ]
    return {**_head(canned), "results": results, "usage": {"cost": 0.002, "search_units": 1, "total_tokens": 31}}


def _images(_: CannedReply, request: JSON) -> JSON:
    data = [{"b64_json": PNG, "media_type": "image/png"} for _ in range(request.get("n", 1))]
    return {"created": 1762179802, "data": data, "usage": _IMAGE_USAGE}


def _transcription(_: CannedReply, __: JSON) -> JSON:
    usage = {"cost": 0.0006, "seconds": 9.5, "input_tokens": 95, "output_tokens": 4, "total_tokens": 99}
    return {"text": "Hello there.", "usage": usage}


def _decisions(canned: CannedReply, request: JSON) -> JSON:
    """`openrouter` 1.3.84, components/decisionsresponse.py and decisionschoiceanswer.py."""
    answers = {name: {"type": "score", "score": 0.75} for name in request["questions"]}
    return {**_head(canned), "answers": answers, "usage": {"input_tokens": 21, "output_tokens": 3, "cost": 0.00003}}


_IMAGE_USAGE: Final[JSON] = {
    "prompt_tokens": 12,
    "completion_tokens": 1290,
    "total_tokens": 1302,
    "completion_tokens_details": {"image_tokens": 1290},
    "cost": 0.039,
    "is_byok": False,
}
_BODIES: Final[Mapping[str, Callable[[CannedReply, JSON], JSON]]] = {
    "embeddings": _embeddings,
    "rerank": _rerank,
    "images": _images,
    "images/generations": _images,
    "audio/transcriptions": _transcription,
    "systemone": _decisions,
    "alpha/decisions": _decisions,
    "videos": partial(submitted_job, "videos"),
    "batches": partial(submitted_job, "batches"),
}


class Result:
    """One of these endpoints, with the request that it replies to."""

    def __init__(self, path: str, request: JSON) -> None:
        self._path, self._request = path, request

    def body(self, canned: CannedReply) -> JSON:
        """Return the body of a plain response."""
        if canned.error is not None:
            return {"error": canned.error}
        return _BODIES[self._path](canned, self._request)

    def events(self, canned: CannedReply) -> Iterator[JSON]:
        """Yield the events of a streamed image or transcription."""
        if self._path == "audio/transcriptions":
            body = _transcription(canned, {})
            yield {"type": "transcript.text.delta", "delta": "Hello "}
            yield {"type": "transcript.text.delta", "delta": "there."}
            yield {"type": "transcript.text.done", **body}
            return
        yield {"type": "image_generation.partial_image", "partial_image_index": 0, "b64_json": PNG[:8]}
        if canned.error is not None:
            yield {"type": "error", "error": canned.error}
            return
        image = {"b64_json": PNG, "media_type": "image/png", "created": 1762179802}
        yield {"type": "image_generation.completed", **image, "usage": _IMAGE_USAGE}

    def reply(self, canned: CannedReply, *, stream: bool) -> Reply:
        """Return the HTTP response."""
        is_ok = canned.status == 200 and canned.error is None  # noqa: PLR2004 - HTTP's OK
        if self._path == "audio/speech" and is_ok and canned.verbatim is None:
            headers = {"X-Generation-Id": canned.id, **canned.headers}
            return Reply([b"ID3\x04", b"\xff\xfb\x90" * 500], "audio/mpeg", headers=headers)
        if self._path == "audio/transcriptions" and self._request.get("response_format") == "text":
            return Reply([b"Hello there.\n"], "text/plain", headers={"X-Generation-Id": canned.id})
        reply = canned.reply(self, stream=stream)
        if self._path in JOB_IDS and is_ok and canned.verbatim is None:
            return replace(reply, status=202, headers=canned.headers)
        if self._path == "embeddings" and is_ok:  # the id is in the body only (recorded 2026-08)
            return replace(reply, headers=canned.headers)
        return reply


def _head(canned: CannedReply) -> JSON:
    return {"id": canned.id, "model": canned.model, "provider": canned.provider}


_NO_IMAGE: Final = Reply([as_bytes({"created": 1, "data": []})])
EMPTY: Final[Mapping[str, Reply]] = {
    "embeddings": Reply([as_bytes({"object": "list", "data": [], "model": "m"})]),
    "rerank": Reply([as_bytes({"results": []})]),
    "images": _NO_IMAGE,
    "images/generations": _NO_IMAGE,
    "audio/speech": Reply([], "audio/mpeg"),
    "audio/transcriptions": Reply([as_bytes({"usage": {"seconds": 1}})]),
    "systemone": Reply([as_bytes({"answers": {}})]),
    "alpha/decisions": Reply([as_bytes({"answers": None})]),
    "videos": Reply([b"{}"], status=202),
    "batches": Reply([b"{}"], status=202),
}
"""Replies without any result."""
