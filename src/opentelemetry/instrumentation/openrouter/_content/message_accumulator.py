"""Assembles a streamed message of the Anthropic Messages API: its content blocks, each from its start and its deltas.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from .._wire.fields import integer, mapping, sequence
from .accumulators import ContentAccumulator


class MessageAccumulator(ContentAccumulator):
    """Joins the deltas of each content block."""

    __slots__ = ("_blocks", "_pieces", "_stop_reason")

    def __init__(self) -> None:
        super().__init__()
        self._blocks: dict[int, dict[str, Any]] = {}
        self._pieces: dict[int, dict[str, list[str]]] = {}
        self._stop_reason: object = None

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Add one event."""
        kind, index = chunk.get("type"), integer(chunk.get("index"))
        if kind == "message_delta":
            self._stop_reason = mapping(chunk.get("delta")).get("stop_reason")
        elif index is None:
            return
        elif kind == "content_block_start":
            block = mapping(chunk.get("content_block"))
            # A copy: the SDK's own helper appends to the block that the event holds.
            self._blocks[index] = {**block, "citations": [*sequence(block.get("citations"))]}
        elif kind == "content_block_delta" and index in self._blocks:
            self._add_delta(index, mapping(chunk.get("delta")))

    def _add_delta(self, index: int, delta: Mapping[str, Any]) -> None:
        if delta.get("citation") is not None:
            self._blocks[index]["citations"].append(delta["citation"])
        for name in _TEXTS:
            if isinstance(delta.get(name), str):
                self._pieces.setdefault(index, {}).setdefault(name, []).append(delta[name])

    def body(self) -> object:
        """Return the whole message, or its blocks as far as they have arrived."""
        if self._body is not None:
            return self._body
        return {"content": [self._block(index) for index in sorted(self._blocks)], "stop_reason": self._stop_reason}

    def _block(self, index: int) -> dict[str, Any]:
        block = {**self._blocks[index]}
        for name, pieces in self._pieces.get(index, {}).items():
            joined = "".join(pieces)
            if name == "partial_json":
                block["input"] = _parsed(joined) if joined else block.get("input")
            else:
                start = block.get(name)
                block[name] = start + joined if isinstance(start, str) else joined
        return block


def _parsed(arguments: str) -> object:
    """Parse the arguments of a tool; those of a stream that was cut stay a text."""
    try:
        return json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments


_TEXTS: Final = ("text", "thinking", "partial_json", "content")  # `content` is that of a compaction
