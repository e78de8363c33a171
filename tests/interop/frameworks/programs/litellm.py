"""LiteLLM: its functions and its `Router`, with the prefixes `openrouter/`, `openai/` and `anthropic/`.

https://docs.litellm.ai/docs/providers/openrouter, https://docs.litellm.ai/docs/routing and, for its own spans,
https://docs.litellm.ai/docs/observability/opentelemetry_integration
"""

import asyncio
import inspect
import os
import time
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # downloads no prices

import litellm
from litellm.integrations.custom_logger import CustomLogger
from programs.documented import mode as documented
from pydantic import BaseModel

QUESTION = "How is the weather in Paris?"
MESSAGES = [{"role": "user", "content": QUESTION}]
MODEL = "openai/gpt-4o-mini"
REFUSED = "google/gemini-flash"
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Return the weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}

litellm.suppress_debug_info = True


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


Options = dict[str, Any]


def _dump(reply: Any) -> Any:
    """Return a reply without its time and its id, which LiteLLM may create."""
    return {key: value for key, value in reply.model_dump().items() if key not in {"created", "created_at", "id"}}


def _dumps(chunks: Iterable[Any]) -> Any:
    return [_dump(chunk) for chunk in chunks]


async def _async_dumps(chunks: Any) -> Any:
    return [_dump(chunk) async for chunk in chunks]


def plain(options: Options) -> Any:
    """One plain call."""
    return _dump(litellm.completion(messages=MESSAGES, **options))


def streaming(options: Options) -> Any:
    """One stream."""
    return _dumps(litellm.completion(messages=MESSAGES, stream=True, **options))


def streaming_with_usage(options: Options) -> Any:
    """One stream, with its usage requested."""
    return _dumps(litellm.completion(messages=MESSAGES, stream=True, stream_options={"include_usage": True}, **options))


def tools(options: Options) -> Any:
    """The model calls a tool, and then replies with text."""
    call = litellm.completion(messages=MESSAGES, tools=[TOOL], **options).choices[0].message
    result = {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "sunny, 21 degrees"}
    return _dump(litellm.completion(messages=[*MESSAGES, call.model_dump(), result], tools=[TOOL], **options))


def tools_streaming(options: Options) -> Any:
    """The model calls a tool, streamed; LiteLLM assembles the stream."""
    chunks = list(litellm.completion(messages=MESSAGES, tools=[TOOL], stream=True, **options))
    return _dump(litellm.stream_chunk_builder(chunks, messages=MESSAGES))


def structured(options: Options) -> Any:
    """Structured output by a class."""
    return _dump(litellm.completion(messages=MESSAGES, response_format=Weather, **options))


def structured_streaming(options: Options) -> Any:
    """Structured output by a class, streamed."""
    return _dumps(litellm.completion(messages=MESSAGES, response_format=Weather, stream=True, **options))


async def async_plain(options: Options) -> Any:
    """Three concurrent calls."""
    replies = await asyncio.gather(*(litellm.acompletion(messages=MESSAGES, **options) for _ in range(3)))
    return [reply.choices[0].message.content for reply in replies]


async def async_streaming(options: Options) -> Any:
    """One stream."""
    return await _async_dumps(await litellm.acompletion(messages=MESSAGES, stream=True, **options))


def text(options: Options) -> Any:
    """The older text completions."""
    return _dump(litellm.text_completion(prompt=QUESTION, **options))


def text_streaming(options: Options) -> Any:
    """The same, streamed."""
    return _dumps(litellm.text_completion(prompt=QUESTION, stream=True, **options))


async def async_text(options: Options) -> Any:
    """The same, async."""
    return _dump(await litellm.atext_completion(prompt=QUESTION, **options))


def embedding(options: Options) -> Any:
    """The embeddings of two texts."""
    return _dump(litellm.embedding(input=["sunny", "rainy"], **options))


async def async_embedding(options: Options) -> Any:
    """The same, async."""
    return _dump(await litellm.aembedding(input=["sunny", "rainy"], **options))


def responses(options: Options) -> Any:
    """Responses API: one plain call."""
    return _output(litellm.responses(input=QUESTION, **options))


def responses_streaming(options: Options) -> Any:
    """Responses API: one stream; LiteLLM cuts a plain response into pieces for models that it does not know."""
    return _deltas(litellm.responses(input=QUESTION, stream=True, **options))


async def async_responses(options: Options) -> Any:
    """Responses API: one plain call, async."""
    return _output(await litellm.aresponses(input=QUESTION, **options))


async def async_responses_streaming(options: Options) -> Any:
    """Responses API: one stream, async."""
    return _deltas([event async for event in await litellm.aresponses(input=QUESTION, stream=True, **options)])


def _deltas(events: Iterable[Any]) -> str:
    return "".join(getattr(event, "delta", "") for event in events)


def _output(reply: Any) -> Any:
    """Return the output of a response without its id, which LiteLLM encodes with one of its own."""
    return [_dump(item) for item in reply.output], reply.usage.model_dump()


async def async_messages(options: Options) -> Any:
    """LiteLLM's Anthropic interface; a stream of it needs the packages of LiteLLM's proxy."""
    return await litellm.anthropic_messages(messages=MESSAGES, max_tokens=100, **options)


def _router(options: Options) -> litellm.Router:
    """Create a router whose first deployment is refused."""
    refused = {**options, "model": f"openrouter/{REFUSED}", "max_retries": 0}
    return litellm.Router(
        model_list=[
            {"model_name": "first", "litellm_params": refused},
            {"model_name": "second", "litellm_params": options},
        ],
        fallbacks=[{"first": ["second"]}],
        num_retries=0,
    )


def router(options: Options) -> Any:
    """The first deployment is refused, the fallback answers."""
    return _dump(_router(options).completion("first", MESSAGES))


def router_streaming(options: Options) -> Any:
    """The same, streamed."""
    return _dumps(_router(options).completion("first", MESSAGES, stream=True))


async def async_router(options: Options) -> Any:
    """The same, async."""
    return _dump(await _router(options).acompletion("first", MESSAGES))


async def async_router_streaming(options: Options) -> Any:
    """The same, async and streamed."""
    return await _async_dumps(await _router(options).acompletion("first", MESSAGES, stream=True))


def trace_itself() -> None:
    """Enable LiteLLM's callback; without the variable it may describe a call on the program's span."""
    os.environ["USE_OTEL_LITELLM_REQUEST_SPAN"] = "true"
    litellm.callbacks = ["otel", _LAST]


SEPARATE_SPANS = (
    "litellm",
    "LiteLLM creates its spans after the calls, in its own thread or task, so there is no span to enrich during a call",
)


def _run(mode: Callable[[Options], Any], prefix: str, base_url: str) -> Any:
    options = {"model": prefix + MODEL, "api_key": "sk-or-x", "api_base": base_url}
    if prefix == "anthropic/":
        options["api_base"] = base_url.removesuffix("/v1")  # LiteLLM appends `/v1/messages`
    return asyncio.run(_with_callbacks(mode(options))) if inspect.iscoroutinefunction(mode) else mode(options)


async def _with_callbacks(work: Coroutine[Any, Any, Any]) -> Any:
    """Run the coroutine, and LiteLLM's callbacks in the same event loop."""
    _LAST.was_called = not litellm.callbacks
    result = await work
    end = time.monotonic() + 5
    while not _LAST.was_called and time.monotonic() < end:  # noqa: ASYNC110 - an event belongs to one loop
        await asyncio.sleep(0.01)
    return result


class _LastCallback(CustomLogger):
    """Is called after LiteLLM's own callback."""

    was_called = False

    async def async_log_success_event(self, **_: Any) -> None:
        self.was_called = True


_LAST = _LastCallback()


_CHAT: dict[str, Callable[[Options], Any]] = {
    "plain": plain,
    "streaming": streaming,
    "streaming with usage": streaming_with_usage,
    "async plain": async_plain,
    "async streaming": async_streaming,
}
_OPENAI_API: dict[str, Callable[[Options], Any]] = {
    **_CHAT,
    "tools": tools,
    "tools, streaming": tools_streaming,
    "structured": structured,
    "structured, streaming": structured_streaming,
    "text completion": text,
    "text completion, streaming": text_streaming,
    "text completion, async": async_text,
    "embedding": embedding,
    "async embedding": async_embedding,
    "Responses API": responses,
    "Responses API, streaming": responses_streaming,
    "Responses API, async": async_responses,
    "Responses API, async streaming": async_responses_streaming,
}
MODES: dict[str, Callable[[str], Any]] = {
    f"`{prefix}`, {name}": partial(_run, mode, prefix)
    for prefix, modes in {
        "openrouter/": {
            **_OPENAI_API,
            "router with a fallback": router,
            "router with a fallback, streaming": router_streaming,
            "router with a fallback, async": async_router,
            "router with a fallback, async streaming": async_router_streaming,
        },
        "openai/": _OPENAI_API,
        "anthropic/": {**_CHAT, "async messages": async_messages},
    }.items()
    for name, mode in modes.items()
} | {"the program of [Clients](clients.md#litellm)": documented("LiteLLM")}
