"""The clients that callers make: of the SDK's classes or their own, with HTTP clients of their own, or the module's.

Each is made by a function of a stage; what the caller's own code sees in its overrides is noted, to be compared too.
"""

import copy
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Final

import openai

from .describe import attempt, describe, kind
from .methods import HTTP
from .sync_async import held

KEY: Final = "sk-or-canary"
httpx: Final[Any] = import_module(HTTP)
AIO: Final[Any] = getattr(openai, "DefaultAioHttpClient", None)


@dataclass(frozen=True)
class Stage:
    """What a client is made for."""

    url: str
    asynchronous: bool
    note: Callable[..., None]

    @property
    def kind(self) -> Any:
        """The SDK's class."""
        return openai.AsyncOpenAI if self.asynchronous else openai.OpenAI

    @property
    def http(self) -> Any:
        """The HTTP library's class."""
        return httpx.AsyncClient if self.asynchronous else httpx.Client

    def make(self, kind: Any = None, **options: Any) -> Any:
        """A client of a class, or of the SDK's own."""
        given: dict[str, Any] = {"base_url": self.url, "api_key": KEY, "max_retries": 0, **options}
        return (kind or self.kind)(**given)


Make = Callable[[Stage], Any]


def plain(**options: Any) -> Make:
    """One with these options; what is callable is made anew for each."""

    def make(stage: Stage) -> Any:
        return stage.make(**{name: value() if callable(value) else value for name, value in options.items()})

    return make


def derived(**options: Any) -> Make:
    """A copy by `with_options`, of a copy by `copy`."""

    def make(stage: Stage) -> Any:
        return stage.make(timeout=30).copy(max_retries=0).with_options(**options)

    return make


def retargeted(stage: Stage) -> Any:
    """One whose base URL is set when it is there already."""
    client = stage.make(base_url="http://127.0.0.1:9/api/v1")
    client.base_url = stage.url
    return client


def hooked(stage: Stage) -> Any:
    """An HTTP client with event hooks that see each request and each response."""

    def see(thing: Any) -> None:
        stage.note(f"hook sees {type(thing).__name__}", thing)

    async def see_async(thing: Any) -> None:
        see(thing)

    hook = see_async if stage.asynchronous else see
    return stage.make(http_client=stage.http(event_hooks={"request": [hook], "response": [hook]}))


def raising(error: Callable[[], BaseException]) -> Make:
    """An HTTP client whose hook raises."""

    def make(stage: Stage) -> Any:
        def fail(_: Any) -> None:
            raise error()

        async def fail_async(_: Any) -> None:
            raise error()

        return stage.make(http_client=stage.http(event_hooks={"request": [fail_async if stage.asynchronous else fail]}))

    return make


def transported(stage: Stage) -> Any:
    """An HTTP client with a transport of the caller's and a single connection."""
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)

    class Transport(httpx.HTTPTransport):  # type: ignore[misc] - one of two libraries
        def handle_request(self, request: Any) -> Any:
            stage.note("transport sees", request)
            return super().handle_request(request)

    class AsyncTransport(httpx.AsyncHTTPTransport):  # type: ignore[misc] - the same
        async def handle_async_request(self, request: Any) -> Any:
            stage.note("transport sees", request)
            return await super().handle_async_request(request)

    transport = (AsyncTransport if stage.asynchronous else Transport)(limits=limits)
    return stage.make(http_client=stage.http(transport=transport, headers={"X-Theirs": "1"}, timeout=9))


def subclassed_http(stage: Stage) -> Any:
    """An HTTP client of a class of the caller's, which overrides `send` and gives a response of a class of its own."""

    def dress(response: Any, kwargs: dict[str, Any]) -> Any:
        stage.note("send", {name: kind(value) for name, value in kwargs.items()})
        response.theirs = "kept"
        return response

    class Client(httpx.Client):  # type: ignore[misc] - one of two libraries
        def send(self, *args: Any, **kwargs: Any) -> Any:
            return dress(super().send(*args, **kwargs), kwargs)

    class AsyncClient(httpx.AsyncClient):  # type: ignore[misc] - the same
        async def send(self, *args: Any, **kwargs: Any) -> Any:
            return dress(await super().send(*args, **kwargs), kwargs)

    return stage.make(http_client=AsyncClient() if stage.asynchronous else Client())


def default_http(stage: Stage) -> Any:
    """The SDK's own name for its HTTP client."""
    named: Any = openai.DefaultAsyncHttpxClient if stage.asynchronous else openai.DefaultHttpxClient
    return stage.make(http_client=named())


def aiohttp(stage: Stage) -> Any:
    """The SDK's client over aiohttp."""
    return stage.make(http_client=AIO())


def with_request(stage: Stage) -> Any:
    """A subclass that overrides `request`."""

    def see(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        stage.note("request asks", [describe(arg) for arg in args], sorted(kwargs))

    class Client(openai.OpenAI):
        def request(self, *args: Any, **kwargs: Any) -> Any:
            see(args, kwargs)
            answer: Any = super().request(*args, **kwargs)
            stage.note("request gives", kind(answer))
            return answer

    class AsyncClient(openai.AsyncOpenAI):
        async def request(self, *args: Any, **kwargs: Any) -> Any:
            see(args, kwargs)
            answer: Any = await super().request(*args, **kwargs)
            stage.note("request gives", kind(answer))
            return answer

    return stage.make(AsyncClient if stage.asynchronous else Client)


def with_prepared_options(stage: Stage) -> Any:
    """A subclass that overrides `_prepare_options`: it looks at the options, copies them, and changes them."""

    def look(options: Any) -> Any:
        stage.note("options", options)
        stage.note("options, copied", attempt(lambda: copy.copy(options)))
        stage.note("options, copied whole", attempt(lambda: copy.deepcopy(options)))
        stage.note("options, pickled", attempt(lambda: pickle.loads(pickle.dumps(options))))
        stage.note("options, a model's copy", attempt(lambda: options.model_copy(deep=True)))
        stage.note("options, as they were set", attempt(lambda: options.model_dump(exclude_unset=True)))
        stage.note("options, as JSON", attempt(lambda: options.model_dump_json(exclude_unset=True)))
        options.headers = {**(options.headers or {}), "X-Prepared": "1"}
        return options

    class Client(openai.OpenAI):
        def _prepare_options(self, options: Any) -> Any:
            # It gave nothing back in older releases.
            return look(super()._prepare_options(options) or options)

    class AsyncClient(openai.AsyncOpenAI):
        async def _prepare_options(self, options: Any) -> Any:
            return look(await super()._prepare_options(options) or options)

    return stage.make(AsyncClient if stage.asynchronous else Client)


def with_copied_options(stage: Stage) -> Any:
    """A subclass that overrides `_prepare_options` and sends a deep copy of the options."""

    class Client(openai.OpenAI):
        def _prepare_options(self, options: Any) -> Any:
            return copy.deepcopy(super()._prepare_options(options) or options)

    class AsyncClient(openai.AsyncOpenAI):
        async def _prepare_options(self, options: Any) -> Any:
            return copy.deepcopy(await super()._prepare_options(options) or options)

    return stage.make(AsyncClient if stage.asynchronous else Client)


def with_prepared_request(stage: Stage) -> Any:
    """A subclass that overrides `_prepare_request`."""

    def look(request: Any) -> None:
        stage.note("request", request)
        request.headers["X-Prepared"] = "1"

    class Client(openai.OpenAI):
        def _prepare_request(self, request: Any) -> None:
            look(request)

    class AsyncClient(openai.AsyncOpenAI):
        async def _prepare_request(self, request: Any) -> None:
            look(request)

    return stage.make(AsyncClient if stage.asynchronous else Client)


def with_processed_response(stage: Stage) -> Any:
    """A subclass that overrides `_process_response`, which is given the SDK's options and the HTTP response."""

    def look(kwargs: dict[str, Any]) -> None:
        stage.note("processes", {name: kind(value) for name, value in kwargs.items()})

    class Client(openai.OpenAI):
        def _process_response(self, **kwargs: Any) -> Any:
            look(kwargs)
            return super()._process_response(**kwargs)

    class AsyncClient(openai.AsyncOpenAI):
        async def _process_response(self, **kwargs: Any) -> Any:
            look(kwargs)
            return await super()._process_response(**kwargs)

    return stage.make(AsyncClient if stage.asynchronous else Client)


def with_base_url_property(stage: Stage) -> Any:
    """A subclass whose base URL is a property that makes a new URL each time."""

    def get(_: Any) -> Any:
        return httpx.URL(f"{stage.url}/")

    def put(_: Any, __: Any) -> None:
        """The SDK sets it when the client is made."""

    own = {"base_url": property(get, put)}
    return stage.make(type("Client", (stage.kind,), own))


def with_idempotency(stage: Stage) -> Any:
    """A subclass that has a header for idempotency keys, as the SDK's generator provides for."""

    class Client(stage.kind):  # type: ignore[misc] - one of two classes
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self._idempotency_header = "Idempotency-Key"

    return stage.make(Client, max_retries=1)


def azure_like(stage: Stage) -> Any:
    """A subclass that sends a call elsewhere by what it asks for, as the SDK's Azure client does."""

    class Client(stage.kind):  # type: ignore[misc] - one of two classes
        def _build_request(self, options: Any, **kwargs: Any) -> Any:
            if isinstance(options.json_data, dict) and "model" in options.json_data:
                more = {"api-version": "2026-01-01", "deployment": options.json_data["model"]}
                options.params = {**options.params, **more}
            request: Any = super()._build_request(options, **kwargs)
            request.headers["api-key"] = KEY
            return request

    return stage.make(Client)


def azure(stage: Stage) -> Any:
    """The SDK's Azure client itself, at a base URL that is OpenRouter's."""
    named: Any = openai.AsyncAzureOpenAI if stage.asynchronous else openai.AzureOpenAI
    return stage.make(named, api_version="2026-01-01")


def module(stage: Stage) -> Any:
    """The module itself, as a client."""
    anything: Any = openai
    anything.api_key, anything.base_url, anything.max_retries = KEY, stage.url, 0
    getattr(openai, "_reset_client")()  # noqa: B009 - a private name, to the type checker
    return openai


def closed_before(stage: Stage) -> Any:
    """One that was closed before it is used."""
    client = stage.make()
    client.used = partial(client.close)
    return client


def called_key(stage: Stage) -> Any:
    """One whose key is asked for at each call."""
    asked = 0

    def key() -> str:
        nonlocal asked
        asked += 1
        stage.note("key asked for", asked)
        return f"{KEY}-{asked}"

    async def key_async() -> str:
        return key()

    return stage.make(api_key=key_async if stage.asynchronous else key)


def copied(stage: Stage) -> Any:
    """One that was copied as any object is, where that is possible."""
    client = stage.make()
    stage.note("deep copy", attempt(lambda: type(copy.deepcopy(client)).__name__))
    stage.note("pickle", attempt(lambda: type(pickle.loads(pickle.dumps(client))).__name__))
    return copy.copy(client)


async def used_up(client: Any) -> None:
    """Close it before its use, where it was made for that."""
    if hasattr(client, "used"):
        await held(client.used())
