"""`ChunkTimer`: the gaps between chunks, the time to the first chunk, and the last activity of a call."""

import pytest
from opentelemetry.instrumentation.openrouter._telemetry import chunk_timer
from opentelemetry.instrumentation.openrouter._telemetry.chunk_timer import ChunkTimer


@pytest.fixture
def timer(monkeypatch: pytest.MonkeyPatch) -> ChunkTimer:
    """A timer that starts at 10.0 and receives the response headers at 11.0."""
    readings = iter((10.0, 11.0))
    monkeypatch.setattr(chunk_timer, "clock", lambda: next(readings))
    timer = ChunkTimer()
    timer.response_started()
    return timer


def test_no_chunks(timer: ChunkTimer) -> None:
    """Without chunks there are no gaps, and the last activity is the arrival of the headers."""
    assert timer.take_gaps() == []
    assert not timer.has_chunks
    assert timer.seconds_to_first_chunk is None
    assert (timer.start, timer.last_seen) == (10.0, 11.0)


def test_last_seen_before_the_gaps_are_taken(timer: ChunkTimer) -> None:
    """The last activity is the last chunk, also before `take_gaps`; the first chunk is not known until then."""
    timer.chunk_times += [12.0, 12.5]
    assert timer.has_chunks
    assert timer.last_seen == 12.5
    assert timer.seconds_to_first_chunk is None


def test_one_chunk_has_no_gap(timer: ChunkTimer) -> None:
    """The first chunk gives the time to the first chunk and no gap."""
    timer.chunk_times.append(12.0)
    assert timer.take_gaps() == []
    assert timer.has_chunks
    assert timer.seconds_to_first_chunk == 2.0
    assert timer.last_seen == 12.0


def test_gaps_across_batches(timer: ChunkTimer) -> None:
    """The gap between the last chunk of one batch and the first of the next is counted once."""
    times = timer.chunk_times
    times += [12.0, 12.5, 14.0]
    assert timer.take_gaps() == [0.5, 1.5]
    assert timer.take_gaps() == []
    times += [14.25, 18.25]
    assert timer.take_gaps() == [0.25, 4.0]
    assert timer.seconds_to_first_chunk == 2.0
    assert timer.last_seen == 18.25
    assert timer.chunk_times is times, "the chunk observer keeps a reference to the list"
    assert times == []
