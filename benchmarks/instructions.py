"""Counts the machine instructions that the instrumentation adds to a call of the OpenAI SDK; needs valgrind and gcc.

    python benchmarks/instructions.py [--write-docs]

A count does not depend on how busy the machine is, so it shows a change of one percent that a clock does not. One
process under callgrind imports everything, and a forked child measures each cell of the table: calls without the
instrumentation, then the same calls with it. Replies come from memory. `by hand` makes the same calls of the
OpenTelemetry API as the instrumentation does, with the same values, and nothing else: it is the lower limit for what is
recorded.
"""

import argparse
import ctypes
import gc
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

HERE: Final = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from tests.doc_tables import DOCS, check_table  # noqa: E402 - the path is set above

PAGE = DOCS / "performance.md"
BEGIN, END = "<!-- instructions -->", "<!-- end instructions -->"
CALLS: Final = {"chat": 20, "stream of 100": 4, "embeddings": 20, "another host": 20}
WARM_UPS: Final = 12
USAGE: Final = {
    "prompt_tokens": 43,
    "completion_tokens": 120,
    "total_tokens": 163,
    "cost": 0.00014,
    "is_byok": False,
    "prompt_tokens_details": {"cached_tokens": 12, "cache_write_tokens": 0, "audio_tokens": 0},
    "cost_details": {
        "upstream_inference_cost": 0.00014,
        "upstream_inference_prompt_cost": 0.00004,
        "upstream_inference_completions_cost": 0.0001,
    },
    "completion_tokens_details": {"reasoning_tokens": 11, "image_tokens": 0},
}
IDENTITY: Final = {"id": "gen-1790000000-AAAAAAAAAAAAAAAAAAAA", "model": "openai/gpt-4o-mini", "provider": "OpenAI"}
MESSAGES: Final[list[Any]] = [
    {"role": "system", "content": "Answer in one sentence. " * 16},
    *({"role": role, "content": "A sentence of a conversation. " * 16} for role in ("user", "assistant") * 4),
    {"role": "user", "content": "And now?"},
]


@dataclass(frozen=True)
class Column:
    """A column of the table: a scenario, and under which conditions it is measured."""

    title: str
    scenario: str
    capture: str = "no_content"
    providers: str = "recording"


COLUMNS: Final = (
    Column("chat", "chat"),
    Column("stream of 100", "stream of 100"),
    Column("chat with content", "chat", capture="span_only"),
    Column("stream of 100 with content", "stream of 100", capture="span_only"),
    Column("embeddings", "embeddings"),
    Column("unsampled chat", "chat", providers="unsampled"),
    Column("chat without providers", "chat", providers="none"),
    Column("stream of 100 without providers", "stream of 100", providers="none"),
    Column("chat with another host", "another host"),
)


def _chunk(content: str, reason: str | None = None, **fields: Any) -> str:
    delta = {"role": "assistant", "content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": reason, "native_finish_reason": reason, "logprobs": None}
    chunk = {**IDENTITY, "object": "chat.completion.chunk", "created": 1790000000, "choices": [choice], **fields}
    return f"data: {json.dumps(chunk)}\n\n"


def _body(scenario: str) -> tuple[str, str]:
    """Return the content type and the body of the reply."""
    if scenario == "stream of 100":
        chunks = [_chunk("tok ")] * 100 + [_chunk("", "stop"), _chunk("", "stop", usage=USAGE), "data: [DONE]\n\n"]
        return "text/event-stream", ": OPENROUTER PROCESSING\n\n" + "".join(chunks)
    if scenario == "embeddings":
        data = [{"object": "embedding", "index": 0, "embedding": [0.1] * 32}]
        usage = {"prompt_tokens": 5, "total_tokens": 5, "cost": 1e-7}
        return "application/json", json.dumps({**IDENTITY, "object": "list", "data": data, "usage": usage})
    message = {"role": "assistant", "content": "hello " * 60, "refusal": None, "reasoning": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "native_finish_reason": "stop", "logprobs": None}
    body = {**IDENTITY, "object": "chat.completion", "created": 1790000000, "choices": [choice], "usage": USAGE}
    return "application/json", json.dumps(body)


def _call_of(scenario: str) -> Callable[[], None]:
    from tests.simulator.memory import MemoryReply, client_of  # noqa: PLC0415 - not in the parent process

    content_type, body = _body(scenario)
    base_url = "https://api.openai.com/v1" if scenario == "another host" else "https://openrouter.ai/api/v1"
    client = client_of(MemoryReply([body.encode()], content_type=content_type), base_url=base_url)
    model = IDENTITY["model"]

    def call() -> None:
        if scenario == "embeddings":
            client.embeddings.create(model=model, input="hi", encoding_format="float")
        elif scenario == "stream of 100":
            for _ in client.chat.completions.create(model=model, messages=MESSAGES, stream=True):
                pass
        else:
            client.chat.completions.create(model=model, messages=MESSAGES, temperature=0.2, max_tokens=200)

    return call


def _set_providers(kind: str) -> None:
    from opentelemetry import metrics, trace  # noqa: PLC0415 - as above
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF  # noqa: PLC0415

    if kind == "none":
        return
    provider = TracerProvider(shutdown_on_exit=False, sampler=ALWAYS_OFF if kind == "unsampled" else None)
    provider.add_span_processor(SpanProcessor())
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False))


def _by_hand(call: Callable[[], None]) -> Callable[[], None]:
    """Record what the instrumentation asks of the OpenTelemetry API in one call; return a call that asks the same."""
    from opentelemetry import context as otel_context  # noqa: PLC0415 - as above
    from opentelemetry import trace  # noqa: PLC0415
    from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor  # noqa: PLC0415
    from opentelemetry.sdk.metrics import Histogram  # noqa: PLC0415
    from opentelemetry.sdk.trace import Span, Tracer  # noqa: PLC0415

    asked: list[tuple[Any, Any, tuple[Any, ...], dict[str, Any]]] = []

    def spy(owner: Any, name: str) -> None:
        method = getattr(owner, name)

        def recording(self: Any, *args: Any, **kwargs: Any) -> Any:
            copied = tuple({**cast("dict[str, Any]", each)} if type(each) is dict else each for each in args)
            asked.append((method, self, copied, kwargs))
            return method(self, *args, **kwargs)

        setattr(owner, name, recording)
        originals.append((owner, name, method))

    originals: list[tuple[Any, str, Any]] = []
    OpenRouterInstrumentor().instrument()
    call()
    for owner, name in ((Tracer, "start_span"), (Span, "set_attributes"), (Histogram, "record"), (Span, "end")):
        spy(owner, name)
    call()
    for owner, name, method in originals:
        setattr(owner, name, method)
    OpenRouterInstrumentor().uninstrument()
    (start, tracer, start_args, start_kwargs), *later = asked
    recorded_span = next(owner for method, owner, _, _ in later if method is originals[1][2])
    own_context = trace.set_span_in_context(recorded_span)

    def replay() -> None:
        span = start(tracer, *start_args, **start_kwargs)
        context = trace.set_span_in_context(span)
        token = otel_context.attach(context)
        call()
        otel_context.detach(token)
        for method, owner, args, kwargs in later:
            values = tuple(context if each == own_context else each for each in args)
            method(span if owner is recorded_span else owner, *values, **kwargs)

    return replay


def _count(requests: Any, call: Callable[[], None], calls: int, folder: Path, label: str) -> float:
    """Return the instructions of one call."""
    for _ in range(WARM_UPS):
        call()
    gc.collect()
    gc.freeze()
    gc.disable()
    requests.start_counting()
    for _ in range(calls):
        call()
    requests.stop_counting(label.encode())
    gc.enable()
    profiles = [path.read_text() for path in folder.glob(f"profile.{os.getpid()}.*")]
    (profile,) = (profile for profile in profiles if f"Client Request: {label}\n" in profile)
    total = re.search(r"^summary: (\d+)", profile, re.MULTILINE)
    return int(total[1]) / calls if total else 0.0


def _measure(column: Column, row: str, folder: Path, requests: Any) -> float:
    """Return the instructions that are added to one call."""
    from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor  # noqa: PLC0415 - as above

    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = column.capture
    _set_providers(column.providers)
    call, calls = _call_of(column.scenario), CALLS[column.scenario]
    without = _count(requests, call, calls, folder, "without")
    if row == "by hand":
        call = _by_hand(call)
    else:
        OpenRouterInstrumentor().instrument()
    return _count(requests, call, calls, folder, "with") - without


def _inside(folder: Path, library: str) -> None:
    """Measure all cells; runs under callgrind."""
    import openai  # noqa: F401, PLC0415  # pyright: ignore[reportUnusedImport] - loaded once for all children

    _call_of("chat")
    requests = ctypes.CDLL(library)
    for row in ("instrumented", "by hand"):
        for column in COLUMNS:
            if row == "by hand" and (column.providers != "recording" or column.scenario == "another host"):
                continue
            sys.stdout.flush()
            if os.fork() == 0:
                print(json.dumps([row, column.title, _measure(column, row, folder, requests)]), flush=True)
                os._exit(0)
            os.wait()


def _run() -> dict[tuple[str, str], float]:
    """Start this file under callgrind and return its counts."""
    with tempfile.TemporaryDirectory() as folder:
        library = f"{folder}/requests.so"
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, HERE / "valgrind_requests.c"], check=True)
        valgrind = ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no"]
        command = [*valgrind, f"--callgrind-out-file={folder}/profile.%p", sys.executable, __file__]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        completed = subprocess.run(
            [*command, "--inside", folder, library], env=environment, capture_output=True, text=True, check=True
        )
    rows = [json.loads(line) for line in completed.stdout.splitlines()]
    return {(row, column): count for row, column, count in rows}


def main() -> None:
    """Measure, print the table, and write it to the docs if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write-docs", action="store_true", help="write the table to docs/performance.md")
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        _inside(Path(arguments.inside[0]), arguments.inside[1])
        return
    counts = _run()
    lines = ["| call | instrumented | by hand | ratio |", "|---|---|---|---|"]
    for column in COLUMNS:
        ours, by_hand = counts["instrumented", column.title], counts.get(("by hand", column.title))
        last = "| | |" if by_hand is None else f"| {by_hand / 1000:,.0f} | {ours / by_hand:.2f} |"
        lines.append(f"| {column.title} | {ours / 1000:,.0f} {last}")
    print("\n".join(lines))
    if arguments.write_docs:
        check_table(PAGE, BEGIN, "\n".join(lines), END, write=True)


if __name__ == "__main__":
    main()
