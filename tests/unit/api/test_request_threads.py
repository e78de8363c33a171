"""`RequestThreads`: requests on few daemon threads, and callers that never wait beyond their timeout."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.instrumentation.openrouter._api.request_threads import MAX_THREADS, RequestThreads

WAIT = 30.0  # for what happens at once


@pytest.fixture
def threads() -> Iterator[RequestThreads]:
    """Threads of one test."""
    threads = RequestThreads()
    yield threads
    threads.stop()


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Set at the end of a test at the latest, so that no thread stays blocked."""
    release = threading.Event()
    yield release
    release.set()


def _wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_result_and_exception(threads: RequestThreads) -> None:
    """A caller gets the result or the exception; one daemon thread serves one request after the other."""
    caller = threading.current_thread()
    first = threads.run(threading.current_thread, WAIT)
    assert first is not caller
    assert first.daemon
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            threads.run(lambda: 1 / 0, WAIT)
        _wait_for(lambda: threads._idle)
        assert threads.run(threading.current_thread, WAIT) is first
        _wait_for(lambda: threads._idle)
    assert threads._count == 1


def test_exit_of_a_thread(threads: RequestThreads) -> None:
    """An exit that a transport raises ends neither the thread nor the caller."""
    with pytest.raises(RuntimeError, match="SystemExit"):
        threads.run(sys.exit, WAIT)
    _wait_for(lambda: threads._idle)
    assert threads.run(lambda: "next", WAIT) == "next"
    assert threads._count == 1


def test_blocked_request(threads: RequestThreads, release: threading.Event) -> None:
    """A caller does not wait beyond its timeout, and the next request has another thread."""
    with pytest.raises(TimeoutError):
        threads.run(lambda: release.wait(WAIT), 0.01)
    assert threads.run(lambda: "next", WAIT) == "next"


def test_few_threads(threads: RequestThreads, release: threading.Event) -> None:
    """While all threads are blocked a request fails at once; when they are released, one of them stays."""
    entered = threading.Semaphore(0)

    def block() -> None:
        entered.release()
        assert release.wait(WAIT)

    for _ in range(MAX_THREADS):
        with pytest.raises(TimeoutError):
            threads.run(block, 0.01)
    for _ in range(MAX_THREADS):
        assert entered.acquire(timeout=WAIT)
    with pytest.raises(TimeoutError):
        threads.run(lambda: pytest.fail("sent"), WAIT)
    assert threads._count == MAX_THREADS
    release.set()
    _wait_for(lambda: threads._count == 1)
    assert threads.run(lambda: "next", WAIT) == "next"


def test_started_early(threads: RequestThreads, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that was started early sends when no thread can start any more, as while the interpreter exits."""
    threads.start()
    threads.start()
    _wait_for(lambda: threads._idle)
    monkeypatch.setattr(threading.Thread, "start", _cannot_start)
    assert threads.run(lambda: "sent", WAIT) == "sent"
    assert threads._count == 1


def test_no_thread_can_start(threads: RequestThreads, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a thread nothing is sent, and the caller does not wait."""
    monkeypatch.setattr(threading.Thread, "start", _cannot_start)
    threads.start()
    with pytest.raises(RuntimeError):
        threads.run(lambda: pytest.fail("sent"), WAIT)


def test_stop(threads: RequestThreads) -> None:
    """`stop` ends the thread, and the next request starts another one."""
    first = threads.run(threading.current_thread, WAIT)
    threads.stop()
    first.join(WAIT)
    assert not first.is_alive()
    assert threads.run(threading.current_thread, WAIT) is not first


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_fork(threads: RequestThreads) -> None:
    """A forked child starts threads of its own."""
    first = threads.run(threading.current_thread, WAIT)
    _wait_for(lambda: threads._idle)
    threads.reset_after_fork()
    assert threads.run(threading.current_thread, WAIT) is not first


def _cannot_start(_: threading.Thread) -> None:
    raise RuntimeError
