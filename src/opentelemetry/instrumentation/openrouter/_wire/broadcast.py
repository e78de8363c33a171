"""Where OpenRouter's own traces (Broadcast) meet ours: the ids of the trace that it sends, and how to give it ours.

Pure. https://openrouter.ai/docs/guides/features/broadcast; the ids were verified on what it sent in 2026-08.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from .fields import members

MODES: Final = ("off", "link", "join")
_OWN: Final = ("trace_id", "parent_span_id")


def sent_ids(generation: str) -> tuple[int, int]:
    """The trace id and the id of the root span that Broadcast sends for a generation, where it is given no others."""
    digest = hashlib.sha256(generation.encode()).hexdigest()
    return int(digest[:32], 16), int(digest[:16], 16)


def joined(body: Mapping[str, object], trace_id: int, span_id: int) -> dict[str, Any] | None:
    """The member `trace` of a request whose server-side spans are to land below a span of the caller's.

    Args:
        body: what is sent; its own `trace` stays as it is, and None is returned where that says already whose trace
            it is.
        trace_id: of the caller's trace.
        span_id: of the span to stand below.
    """
    theirs = body.get("trace")
    told = members(theirs)
    if (theirs is not None and not isinstance(theirs, Mapping)) or any(name in told for name in _OWN):
        return None
    return {**told, "trace_id": f"{trace_id:032x}", "parent_span_id": f"{span_id:016x}"}
