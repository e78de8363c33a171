"""The reader of server-sent events: the events do not depend on how the bytes are split into pieces."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.instrumentation.openrouter._wire.sse import EventReader

STREAM = (
    b": OPENROUTER PROCESSING\n\n"
    b'data: {"a": 1}\n\n'
    b"event: delta\nid: 7\ndata:[1,\ndata: 2]\n\n"
    b'data: "\xc3\xa9"\r\n\r\n'
    b'data: {"b": 2}\r\r'
    b"data: no JSON\n\n"
    b"data\n\n"
    b"data: [DONE]\n\n"
)
EVENTS: list[Any] = [{"a": 1}, [1, 2], "é", {"b": 2}]


def _read(*pieces: bytes) -> tuple[list[object], bool]:
    reader = EventReader()
    return [event for piece in pieces for event in reader.read(piece)], reader.done


def test_one_piece() -> None:
    """A stream in one piece gives all its events."""
    assert _read(STREAM) == (EVENTS, True)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64])
def test_pieces_of_one_size(size: int) -> None:
    """A stream in pieces of one size, down to single bytes, gives the same events."""
    assert _read(*(STREAM[start : start + size] for start in range(0, len(STREAM), size))) == (EVENTS, True)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_split_anywhere(offsets: list[int]) -> None:
    """A stream that is split at any offsets gives the same events."""
    ends = [0, *sorted(offsets), len(STREAM)]
    assert _read(*(STREAM[start:end] for start, end in pairwise(ends))) == (EVENTS, True)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=6))
def test_any_bytes(content: bytes, offsets: list[int]) -> None:
    """Arbitrary bytes do not raise, and give the same events in one piece and split."""
    ends = [0, *sorted(min(offset, len(content)) for offset in offsets), len(content)]
    split = _read(*(content[start:end] for start, end in pairwise(ends)))
    assert split == _read(content)


def test_incomplete_event() -> None:
    """An event without the blank line that ends it is not yielded."""
    assert _read(b'data: {"a": 1}\n') == ([], False)


def test_long_event() -> None:
    """An event that arrives in many pieces, such as an image, is joined."""
    image = json.dumps({"image": "A" * 1_000_000}).encode()
    pieces = [image[start : start + 4096] for start in range(0, len(image), 4096)]
    assert _read(b"data: ", *pieces, b"\n", b"\n") == ([json.loads(image)], False)


def test_event_that_is_not_json() -> None:
    """An event that is truncated, or nested deeper than it can be parsed, is skipped."""
    deep = b"[" * 100_000
    assert _read(b'data: {"a\n\n', b"data: " + deep + b"\n\n", b'data: {"a": 1}\n\n') == ([{"a": 1}], False)
