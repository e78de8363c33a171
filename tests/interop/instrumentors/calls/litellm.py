"""Calls with LiteLLM: its functions that reach OpenRouter, sync and async."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any, Final

from tests.telemetry import Telemetry

from . import EMBEDDING, SCENARIO, Call

_MODEL: Final = "openrouter/openai/gpt-4o-mini"
_REQUESTS: Final[Mapping[str, dict[str, Any]]] = {
    "completion": {"model": _MODEL, "messages": [{"role": "user", "content": "Say hello."}]},
    "responses": {"model": _MODEL, "input": "Say hello."},
    "embedding": {"model": _MODEL, "input": ["hello"]},
}
_OPTIONS: Final[dict[str, Any]] = {"api_key": "sk-or-canary", "num_retries": 0}


def calls(_: Telemetry) -> Iterator[Call]:
    """Yield every calling style of each function."""
    for endpoint in _REQUESTS:
        expected: dict[str, Any] = EMBEDDING if endpoint == "embedding" else {}
        yield Call(endpoint, "plain", endpoint, partial(_run, _plain, endpoint), **expected)
        yield Call(endpoint, "async plain", endpoint, partial(_run, _async_plain, endpoint), **expected)
        if endpoint != "embedding":
            group = f"{endpoint}: streams"
            yield Call(endpoint, "stream", group, partial(_run, _stream, endpoint))
            yield Call(endpoint, "async stream", group, partial(_run, _async_stream, endpoint))


Ask = Callable[..., Any]


def _plain(ask: Ask) -> Any:
    return _data(ask())


def _stream(ask: Ask) -> Any:
    return [_data(chunk) for chunk in ask(stream=True)]


async def _async_plain(ask: Ask) -> Any:
    return _data(await ask())


async def _async_stream(ask: Ask) -> Any:
    return [_data(chunk) async for chunk in await ask(stream=True)]


def _run(style: Callable[[Ask], Any | Awaitable[Any]], endpoint: str, simulator: str) -> Any:
    is_async = inspect.iscoroutinefunction(style)
    # LiteLLM is imported by its name, because instrumentors replace its functions.
    function = getattr(import_module("litellm"), f"a{endpoint}" if is_async else endpoint)
    ask = partial(function, **_REQUESTS[endpoint], api_base=f"{simulator}/{SCENARIO}/api/v1", **_OPTIONS)
    return asyncio.run(style(ask)) if is_async else style(ask)


def _data(result: Any) -> Any:
    """Return the result as plain data, without what LiteLLM makes itself: ids and times."""
    data: dict[str, Any] = result.model_dump(mode="json")
    return {name: value for name, value in data.items() if name not in {"id", "created", "created_at"}}
