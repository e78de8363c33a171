"""Dropped streams end at once in programs with forks, green threads, trio, and without threads."""

import importlib.util
import os
import subprocess
import sys
from typing import Final

import pytest

from tests.simulator import Simulator

SETUP: Final = """
import gc, os, sys, time
import openai
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

class Ended(SpanProcessor):
    count = 0
    def on_end(self, span):
        assert span.attributes["openrouter.stream.cancelled"] is True
        Ended.count += 1

def instrument():
    provider = TracerProvider()
    provider.add_span_processor(Ended())
    trace.set_tracer_provider(provider)
    OpenRouterInstrumentor().instrument()

def stream():
    client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key="k", max_retries=0)
    return client.chat.completions.create(model="m", messages=[], stream=True)

def wait_for(count):
    until = time.monotonic() + 50
    while Ended.count < count:
        assert time.monotonic() < until, f"{Ended.count} of {count} spans have ended"
        time.sleep(0.01)

gc.disable()
"""
DROP_ONE: Final = "next(stream())\nwait_for(1)"
PATCH: Final = {
    "gevent": "import gevent.monkey; gevent.monkey.patch_all()\n",
    # httpcore imports trio where it is installed, and trio cannot be imported under eventlet.
    "eventlet": "import sys, warnings; warnings.simplefilter('ignore'); sys.modules.setdefault('trio', None)\n"
    "import eventlet; eventlet.monkey_patch()\n",
}


def _run(script: str, openrouter: Simulator) -> str:
    environment = {
        **os.environ,
        "BASE_URL": openrouter.base_url("slow"),
        "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": openrouter.url,
    }
    command = [sys.executable, "-c", script]
    completed = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def _needs(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")


@pytest.mark.parametrize("library", PATCH)
@pytest.mark.parametrize("when", ["before the import", "after instrument()", "after a stream"])
def test_green_threads(openrouter: Simulator, library: str, when: str) -> None:
    """The span ends whenever the program is patched: first of all, by a worker after a fork, or far too late."""
    _needs(library)
    patch = PATCH[library]
    script = {
        "before the import": patch + SETUP + "instrument()\n" + DROP_ONE,
        "after instrument()": SETUP + "instrument()\n" + patch + DROP_ONE,
        "after a stream": SETUP + "instrument()\n" + DROP_ONE + "\n" + patch + "next(stream())\nwait_for(2)",
    }[when]
    _run(script, openrouter)


@pytest.mark.parametrize("library", PATCH)
def test_green_threads_go_on(openrouter: Simulator, library: str) -> None:
    """Waiting for dropped streams blocks no other green thread, and a killed one is started again."""
    _needs(library)
    kill = {
        "gevent": "import gevent; gevent.killall([o for o in gc.get_objects() if isinstance(o, gevent.Greenlet)])\n",
        "eventlet": "",
    }[library]
    script = PATCH[library] + SETUP + "instrument()\n" + DROP_ONE
    script += f"""
{kill}
import threading
ticks = []
threading.Thread(target=ticks.append, args=(1,)).start()
time.sleep(0.01)
assert ticks
next(stream())
wait_for(2)
"""
    _run(script, openrouter)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_fork(openrouter: Simulator) -> None:
    """A child starts its own thread, and leaves to the parent what the parent has open."""
    script = """
instrument()
opened = stream()
next(opened)
child = os.fork()
if child == 0:
    next(stream())
    wait_for(1)
    del opened
    next(stream())
    wait_for(2)
    trace.get_tracer_provider().force_flush()
    os._exit(0 if Ended.count == 2 else 1)
assert os.waitpid(child, 0)[1] == 0
assert Ended.count == 0
del opened
wait_for(1)
"""
    _run(SETUP + script, openrouter)


def test_trio(openrouter: Simulator) -> None:
    """An async stream that is dropped under trio ends."""
    _needs("trio")
    script = """
import trio
instrument()
async def main():
    client = openai.AsyncOpenAI(base_url=os.environ["BASE_URL"], api_key="k", max_retries=0)
    stream = await client.chat.completions.create(model="m", messages=[], stream=True)
    async for _ in stream:
        break
    del stream
    with trio.fail_after(50):
        while Ended.count < 1:
            await trio.sleep(0.01)
trio.run(main)
"""
    _run(SETUP + script, openrouter)


def test_without_threads(openrouter: Simulator) -> None:
    """Where no thread can start, the next stream or a flush ends the dropped ones, and the caller notices nothing."""
    script = """
import threading
def cannot_start(self):
    raise RuntimeError("daemon thread are not supported in this interpreter")
instrument()
threading.Thread.start = cannot_start
next(stream())
assert Ended.count == 0
opened = stream()
assert Ended.count == 1
del opened
trace.get_tracer_provider().force_flush()
assert Ended.count == 2
"""
    _run(SETUP + script, openrouter)


def test_exit(openrouter: Simulator) -> None:
    """The thread neither delays the exit of the interpreter nor prints anything, whatever is open or dropped."""
    script = "instrument()\nkept = stream()\nnext(kept)\nfor _ in range(20): next(stream())\nprint('end')"
    assert _run(SETUP + script, openrouter) == "end\n"
