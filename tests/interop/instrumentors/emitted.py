"""Makes one call with one instrumentation of the OpenAI SDK, or with both, and prints what was emitted.

`python -m tests.interop.instrumentors.emitted <instrumentor> <which> [dialect ...]` prints one JSON object: the
attributes of each span and the names of the metrics. `which` is `other`, `this` or `both`. The base URL has the host
`openrouter.ai`, which some instrumentations recognize; this process resolves it to the simulator.
"""

import contextlib
import json
import os
import socket
import sys
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import openai

from tests.simulator import CANNED_REPLIES, Chat, Simulator
from tests.simulator.canned_reply import usage
from tests.telemetry import Telemetry

from .known import INSTRUMENTORS

HOST: Final = "openrouter.ai"
# A call with parameters, a tool, and messages of three roles.
_WEATHER: Final = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Return the weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
REQUEST: Final[dict[str, Any]] = {
    "model": "openai/gpt-4o-mini",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How is the weather in Paris?"},
    ],
    "temperature": 0.5,
    "max_tokens": 100,
    "tools": [_WEATHER],
    "user": "user-42",
    "extra_body": {"session_id": "session-7"},
}
_REPLY: Final = replace(CANNED_REPLIES["tools"], usage=usage(43, 120, 0.00014, reasoning=11, cached=12))


def _resolve(real: Any, host: Any, *rest: Any, **options: Any) -> Any:
    return real("127.0.0.1" if host in {HOST, HOST.encode()} else host, *rest, **options)


def _metrics(telemetry: Telemetry) -> list[str]:
    data = telemetry.reader.get_metrics_data()
    scopes = [scope for resource in (data.resource_metrics if data else ()) for scope in resource.scope_metrics]
    return sorted({metric.name for scope in scopes for metric in scope.metrics})


def main() -> None:
    """Make the call and print the result to standard output; redirect all other output to standard error."""
    out = sys.stdout
    name, which, *dialects = sys.argv[1:]
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "span_only"
    socket.getaddrinfo = partial(_resolve, socket.getaddrinfo)
    with contextlib.redirect_stdout(sys.stderr), Simulator() as simulator:
        simulator.verbatim["moving"] = _REPLY.reply(Chat(), stream=False)
        telemetry = Telemetry()
        if which != "this":
            INSTRUMENTORS[name].enable(telemetry)
        if which != "other":
            telemetry.instrument(dialects=dialects)
        base_url = f"http://{HOST}:{urlsplit(simulator.url).port}/moving/api/v1"
        with openai.OpenAI(base_url=base_url, api_key="sk-or-x", max_retries=0) as client:
            client.chat.completions.create(**REQUEST)
        spans = [dict(span.attributes or {}) for span in telemetry.raw_spans]
        print(json.dumps({"spans": spans, "metrics": _metrics(telemetry)}), file=out, flush=True)


if __name__ == "__main__":
    main()
