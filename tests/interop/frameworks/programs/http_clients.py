"""Programs without an SDK: OpenRouter's quickstart with requests, httpx, httpx-sse and aiohttp.

https://openrouter.ai/docs/quickstart, https://openrouter.ai/docs/api/reference/streaming and
https://github.com/florimondmanca/httpx-sse
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

import aiohttp
import httpx
import requests
from httpx_sse import aconnect_sse, connect_sse

HEADERS = {"Authorization": "Bearer sk-or-x", "HTTP-Referer": "https://weather.example", "X-Title": "Weather"}
QUESTION: Any = [{"role": "user", "content": "How is the weather in Paris?"}]
REQUEST: Any = {"model": "openai/gpt-4o-mini", "messages": QUESTION}
STREAM: Any = {**REQUEST, "stream": True}
PARAMETERS: Any = {"type": "object", "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}}}
TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}
SCHEMA: Any = {"type": "json_schema", "json_schema": {"name": "weather", "strict": True, "schema": PARAMETERS}}


def _url(base_url: str) -> str:
    return f"{base_url}/chat/completions"


def _text(reply: Any) -> Any:
    return reply["choices"][0]["message"]["content"]


def _pieces(lines: Iterable[str]) -> list[Any]:
    """Return the texts of the chunks among the lines of a stream."""
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    chunks = [json.loads(each) for each in data if each != "[DONE]"]
    return [choice["delta"].get("content") for chunk in chunks for choice in chunk["choices"]]


def requests_plain(base_url: str) -> Any:
    """The quickstart."""
    response = requests.post(url=_url(base_url), headers=HEADERS, data=json.dumps(REQUEST))
    return _text(response.json())


def requests_tools(base_url: str) -> Any:
    """The model calls a tool and receives its result."""
    messages = [*QUESTION]

    def ask() -> Any:
        body = {**REQUEST, "messages": messages, "tools": [TOOL]}
        return requests.post(_url(base_url), headers=HEADERS, json=body).json()["choices"][0]["message"]

    messages.append(ask())
    messages += [
        {"role": "tool", "tool_call_id": call["id"], "content": "sunny, 21 degrees"}
        for call in messages[-1]["tool_calls"]
    ]
    return ask()["content"]


def requests_structured(base_url: str) -> Any:
    """Structured output by a JSON schema."""
    body = {**REQUEST, "response_format": SCHEMA}
    return json.loads(_text(requests.post(_url(base_url), headers=HEADERS, json=body).json()))


def requests_content(base_url: str) -> Any:
    """The streaming example: a buffer of `iter_content`, left at `[DONE]`."""
    buffer, lines = "", list[str]()
    with requests.post(_url(base_url), headers=HEADERS, json=STREAM, stream=True) as response:
        for chunk in response.iter_content(chunk_size=1024, decode_unicode=False):
            buffer += chunk.decode()
            while "\n" in buffer:
                line, buffer = buffer.split("\n", 1)
                lines.append(line.strip())
            if "data: [DONE]" in lines:
                break
    return _pieces(lines)


def requests_lines(base_url: str) -> Any:
    """The lines of a stream."""
    response = requests.post(_url(base_url), headers=HEADERS, json=STREAM, stream=True)
    return _pieces(line.decode() for line in response.iter_lines())


def httpx_plain(base_url: str) -> Any:
    """One plain call."""
    return _text(httpx.post(_url(base_url), headers=HEADERS, json=REQUEST).json())


def httpx_lines(base_url: str) -> Any:
    """The lines of a stream."""
    with httpx.stream("POST", _url(base_url), headers=HEADERS, json=STREAM) as response:
        return _pieces(response.iter_lines())


def httpx_sse(base_url: str) -> Any:
    """The events of a stream."""
    with (
        httpx.Client(headers=HEADERS) as client,
        connect_sse(client, "POST", _url(base_url), json=STREAM) as source,
    ):
        return _pieces(f"data: {event.data}" for event in source.iter_sse())


def httpx_message(base_url: str) -> Any:
    """The events of a stream of the Anthropic Messages API."""
    body = {**STREAM, "max_tokens": 100}
    with (
        httpx.Client(headers=HEADERS) as client,
        connect_sse(client, "POST", f"{base_url}/messages", json=body) as source,
    ):
        return [event.event for event in source.iter_sse()]


def httpx_response(base_url: str) -> Any:
    """One plain call of the Responses API."""
    body = {"model": "openai/gpt-4o-mini", "input": "How is the weather in Paris?"}
    return httpx.post(f"{base_url}/responses", headers=HEADERS, json=body).json()["output"][0]["content"]


def async_httpx_plain(base_url: str) -> Any:
    """Three concurrent calls."""

    async def texts() -> list[Any]:
        async with httpx.AsyncClient(headers=HEADERS) as client:
            responses = await asyncio.gather(*(client.post(_url(base_url), json=REQUEST) for _ in range(3)))
        return [_text(response.json()) for response in responses]

    return asyncio.run(texts())


def async_httpx_lines(base_url: str) -> Any:
    """The lines of a stream."""

    async def pieces() -> list[Any]:
        async with (
            httpx.AsyncClient(headers=HEADERS) as client,
            client.stream("POST", _url(base_url), json=STREAM) as response,
        ):
            return _pieces([line async for line in response.aiter_lines()])

    return asyncio.run(pieces())


def async_httpx_sse(base_url: str) -> Any:
    """The events of a stream."""

    async def pieces() -> list[Any]:
        async with (
            httpx.AsyncClient(headers=HEADERS) as client,
            aconnect_sse(client, "POST", _url(base_url), json=STREAM) as source,
        ):
            return _pieces([f"data: {event.data}" async for event in source.aiter_sse()])

    return asyncio.run(pieces())


def aiohttp_plain(base_url: str) -> Any:
    """Three concurrent calls."""

    async def texts() -> list[Any]:
        async with aiohttp.ClientSession(headers=HEADERS) as session:

            async def ask() -> Any:
                async with session.post(_url(base_url), json=REQUEST) as response:
                    return _text(await response.json())

            return await asyncio.gather(ask(), ask(), ask())

    return asyncio.run(texts())


def aiohttp_lines(base_url: str) -> Any:
    """The lines of a stream."""

    async def pieces() -> list[Any]:
        async with (
            aiohttp.ClientSession(headers=HEADERS) as session,
            session.post(_url(base_url), json=STREAM) as response,
        ):
            return _pieces([line.decode().strip() async for line in response.content])

    return asyncio.run(pieces())


MODES: dict[str, Callable[[str], Any]] = {
    "requests": requests_plain,
    "requests, tools": requests_tools,
    "requests, structured": requests_structured,
    "requests, `iter_content`": requests_content,
    "requests, `iter_lines`": requests_lines,
    "httpx": httpx_plain,
    "httpx, `iter_lines`": httpx_lines,
    "httpx-sse": httpx_sse,
    "httpx-sse, Anthropic Messages API": httpx_message,
    "httpx, Responses API": httpx_response,
    "async httpx": async_httpx_plain,
    "async httpx, `aiter_lines`": async_httpx_lines,
    "async httpx-sse": async_httpx_sse,
    "aiohttp": aiohttp_plain,
    "aiohttp, lines": aiohttp_lines,
}
