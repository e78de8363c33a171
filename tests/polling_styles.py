"""Every way of polling a job: functions that send GET and return the job as the caller reads it.

A style takes a base URL, the path of the submission, and the id of the job. Styles that the installed SDKs do not have
are left out.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import aiohttp
import httpx
import lm15.transports
import openai
import requests

from tests.calling_styles import OPTIONS
from tests.http_calling_styles import HEADERS, HTTPX

PollingStyle = Callable[[str, str, str], Any]

_OPENROUTER_METHODS: Final[Mapping[str, tuple[str, str, str]]] = {
    "/videos": ("video_generation", "get_generation", "job_id"),
    "/batches": ("batch", "get_batches", "id"),
}


def _resource(client: Any, kind: str) -> Any:
    return client.videos if kind == "/videos" else client.batches


def _openai_get(cast_to: Any, base_url: str, kind: str, job: str) -> Any:
    with openai.OpenAI(base_url=base_url, **OPTIONS) as client:
        result = client.get(f"{kind}/{job}", cast_to=cast_to)
        return result.json() if hasattr(result, "json") else result


def _openai_get_absolute(base_url: str, kind: str, job: str) -> Any:
    with openai.OpenAI(base_url=base_url, **OPTIONS) as client:
        return client.get(f"{base_url}{kind}/{job}?index=0", cast_to=object)


def _openai_retrieve(base_url: str, kind: str, job: str) -> Any:
    with openai.OpenAI(base_url=base_url, **OPTIONS) as client:
        return _resource(client, kind).retrieve(job).to_dict(mode="json", warnings=False)


def _openai_raw(base_url: str, kind: str, job: str) -> Any:
    with openai.OpenAI(base_url=base_url, **OPTIONS) as client:
        return json.loads(_resource(client, kind).with_raw_response.retrieve(job).text)


def _openai_streaming_response(base_url: str, kind: str, job: str) -> Any:
    with (
        openai.OpenAI(base_url=base_url, **OPTIONS) as client,
        _resource(client, kind).with_streaming_response.retrieve(job) as response,
    ):
        return response.json()


def _openai_async(base_url: str, kind: str, job: str) -> Any:
    async def main() -> Any:
        async with openai.AsyncOpenAI(base_url=base_url, **OPTIONS) as client:
            return await client.get(f"{kind}/{job}", cast_to=object)

    return asyncio.run(main())


def _openrouter(base_url: str, kind: str, job: str, *, is_async: bool = False) -> Any:
    resource, method, argument = _OPENROUTER_METHODS[kind]
    options: dict[str, Any] = {"api_key": "sk-or-canary", "server_url": base_url, "retry_config": None}

    async def main() -> Any:
        async with import_module("openrouter").OpenRouter(**options) as sdk:
            result = await getattr(getattr(sdk, resource), f"{method}_async")(**{argument: job})
            return result.model_dump(mode="json")

    if is_async:
        return asyncio.run(main())
    with import_module("openrouter").OpenRouter(**options) as sdk:
        return getattr(getattr(sdk, resource), method)(**{argument: job}).model_dump(mode="json")


def _httpx_get(library: str, base_url: str, kind: str, job: str) -> Any:
    return import_module(library).get(f"{base_url}{kind}/{job}", headers=HEADERS).json()


def _httpx_stream(library: str, base_url: str, kind: str, job: str) -> Any:
    with import_module(library).stream("GET", f"{base_url}{kind}/{job}?x=1", headers=HEADERS) as response:
        return json.loads(b"".join(response.iter_bytes()))


def _httpx_async(library: str, base_url: str, kind: str, job: str) -> Any:
    async def main() -> Any:
        async with import_module(library).AsyncClient(headers=HEADERS) as client:
            return (await client.get(f"{base_url}{kind}/{job}")).json()

    return asyncio.run(main())


def _requests_get(base_url: str, kind: str, job: str, *, stream: bool = False) -> Any:
    with requests.get(f"{base_url}{kind}/{job}", headers=HEADERS, stream=stream) as response:  # noqa: S113 - on loopback
        return response.json()


def _aiohttp_get(base_url: str, kind: str, job: str) -> Any:
    async def main() -> Any:
        async with (
            aiohttp.ClientSession(headers=HEADERS) as session,
            session.request("get", f"{base_url}{kind}/{job}") as response,
        ):
            return await response.json()

    return asyncio.run(main())


def _lm15_get(base_url: str, kind: str, job: str) -> Any:
    request = lm15.transports.TransportRequest("GET", f"{base_url}{kind}/{job}", [*HEADERS.items()])
    with lm15.transports.StdlibTransport() as transport, transport.stream(request) as response:
        return json.loads(response.read())


def _has_jobs() -> bool:
    """Whether the installed `openrouter` has batches: 0.9.2 does not."""
    return find_spec("openrouter") is not None and find_spec("openrouter.batch") is not None


_RETRIEVING: Final[Mapping[str, PollingStyle]] = {
    "openai retrieve": _openai_retrieve,
    "openai raw": _openai_raw,
    "openai streaming response": _openai_streaming_response,
}
POLLING: Final[Mapping[str, PollingStyle]] = {
    "openai get": partial(_openai_get, object),
    "openai get response": partial(_openai_get, httpx.Response),
    "openai get absolute": _openai_get_absolute,
    **(_RETRIEVING if hasattr(openai.OpenAI, "videos") else {}),
    "openai async": _openai_async,
    **({"openrouter": _openrouter, "openrouter async": partial(_openrouter, is_async=True)} if _has_jobs() else {}),
    **{f"{each} get": partial(_httpx_get, each) for each in HTTPX},
    **{f"{each} stream": partial(_httpx_stream, each) for each in HTTPX},
    **{f"{each} async": partial(_httpx_async, each) for each in HTTPX},
    "requests get": _requests_get,
    "requests stream": partial(_requests_get, stream=True),
    "aiohttp get": _aiohttp_get,
    "lm15 get": _lm15_get,
}


def outcome(style: PollingStyle, base_url: str, kind: str, job: str) -> Any:
    """Return the caller's result, or the exception's type and message."""
    try:
        return style(base_url, kind, job)
    except Exception as error:  # noqa: BLE001 - any exception is an outcome
        return type(error), str(error)
