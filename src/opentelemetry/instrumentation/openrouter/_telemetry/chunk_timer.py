"""The clock of one call: its start, the arrival of each chunk, the gaps between chunks, and the last activity."""

import time

clock = time.perf_counter
"""The clock of all durations. The wall clock is read once a call, so it may be set back meanwhile."""


class ChunkTimer:
    """Times of one call, as readings of `clock`. The chunk observer appends to `chunk_times`."""

    __slots__ = ("chunk_times", "first_chunk", "last_activity", "start")

    def __init__(self) -> None:
        self.start = self.last_activity = clock()
        self.chunk_times: list[float] = []
        """The arrival times since the last `take_gaps`."""
        self.first_chunk: float | None = None

    @property
    def has_chunks(self) -> bool:
        """Whether a chunk has arrived."""
        return bool(self.chunk_times) or self.first_chunk is not None

    @property
    def last_seen(self) -> float:
        """The arrival of the last chunk, or of the response headers if there is none."""
        return self.chunk_times[-1] if self.chunk_times else self.last_activity

    @property
    def seconds_to_first_chunk(self) -> float | None:
        """Seconds from the start to the first chunk; None until `take_gaps` has seen one."""
        return None if self.first_chunk is None else self.first_chunk - self.start

    def response_started(self) -> None:
        """The response headers have arrived."""
        self.last_activity = clock()

    def take_gaps(self) -> list[float]:
        """Return the seconds between the chunks since the last time, and forget their arrival times."""
        if not self.chunk_times:
            return []
        # In place: the chunk observer holds the list.
        times, self.chunk_times[:] = self.chunk_times[:], ()
        before, self.last_activity = self.last_activity, times[-1]
        if self.first_chunk is None:
            self.first_chunk = before = times.pop(0)
        return [time - previous for previous, time in zip([before, *times], times, strict=False)]
