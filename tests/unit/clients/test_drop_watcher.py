"""The watcher ends what was dropped, once, on its thread or before a flush returns."""

import _thread
import queue
import threading
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._clients import drop_watcher
from opentelemetry.instrumentation.openrouter._clients.drop_watcher import DropWatcher, _EndingThread

TIMEOUT = 60.0


class Target:
    """What the caller may drop."""


class Opened:
    """A call that ends when its target is dropped."""

    def __init__(self, watcher: DropWatcher, target: Target, on_end: Any = None) -> None:
        self._watcher, self._on_end = watcher, on_end
        self._target = watcher.reference(target, self)
        self.ends = 0
        self.ended = threading.Event()
        watcher.add(self)

    def is_dropped(self) -> bool:
        return self._target() is None

    def end_at_last_activity(self) -> None:
        if self._watcher.claim(self):
            if self._on_end is not None:
                self._on_end()
            self.ends += 1
            self.ended.set()


def test_dropped() -> None:
    """The thread ends what was dropped, and nothing else."""
    watcher, target, kept = DropWatcher(), Target(), Target()
    dropped, other = Opened(watcher, target), Opened(watcher, kept)
    del target
    assert dropped.ended.wait(TIMEOUT)
    assert list(watcher) == [other]
    watcher.end_dropped()
    assert (dropped.ends, other.ends) == (1, 0)


def test_flush_waits_for_the_thread() -> None:
    """`end_dropped` returns after the call that the thread is ending; what ends it may flush in its turn."""
    watcher, target, go_on = DropWatcher(), Target(), threading.Event()
    started = threading.Event()

    def on_end() -> None:
        watcher.end_dropped()
        started.set()
        assert go_on.wait(TIMEOUT)

    dropped = Opened(watcher, target, on_end)
    del target
    assert started.wait(TIMEOUT)
    threading.Timer(0.05, go_on.set).start()
    watcher.end_dropped()
    assert dropped.ends == 1


def test_flush_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flush by the owner of a lock that the thread needs returns."""
    monkeypatch.setattr(drop_watcher, "_FLUSH_TIMEOUT", 0.01)
    watcher, target, lock = DropWatcher(), Target(), threading.Lock()
    started = threading.Event()

    def on_end() -> None:
        started.set()
        with lock:
            pass

    with lock:
        dropped = Opened(watcher, target, on_end)
        del target
        assert started.wait(TIMEOUT)
        watcher.end_dropped()
        assert dropped.ends == 0
    assert dropped.ended.wait(TIMEOUT)


@pytest.mark.internal_error
def test_failure_does_not_stop_the_thread() -> None:
    """The thread survives a call that cannot be ended."""

    def fail() -> None:
        raise ValueError

    watcher, first, second = DropWatcher(), Target(), Target()
    failing, dropped = Opened(watcher, first, fail), Opened(watcher, second)
    del first
    del second
    assert dropped.ended.wait(TIMEOUT)
    assert failing.ends == 0


def test_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can start, the next response ends the dropped ones."""
    monkeypatch.setattr(threading.Thread, "start", _cannot_start)
    watcher, target, kept = DropWatcher(), Target(), Target()
    dropped = Opened(watcher, target)
    del target
    assert dropped.ends == 0
    other = Opened(watcher, kept)
    assert (dropped.ends, other.ends) == (1, 0)


def _cannot_start(_: threading.Thread) -> None:
    raise RuntimeError("can't create new thread at interpreter shutdown")


def test_busy_program() -> None:
    """Where the thread has no time, a new response ends what waits, so that memory stays bounded."""
    watcher, kept = DropWatcher(), Target()
    opened: list[Opened] = []
    with watcher._thread().ending:  # the thread waits for this lock
        for _ in range(100):
            target = Target()
            opened.append(Opened(watcher, target))
            del target
        other = Opened(watcher, kept)
        assert sum(each.ends for each in opened) >= 60
        assert other.ends == 0
    watcher.end_dropped()
    assert {each.ends for each in opened} == {1}


def test_one_thread() -> None:
    """Of several threads that open a response at once, one starts the thread, and the others do not wait for it."""
    watcher = DropWatcher()
    thread = _EndingThread(watcher)
    with thread._starting:
        assert thread.start()
        assert thread._thread is None
    assert thread.start()
    started = thread._thread
    assert thread.start()
    assert thread._thread is started


@pytest.mark.parametrize("is_green", [False, True])
def test_queue(monkeypatch: pytest.MonkeyPatch, is_green: bool) -> None:
    """A real thread reads a real queue, also where only `queue` is patched; a green one reads the patched queue."""

    class PatchedQueue(queue.Queue[Any]): ...

    monkeypatch.setattr(queue, "SimpleQueue", PatchedQueue)
    monkeypatch.setattr(queue, "Queue", PatchedQueue)
    if is_green:
        monkeypatch.setattr(_thread, "start_new_thread", lambda *_: 0)
    assert isinstance(_EndingThread(DropWatcher()).dropped, PatchedQueue) is is_green


def test_fork() -> None:
    """A forked child forgets what its parent has open, and has a thread of its own."""
    watcher, target = DropWatcher(), Target()
    inherited, before = Opened(watcher, target), watcher._thread()
    watcher.reset_after_fork()
    inherited.end_at_last_activity()
    assert (list(watcher), inherited.ends) == ([], 0)
    assert watcher._thread() is not before
    watcher.end_one(inherited._target)
    assert inherited.ends == 0
