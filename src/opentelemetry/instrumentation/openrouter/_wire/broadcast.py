"""OpenRouter Broadcast: the ids of the trace that it sends for a generation, and the field that sends it ours.

Pure. https://openrouter.ai/docs/guides/features/broadcast; the ids were verified on received traces in 2026-08.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from .fields import mapping

MODES: Final = ("off", "link", "join")
_ID_FIELDS: Final = ("trace_id", "parent_span_id")


def broadcast_ids(generation_id: str) -> tuple[int, int]:
    """Return the trace id and the root span id that Broadcast sends for a generation if the request names no others."""
    digest = hashlib.sha256(generation_id.encode()).hexdigest()
    return int(digest[:32], 16), int(digest[:16], 16)


def trace_field(body: Mapping[str, object], trace_id: int, span_id: int) -> dict[str, Any] | None:
    """Return the field `trace` of a request, so that the server-side spans become children of a span of the caller.

    Args:
        body: the request body; its own `trace` is kept. None is returned if that has ids already.
        trace_id: the trace id of the caller's span.
        span_id: the id of the caller's span.
    """
    trace = body.get("trace")
    fields = mapping(trace)
    if (trace is not None and not isinstance(trace, Mapping)) or any(name in fields for name in _ID_FIELDS):
        return None
    return {**fields, "trace_id": f"{trace_id:032x}", "parent_span_id": f"{span_id:016x}"}
