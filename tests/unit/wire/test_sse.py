"""Server-sent events: however the bytes are cut, the same events come."""

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


def test_whole() -> None:
    """In one piece."""
    assert _read(STREAM) == (EVENTS, True)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64])
def test_pieces_of_one_size(size: int) -> None:
    """In pieces, down to single bytes."""
    assert _read(*(STREAM[start : start + size] for start in range(0, len(STREAM), size))) == (EVENTS, True)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_cut(places: list[int]) -> None:
    """Cut anywhere."""
    ends = [0, *sorted(places), len(STREAM)]
    assert _read(*(STREAM[start:end] for start, end in pairwise(ends))) == (EVENTS, True)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=6))
def test_any_bytes(content: bytes, places: list[int]) -> None:
    """Whatever comes, nothing is raised, and where it is cut makes no difference."""
    ends = [0, *sorted(min(place, len(content)) for place in places), len(content)]
    cut = _read(*(content[start:end] for start, end in pairwise(ends)))
    assert cut == _read(content)


def test_an_event_without_its_end() -> None:
    """What has no blank line behind it is no event."""
    assert _read(b'data: {"a": 1}\n') == ([], False)


def test_a_long_event() -> None:
    """An image of many pieces is put together once."""
    image = json.dumps({"image": "A" * 1_000_000}).encode()
    pieces = [image[start : start + 4096] for start in range(0, len(image), 4096)]
    assert _read(b"data: ", *pieces, b"\n", b"\n") == ([json.loads(image)], False)
